"""What a usual book costs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from statistics import median

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import costs, usage_sources
from queries.price_history import PriceHistory
from queries.schema import ServiceSchema
from queries.usage_models import Span

# Enough for a median.
BOOKS = 1_000
# The middle of fewer books tells nothing of what is usual.
LEAST_BOOKS = 5


def median_usd(
    connection: Connection, schema: ServiceSchema, prices: PriceHistory, *, since: datetime, until: datetime
) -> Decimal | None:
    """USD, over all attempts: the median of the newest BOOKS that were created in [since, until) and are done.

    None where there are fewer than LEAST_BOOKS, or nothing tells. Raises DatabaseError.
    """
    jobs = schema.jobs.c
    created = usage_sources.within(schema, jobs.created_at, Span(since, until))
    newest = sa.select(jobs.id).where(jobs.status == "done", *created).order_by(jobs.created_at.desc())
    ids = connection.execute(newest.limit(BOOKS)).scalars().all()
    spent = costs.spent_by_job(connection, schema, prices, ids)
    usd = [one.usd for one in spent.values() if one.usd is not None]
    return median(usd) if len(usd) >= LEAST_BOOKS else None
