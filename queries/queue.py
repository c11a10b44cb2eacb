"""What waits and what runs, what came and went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries.aliases import Aliases
from queries.jobs import BUCKET_LIMIT, LOOKBACK, binned, columns, created_since, ended_since, job, without_gaps
from queries.models import Job, OpenJobs
from queries.queue_models import Flow, FlowBucket, Flows
from queries.schema import FINISHED, OPEN, ServiceSchema

SHORT, LONG = timedelta(minutes=15), timedelta(hours=1)
# More than any service runs at once, and as many rows as a person scrolls through.
RUNNING_LIMIT = 200
# An estimate over these is one over all that a full queue usually holds.
OPEN_LIMIT = 2_000

_WINDOWS = {"short": SHORT, "long": LONG}


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


def flows(connection: Connection, schema: ServiceSchema) -> Flows:
    """What came and went in the last quarter of an hour and in the last hour. Raises DatabaseError.

    A retried job arrives anew, once: its earlier end is no longer in its row.
    """
    since = schema.now - LONG
    counts = {f"{name}_{kind}": count for name, width in _WINDOWS.items() for kind, count in _moved(schema, width)}
    columns = [count.label(name) for name, count in counts.items()]
    row = connection.execute(sa.select(*columns).where(*created_since(schema, since - LOOKBACK))).one()._mapping
    short, long = (
        Flow(width, row[f"{name}_new"], row[f"{name}_arrived"], row[f"{name}_finished"])
        for name, width in _WINDOWS.items()
    )
    return Flows(short, long)


def flow_by_bucket(
    connection: Connection, schema: ServiceSchema, since: timedelta, bucket: timedelta
) -> tuple[FlowBucket, ...]:
    """Oldest first, without gaps, aligned to the bucket in UTC; the first is whole, the last one still fills.

    At most BUCKET_LIMIT buckets, the newest ones. Raises DatabaseError.
    """
    width = sa.literal(bucket, sa.Interval())
    first = binned(width, schema.now - min(since, bucket * BUCKET_LIMIT))
    moves = _moves(schema, first)
    counted = (
        sa.select(
            binned(width, moves.c.at).label("start"),
            sa.func.count().filter(moves.c.arrival).label("arrived"),
            sa.func.count().filter(sa.not_(moves.c.arrival)).label("finished"),
        )
        .group_by(sa.text("1"))
        .subquery("counted")
    )
    question = without_gaps(schema, first, width, counted, ("arrived", "finished"))
    return tuple(FlowBucket(row.start, row.arrived, row.finished) for row in connection.execute(question))


def running(connection: Connection, schema: ServiceSchema, aliases: Aliases) -> tuple[Job, ...]:
    """What runs now, first created first, so that jobs keep their places; at most RUNNING_LIMIT.

    Raises DatabaseError.
    """
    question = (
        sa.select(*columns(schema))
        .where(schema.jobs.c.status == "running")
        .order_by(schema.jobs.c.created_at, schema.jobs.c.id)
        .limit(RUNNING_LIMIT)
    )
    return tuple(job(row, aliases) for row in connection.execute(question))


def open_ids(connection: Connection, schema: ServiceSchema) -> tuple[str, ...]:
    """The ids of what waits or runs, at most OPEN_LIMIT. Raises DatabaseError."""
    question = sa.select(schema.jobs.c.id).where(schema.jobs.c.status.in_(OPEN)).limit(OPEN_LIMIT)
    return tuple(connection.execute(question).scalars())


def recent_id(connection: Connection, schema: ServiceSchema) -> str | None:
    """The id of any job that was created in the last hour, None without one. Raises DatabaseError."""
    question = sa.select(schema.jobs.c.id).where(*created_since(schema, schema.now - LONG)).limit(1)
    return connection.execute(question).scalar_one_or_none()


def _moved(schema: ServiceSchema, window: timedelta) -> Iterator[tuple[str, ColumnElement[int]]]:
    """How many rows were created, arrived and finished in the last window."""
    since = schema.now - window
    held = {
        "new": schema.instant("created_at") >= since,
        "arrived": schema.clock_start() >= since,
        "finished": sa.and_(schema.jobs.c.status.in_(FINISHED), schema.instant("updated_at") >= since),
    }
    return ((kind, sa.func.count().filter(condition)) for kind, condition in held.items())


def _moves(schema: ServiceSchema, since: ColumnElement[Any]) -> FromClause:
    """A row for each time that a job came or went since: at, and whether it was an arrival."""
    created, updated = schema.instant("created_at"), schema.instant("updated_at")
    questions = [
        sa.select(created.label("at"), sa.true().label("arrival")).where(*created_since(schema, since)),
        sa.select(updated.label("at"), sa.false().label("arrival")).where(*ended_since(schema, since)),
    ]
    if schema.has("last_retry_at"):
        retried = schema.instant("last_retry_at")
        questions.append(
            sa.select(retried.label("at"), sa.true().label("arrival")).where(
                *created_since(schema, since - LOOKBACK), retried >= since
            )
        )
    return sa.union_all(*questions).subquery("moves")
