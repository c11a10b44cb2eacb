"""What waits and what runs."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.models import OpenJobs
from queries.schema import OPEN, ServiceSchema


def open_jobs(connection: Connection, schema: ServiceSchema) -> OpenJobs:
    """Open jobs by status; a job that was retried waits since its retry. Raises DatabaseError."""
    status = schema.jobs.c.status
    clock = sa.select(schema.now.label("now")).subquery("clock")
    counted = (
        sa.select(
            sa.func.count().filter(status == "queued").label("queued"),
            sa.func.count().filter(status == "running").label("running"),
            sa.func.min(schema.clock_start()).filter(status == "queued").label("oldest_queued_at"),
        )
        .where(status.in_(OPEN))
        .subquery("counted")
    )
    row = connection.execute(sa.select(counted, clock).select_from(sa.join(counted, clock, sa.true()))).one()
    return OpenJobs(row.queued, row.running, row.oldest_queued_at, row.now)
