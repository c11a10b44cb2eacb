"""Since when there is usage, and which hours of it have changed: what a roll-up asks of the source."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from queries.job_search import any_status, every_status
from queries.jobs import LOOKBACK
from queries.schema import ServiceSchema
from queries.usage_models import Span
from queries.usage_sources import hour, within

# A call is recorded when it is over. What comes later than this is found when the roll-up is checked.
RECORDED_WITHIN = timedelta(hours=6)

_HOUR = timedelta(hours=1)
_AWARE = sa.DateTime(timezone=True)


def first_hour(connection: Connection, schema: ServiceSchema) -> datetime | None:
    """The hour (UTC) of the oldest job, call or rejected request; None without any. Raises DatabaseError."""
    begun = [schema.instant(_first_created(schema))]
    for table, name in ((schema.ledger, "occurred_at"), (schema.rejections, "hour")):
        if table is not None:
            begun.append(schema.instant(sa.select(sa.func.min(table.c[name])).scalar_subquery()))
    first: datetime | None = connection.execute(sa.select(hour(sa.func.least(*begun)))).scalar_one()
    return first


def changed_hours(
    connection: Connection, schema: ServiceSchema, since: datetime, until: datetime
) -> tuple[datetime, ...]:
    """The hours (UTC) whose usage or costs may have changed in [since, until), oldest first. Raises DatabaseError.

    Those of jobs that changed within LOOKBACK of their creation (later, too, where the service keeps events), and
    of all calls made for them, as it is the job that tells what became of those; of calls recorded within
    RECORDED_WITHIN of their occurrence, and of rejected requests.
    """
    jobs = _changed_jobs(schema, Span(since, until)).cte("jobs_changed")
    parts = [sa.select(jobs.c.hour)]
    if schema.ledger is not None:
        parts.append(_calls_of(schema, schema.ledger, jobs))
    if schema.ledger is not None and "recorded_at" in schema.ledger.c:
        parts.append(_recorded(schema, schema.ledger, since))
    if schema.rejections is not None:
        parts.append(_rejected(schema, schema.rejections, since))
    found = sa.union(*parts).subquery("changed")
    return tuple(connection.execute(sa.select(found.c.hour).order_by(found.c.hour)).scalars())


def _first_created(schema: ServiceSchema) -> sa.ScalarSelect[Any]:
    created = schema.jobs.c.created_at
    if not schema.by_status:
        return sa.select(sa.func.min(created)).scalar_subquery()
    statuses = every_status(schema)
    first = sa.select(sa.func.min(created)).where(schema.jobs.c.status == statuses.c.status)
    return (
        sa.select(sa.func.min(first.correlate(statuses).scalar_subquery())).select_from(statuses).scalar_subquery()
    )


def _changed_jobs(schema: ServiceSchema, span: Span) -> sa.CompoundSelect[Any]:
    """Their ids and hours."""
    jobs = schema.jobs.c
    served = [any_status(schema)] if schema.by_status else []
    found = sa.select(jobs.id, _created(schema)).where(
        *within(schema, jobs.updated_at, span), _since(schema, jobs.created_at, span.since - LOOKBACK), *served
    )
    if schema.events is None:
        return sa.union(found)
    return sa.union(found, _jobs_with_events(schema, schema.events, span.since))


def _jobs_with_events(schema: ServiceSchema, events: sa.Table, since: datetime) -> sa.Select[Any]:
    told = sa.select(events.c.job_id).where(_since(schema, events.c.at, since))
    return sa.select(schema.jobs.c.id, _created(schema)).where(schema.jobs.c.id.in_(told))


def _calls_of(schema: ServiceSchema, ledger: sa.Table, jobs: sa.CTE) -> sa.Select[Any]:
    """For each job by a look into the index (job_id, attempt), not by reading the ledger once for all of them."""
    at = hour(schema.instant(ledger.c.occurred_at)).label("hour")
    calls = sa.select(at).where(ledger.c.job_id == jobs.c.id).distinct().lateral("of_job")
    return sa.select(calls.c.hour).select_from(jobs.join(calls, sa.true()))


def _recorded(schema: ServiceSchema, ledger: sa.Table, since: datetime) -> sa.Select[Any]:
    calls = ledger.c
    return sa.select(hour(schema.instant(calls.occurred_at)).label("hour")).where(
        _since(schema, calls.recorded_at, since), _since(schema, calls.occurred_at, since - RECORDED_WITHIN)
    )


def _rejected(schema: ServiceSchema, rejections: sa.Table, since: datetime) -> sa.Select[Any]:
    at = rejections.c.hour
    return sa.select(hour(schema.instant(at)).label("hour")).where(_since(schema, at, since - _HOUR))


def _created(schema: ServiceSchema) -> ColumnElement[Any]:
    return hour(schema.instant("created_at")).label("hour")


def _since(schema: ServiceSchema, column: ColumnElement[Any], instant: datetime) -> ColumnElement[bool]:
    return column >= schema.stored(column, sa.literal(instant, _AWARE))
