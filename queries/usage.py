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
    jobs, made = schema.jobs.c, schema.jobs.alias("made")
    since = schema.stored(made.c.created_at, day_start(schema, timezone))
    # Read once: joined as a table, PostgreSQL may look for it among all jobs of each user.
    asked = sa.select(jobs.id, jobs.user_key).where(jobs.id == any_of(job_ids)).cte("asked")
    today = (
        sa.select(made.c.user_key, sa.func.count().label("jobs"))
        .where(made.c.user_key.in_(sa.select(asked.c.user_key)), made.c.created_at >= since)
        .group_by(made.c.user_key)
        .subquery("today")
    )
    question = sa.select(asked.c.id, sa.func.coalesce(today.c.jobs, 0).label("jobs")).select_from(
        asked.outerjoin(today, asked.c.user_key == today.c.user_key)
    )
    return {row.id: row.jobs for row in connection.execute(question)}
