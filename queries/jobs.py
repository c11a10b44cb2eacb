"""Single jobs, and how jobs ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries.aliases import Aliases
from queries.models import Job, OutcomeBucket, Outcomes
from queries.schema import FINISHED, OPEN, REFUSALS, ServiceSchema

# No index starts with updated_at, so created_at narrows the search: how long a job may be from its creation to
# its end. The service's monitor ends a job within the hour; by hand, what failed on Friday is retried on Monday.
LOOKBACK = timedelta(days=3)
# More points than a chart has pixels are of no use.
BUCKET_LIMIT = 2_000
# The contract has fifteen; more than this many are no codes but free text.
CODES_LIMIT = 50

_SHOWN = ("progress", "current_step", "error_code", "error_message", "retry_count", "trace_id")
_OUTCOMES = ("done", "failed", "refused", "cancelled")


def columns(schema: ServiceSchema) -> list[ColumnElement[Any]]:
    """What job() needs of a row."""
    found: list[ColumnElement[Any]] = [schema.jobs.c[name] for name in ("id", "status", "user_key")]
    found += [schema.instant(name).label(name) for name in ("created_at", "updated_at")]
    found += [schema.jobs.c[name] for name in _SHOWN if schema.has(name)]
    if schema.has("last_retry_at"):
        found.append(schema.instant("last_retry_at").label("last_retry_at"))
    return found


def job(row: sa.Row[Any], aliases: Aliases) -> Job:
    """A row of columns() without its user key."""
    values = row._mapping
    user_key, message = str(values["user_key"]), values.get("error_message")
    return Job(
        id=values["id"],
        status=values["status"],
        user=aliases.alias(user_key),
        created_at=values["created_at"],
        updated_at=values["updated_at"],
        progress=values.get("progress"),
        step=values.get("current_step"),
        error_code=values.get("error_code"),
        error_message=None if message is None else aliases.masked(message, user_key),
        retry_count=values.get("retry_count"),
        last_retry_at=values.get("last_retry_at"),
        trace_id=values.get("trace_id"),
    )


def get(connection: Connection, schema: ServiceSchema, aliases: Aliases, job_id: str) -> Job | None:
    """The job, or None where there is none of this id. Raises DatabaseError."""
    return get_many(connection, schema, aliases, (job_id,)).get(job_id)


def get_many(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, job_ids: Sequence[str]
) -> dict[str, Job]:
    """The jobs of these ids, at most as many as ids; those that don't exist are left out."""
    question = sa.select(*columns(schema)).where(schema.jobs.c.id == any_of(job_ids))
    return {row.id: job(row, aliases) for row in connection.execute(question)}


def any_of(job_ids: Sequence[str]) -> ColumnElement[Any]:
    """One bind for however many ids: PostgreSQL allows 65,535 binds a statement."""
    return sa.any_(sa.bindparam(None, list(job_ids), type_=sa.ARRAY(sa.Text())))


def outcomes(connection: Connection, schema: ServiceSchema, window: timedelta) -> Outcomes:
    """How the jobs ended that ended in the last window."""
    question = sa.select(*outcome_counts(schema)).where(*ended_since(schema, schema.now - window))
    return _outcomes(connection.execute(question).one())


def outcomes_by_bucket(
    connection: Connection, schema: ServiceSchema, since: timedelta, bucket: timedelta
) -> tuple[OutcomeBucket, ...]:
    """Oldest first, without gaps, aligned to the bucket in UTC; the first is whole, the last one still fills.

    At most BUCKET_LIMIT buckets, the newest ones.
    """
    width = sa.literal(bucket, sa.Interval())
    first = binned(width, schema.now - min(since, bucket * BUCKET_LIMIT))
    ended = (
        sa.select(binned(width, schema.instant("updated_at")).label("start"), *outcome_counts(schema))
        .where(*ended_since(schema, first))
        .group_by(sa.text("1"))
        .subquery("ended")
    )
    question = without_gaps(schema, first, width, ended, _OUTCOMES)
    return tuple(OutcomeBucket(row.start, _outcomes(row)) for row in connection.execute(question))


def failures_by_code(
    connection: Connection, schema: ServiceSchema, window: timedelta
) -> tuple[tuple[str, int], ...]:
    """The failures of the last window by error code, most frequent first; refusals left out, "" where it is NULL.

    At most CODES_LIMIT codes.
    """
    code = schema.jobs.c.error_code if schema.has("error_code") else sa.cast(sa.null(), sa.Text)
    named = sa.func.coalesce(code, "").label("code")
    number = sa.func.count().label("number")
    question = (
        sa.select(named, number)
        .where(*ended_since(schema, schema.now - window), schema.jobs.c.status == "failed")
        .where(named.not_in(REFUSALS))
        .group_by(named)
        .order_by(number.desc(), named)
        .limit(CODES_LIMIT)
    )
    return tuple((row.code, row.number) for row in connection.execute(question))


def duration_p95(connection: Connection, schema: ServiceSchema, window: timedelta) -> timedelta | None:
    """How long the books done in the last window took from creation to end, waiting included; None without any."""
    took = schema.instant("updated_at") - schema.instant("created_at")
    question = sa.select(sa.func.percentile_cont(0.95).within_group(took)).where(
        *ended_since(schema, schema.now - window), schema.jobs.c.status == "done"
    )
    return connection.execute(question).scalar_one_or_none()


def without_gaps(
    schema: ServiceSchema,
    first: ColumnElement[Any],
    width: ColumnElement[Any],
    counted: FromClause,
    names: Sequence[str],
) -> sa.Select[Any]:
    """Every bucket from first to now, oldest first, with these columns of counted, which goes by start: else 0."""
    starts = sa.func.generate_series(first, schema.now, width).table_valued("start").render_derived("buckets")
    return (
        sa.select(starts.c.start, *(sa.func.coalesce(counted.c[name], 0).label(name) for name in names))
        .select_from(starts.outerjoin(counted, starts.c.start == counted.c.start))
        .order_by(starts.c.start)
    )


def created_since(schema: ServiceSchema, instant: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    """All statuses of the contract are named, so that the index (status, created_at) serves."""
    jobs = schema.jobs.c
    return jobs.status.in_(OPEN + FINISHED), jobs.created_at >= schema.stored(jobs.created_at, instant)


def binned(width: ColumnElement[Any], instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """The start of the bucket, aligned in UTC, that the instant falls into."""
    epoch = sa.literal(datetime.fromtimestamp(0, UTC), sa.DateTime(timezone=True))
    return sa.func.date_bin(width, instant, epoch, type_=sa.DateTime(timezone=True))


def ended_since(schema: ServiceSchema, instant: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    """Finished statuses and created_at are what (status, created_at) finds; updated_at is what was asked."""
    jobs = schema.jobs.c
    return (
        jobs.status.in_(FINISHED),
        jobs.created_at >= schema.stored(jobs.created_at, instant - LOOKBACK),
        jobs.updated_at >= schema.stored(jobs.updated_at, instant),
    )


def outcome_counts(schema: ServiceSchema) -> list[ColumnElement[int]]:
    """How many are done, failed, refused (no fault) and cancelled."""
    status = schema.jobs.c.status
    code = schema.jobs.c.error_code if schema.has("error_code") else sa.null()
    refused = sa.func.coalesce(code.in_(REFUSALS), sa.false())
    kinds = {
        "done": status == "done",
        "failed": sa.and_(status == "failed", sa.not_(refused)),
        "refused": sa.and_(status == "failed", refused),
        "cancelled": status == "cancelled",
    }
    return [sa.func.count().filter(kinds[name]).label(name) for name in _OUTCOMES]


def _outcomes(row: Any) -> Outcomes:
    return Outcomes(row.done, row.failed, row.refused, row.cancelled)
