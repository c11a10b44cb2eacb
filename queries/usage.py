"""How much people use the service."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.costs import day_start
from queries.jobs import any_of
from queries.schema import ServiceSchema


def jobs_today_by_owner(
    connection: Connection, schema: ServiceSchema, timezone: str, job_ids: Sequence[str]
) -> dict[str, int]:
    """For each job: how many jobs its owner made since midnight in timezone, failed ones included.

    No user key leaves the database. Ids of which there is no job are left out. Raises DatabaseError.
    """
    asked, made = schema.jobs.alias("asked"), schema.jobs.alias("made")
    since = schema.stored(made.c.created_at, day_start(schema, timezone))
    owners = sa.select(asked.c.user_key).where(asked.c.id == any_of(job_ids))
    today = (
        sa.select(made.c.user_key, sa.func.count().label("jobs"))
        .where(made.c.user_key.in_(owners), made.c.created_at >= since)
        .group_by(made.c.user_key)
        .subquery("today")
    )
    question = (
        sa.select(asked.c.id, sa.func.coalesce(today.c.jobs, 0).label("jobs"))
        .select_from(asked.outerjoin(today, asked.c.user_key == today.c.user_key))
        .where(asked.c.id == any_of(job_ids))
    )
    return {row.id: row.jobs for row in connection.execute(question)}
