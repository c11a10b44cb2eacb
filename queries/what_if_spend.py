"""Another sum in USD at which a day takes no new jobs, by the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import call_prices, usage_sources
from queries.days import days, midnight
from queries.jobs import binned
from queries.replay import Came, reached
from queries.schema import ServiceSchema
from queries.usage_models import Span
from queries.what_if_models import MAX_JOBS, Asked, Refused, Replayed

# Days of every zone begin on a quarter of an hour.
QUARTER = timedelta(minutes=15)
# A call may still come back when its job was ended from outside.
_LATE_CALLS = timedelta(hours=1)
_AWARE = sa.DateTime(timezone=True)

Spent = dict[datetime, Decimal]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the calls are told of."""

    connection: Connection
    schema: ServiceSchema
    ledger: sa.Table


def replayed(connection: Connection, schema: ServiceSchema, asked: Asked) -> Replayed | None:
    """A day is closed from the call on that brings what was spent in it to the value, whatever job made it.

    The calls of blocked jobs would not have been made, those after midnight included; what was spent is never
    negative. None without a ledger: nothing tells what was spent by when. Raises DatabaseError.
    """
    if schema.ledger is None:
        return None
    source = _Source(connection, schema, schema.ledger)
    spent = _by_quarter(source, asked.span)
    closed = _closed(source, asked, dict(spent))
    blocked = _created_within(source, closed)
    since = asked.span.since
    if len(blocked) > MAX_JOBS:
        since = blocked.pop().created_at
        blocked = [job for job in blocked if job.created_at > since]
    return Replayed(since, blocked, partial(_let_in, asked, spent))


def _let_in(asked: Asked, spent: Mapping[datetime, Decimal], refused: Sequence[Refused]) -> list[Refused]:
    """All of the hours at whose beginning the day had not spent as much yet."""
    begun = {hour: _spent_before(asked, spent, hour) for hour in {one.hour for one in refused}}
    return [one for one in refused if begun[one.hour] < asked.value]


def _spent_before(asked: Asked, spent: Mapping[datetime, Decimal], instant: datetime) -> Decimal:
    start = midnight(asked.day(instant), asked.timezone)
    return sum((usd for at, usd in spent.items() if start <= at < instant), Decimal(0))


def _closed(source: _Source, asked: Asked, spent: Spent) -> list[Span]:
    """When each day was closed, oldest first. Takes what blocked jobs spent later out of spent."""
    closed: list[Span] = []
    zone, until = asked.timezone, asked.span.until
    for day in days(zone, asked.span.since, until):
        following = midnight(day + timedelta(days=1), zone)
        quarters = [(at, usd) for at, usd in spent.items() if midnight(day, zone) <= at < following]
        if (full := reached(quarters, asked.value)) is None:
            continue
        calls = _calls(source, full[0], closed)
        if (last := reached(calls, asked.value, before=full[1])) is None:
            continue
        closed.append(Span(last[0], min(following, until)))
        later = _spent_later(source, closed[-1], until)
        spent.update({at: usd - later.get(at, 0) for at, usd in spent.items()})
    return closed


def _by_quarter(source: _Source, span: Span) -> Spent:
    """USD by quarter of an hour, oldest first."""
    calls = source.ledger.c
    quarter = _quarter(source, calls.occurred_at)
    question = sa.select(quarter, call_prices.spent(source.ledger).label("usd"))
    question = question.where(*usage_sources.within(source.schema, calls.occurred_at, span))
    rows = source.connection.execute(question.group_by(sa.text("1")).order_by(sa.text("1")))
    return {row.quarter: row.usd for row in rows}


def _calls(source: _Source, quarter: datetime, closed: Sequence[Span]) -> list[tuple[datetime, Decimal]]:
    """The calls of a quarter of an hour in order, but for those of jobs that would have been blocked before."""
    calls, jobs, schema = source.ledger.c, source.schema.jobs, source.schema
    at, created = schema.instant(calls.occurred_at).label("at"), schema.instant("created_at").label("created")
    question = (
        sa.select(at, call_prices.price(source.ledger).label("usd"), created)
        .select_from(source.ledger.outerjoin(jobs, jobs.c.id == calls.job_id))
        .where(*usage_sources.within(schema, calls.occurred_at, Span(quarter, quarter + QUARTER)))
        .where(call_prices.is_priced(source.ledger))
        .order_by(calls.occurred_at)
    )
    return [
        (row.at, row.usd)
        for row in source.connection.execute(question)
        if row.created is None or not any(span.since <= row.created < span.until for span in closed)
    ]


def _spent_later(source: _Source, closed: Span, until: datetime) -> Spent:
    """What the jobs created while the day was closed spent after it, by quarter of an hour."""
    calls, jobs, schema = source.ledger.c, source.schema.jobs.c, source.schema
    alive = sa.literal(closed.until - _LATE_CALLS, _AWARE)
    late = (
        sa.select(jobs.id)
        .where(*usage_sources.created_in(schema, closed))
        .where(jobs.updated_at >= schema.stored(jobs.updated_at, alive))
        .subquery("late")
    )
    # Summed up job by job: else PostgreSQL may look for those of a few jobs among all calls that came later.
    own = (
        sa.select(_quarter(source, calls.occurred_at), call_prices.spent(source.ledger).label("usd"))
        .where(calls.job_id == late.c.id, call_prices.is_priced(source.ledger))
        .where(*usage_sources.within(schema, calls.occurred_at, Span(closed.until, until)))
        .group_by(sa.text("1"))
        .lateral("own")
    )
    question = sa.select(own.c.quarter, sa.func.sum(own.c.usd).label("usd"))
    question = question.select_from(late.join(own, sa.true())).group_by(own.c.quarter)
    return {row.quarter: row.usd for row in source.connection.execute(question)}


def _created_within(source: _Source, closed: Sequence[Span]) -> list[Came]:
    """The jobs that came while a day was closed, newest first; at most one more than MAX_JOBS."""
    found: list[Came] = []
    for span in reversed(closed):
        jobs = source.schema.jobs.c
        question = sa.select(jobs.id, jobs.user_key, source.schema.instant("created_at").label("created"))
        question = question.where(*usage_sources.created_in(source.schema, span))
        question = question.order_by(jobs.created_at.desc(), jobs.id.desc()).limit(MAX_JOBS + 1 - len(found))
        found += [Came(row.id, row.user_key, row.created) for row in source.connection.execute(question)]
        if len(found) > MAX_JOBS:
            break
    return found


def _quarter(source: _Source, column: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    return binned(sa.literal(QUARTER, sa.Interval()), source.schema.instant(column)).label("quarter")
