"""How users worked in a span of time: what the rule on rotation of user keys asks for beside their numbers."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import aggregate_order_by

from queries.aliases import Aliases
from queries.rotation import Habit
from queries.schema import ServiceSchema
from queries.usage_models import Span
from queries.usage_sources import created_in, kind

# More users near their limit in one day are no rotation but a limit that fits nobody.
HABITS_LIMIT = 2_000


def habits(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    since: datetime,
    until: datetime,
    *,
    least: int,
) -> dict[str, Habit]:
    """By digest: the habits of those who made at least so many jobs in [since, until), HABITS_LIMIT of them.

    Instants are UTC. Raises DatabaseError.
    """
    jobs, created = schema.jobs.c, schema.instant("created_at")
    made = (
        sa.select(jobs.user_key, kind(jobs.id).label("kind"))
        .add_columns(sa.func.count().label("jobs"), sa.func.min(created).label("first"))
        .add_columns(sa.func.max(created).label("last"))
        .where(*created_in(schema, Span(since, until)))
        .group_by(sa.text("1, 2"))
        .subquery("made")
    )
    by_number = sa.func.array_agg(aggregate_order_by(made.c.kind, made.c.jobs.desc(), made.c.kind))
    question = (
        sa.select(
            made.c.user_key,
            sa.func.min(made.c.first).label("first"),
            sa.func.max(made.c.last).label("last"),
            by_number[1].label("kind"),
            sa.func.max(made.c.jobs).label("of_kind"),
        )
        .group_by(made.c.user_key)
        .having(sa.func.sum(made.c.jobs) >= least)
        .order_by(sa.func.sum(made.c.jobs).desc(), made.c.user_key)
        .limit(HABITS_LIMIT)
    )
    return {
        aliases.digest(row.user_key): Habit(row.first, row.last, row.kind, row.of_kind)
        for row in connection.execute(question)
    }
