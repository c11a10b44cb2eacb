"""The jobs that cost most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from queries import book_shares, call_prices
from queries.aliases import Aliases
from queries.cost_estimates import KINDS, estimated
from queries.cost_fates import fated_calls, fated_shares
from queries.cost_models import WASTED, Fate, total
from queries.models import PriceList
from queries.price_history import PriceHistory
from queries.schema import ServiceSchema
from queries.usage_models import Span
from queries.usage_sources import kind, whole, within

# No roll-up tells of single jobs, so all calls of these days are read: of a month of a thousand books a day, some
# half a million, in a second or two.
DAYS_LIMIT = timedelta(days=31)
# More than anybody reads through.
JOBS_LIMIT = 100


@dataclass(frozen=True, slots=True)
class JobCost:
    """What a job cost in the time that was asked for: usd of calls with a price, of which wasted bought nothing.

    kind is what its id begins with; user and status are "" where the job is gone; attempts is None where nobody
    counts them. wasted is None where nobody can tell: an estimate knows nothing of the earlier attempts at a book
    that was not given up.
    """

    job_id: str
    user: str
    kind: str
    status: str
    attempts: int | None
    usd: Decimal
    wasted: Decimal | None
    unpriced: int


def most_expensive(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    prices: PriceHistory,
    *,
    since: datetime,
    until: datetime,
    limit: int,
) -> tuple[JobCost, ...]:
    """The jobs on which most was spent in [since, until), most first; at most limit. Raises DatabaseError.

    From the ledger's calls in that time, the newest DAYS_LIMIT of it; calls of no job are left out. Without a
    ledger, of the jobs created in it, by the price list; none where the list has no price.
    """
    span = Span(max(since, until - DAYS_LIMIT), until)
    if schema.ledger is not None:
        rows = connection.execute(_by_ledger(schema, schema.ledger, span, min(limit, JOBS_LIMIT)))
        return tuple(_job(row, aliases, row.usd, row.wasted, row.unpriced) for row in rows)
    if not book_shares.ever_priced(prices):
        return ()
    rows = connection.execute(_by_price_list(schema, prices, span, min(limit, JOBS_LIMIT)))
    return tuple(_estimated(row, aliases, prices) for row in rows)


def _by_ledger(schema: ServiceSchema, ledger: sa.Table, span: Span, limit: int) -> sa.Select[Any]:
    top = _most(schema, ledger, span, limit).cte("top")
    # By an index of job ids; as a join the ledger's whole span may be read once more.
    ids = sa.func.array(sa.select(top.c.job_id).scalar_subquery(), type_=sa.ARRAY(sa.Text()))
    fated = fated_calls(schema, ledger, span, whole, ledger.c.job_id == sa.any_(ids)).c
    wasted = sa.func.sum(fated.usd).filter(fated.fate.in_([one.value for one in WASTED]))
    each = sa.select(fated.job_id, sa.func.coalesce(wasted, 0).label("wasted")).group_by(fated.job_id).subquery()
    last = sa.select(sa.func.max(ledger.c.attempt)).where(ledger.c.job_id == top.c.job_id).scalar_subquery()
    question = sa.select(top, each.c.wasted, *_named(schema, top.c.job_id, last))
    question = question.join_from(top, each, each.c.job_id == top.c.job_id)
    question = question.outerjoin(schema.jobs, schema.jobs.c.id == top.c.job_id)
    return question.order_by(top.c.usd.desc(), top.c.job_id)


def _most(schema: ServiceSchema, ledger: sa.Table, span: Span, limit: int) -> sa.Select[Any]:
    calls = ledger.c
    usd = call_prices.spent(ledger).label("usd")
    unpriced = call_prices.unpriced(ledger).label("unpriced")
    found = sa.select(calls.job_id, usd, unpriced).where(*within(schema, calls.occurred_at, span))
    found = found.where(calls.job_id.is_not(None)).group_by(calls.job_id)
    return found.order_by(usd.desc(), calls.job_id).limit(limit)


def _by_price_list(schema: ServiceSchema, prices: PriceHistory, span: Span, limit: int) -> sa.Select[Any]:
    created = schema.instant("created_at").label("created")
    unknown = sa.cast(sa.null(), sa.Integer)
    job_id = schema.jobs.c.id
    jobs = fated_shares(schema, span, whole, job_id.label("job_id"), *_named(schema, job_id, unknown), created).c
    usd: ColumnElement[Any] = sa.null()
    for part in reversed(prices.parts(span)):
        until = sa.literal(part.span.until, sa.DateTime(timezone=True))
        usd = sa.case((jobs.created < until, _usd(jobs, part.prices)), else_=usd)
    return sa.select(*jobs).order_by(usd.desc(), jobs.job_id).limit(limit)


def _named(
    schema: ServiceSchema, job_id: ColumnElement[Any], otherwise: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """What a job is listed with; its attempts otherwise where the service does not count retries."""
    jobs = schema.jobs.c
    counted = jobs.retry_count + 1 if schema.has("retry_count") else sa.null()
    attempts = sa.func.coalesce(counted, otherwise).label("attempts")
    return [jobs.user_key, jobs.status, kind(job_id).label("kind"), attempts]


def _usd(jobs: Any, prices: PriceList) -> ColumnElement[Any]:
    """As estimated() has it."""
    llm, images, speech = (jobs[name] * estimated(prices, one, Decimal(1)).usd for name, one in KINDS.items())
    usd: ColumnElement[Any] = llm + images + speech
    return usd


def _estimated(row: Any, aliases: Aliases, prices: PriceHistory) -> JobCost:
    then = prices.at(row.created)
    cost = total(estimated(then, one, Decimal(row._mapping[name])) for name, one in KINDS.items())
    return _job(row, aliases, cost.usd, cost.usd if Fate(row.fate).wasted else None, cost.unpriced)


def _job(row: Any, aliases: Aliases, usd: Decimal, wasted: Decimal | None, unpriced: int) -> JobCost:
    user = "" if row.user_key is None else aliases.alias(row.user_key)
    return JobCost(row.job_id, user, row.kind, row.status or "", row.attempts, usd, wasted, unpriced)
