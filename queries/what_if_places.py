"""Another number of jobs that may wait or run at a time: each user's, or all users' together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause
from sqlalchemy.dialects.postgresql import TSTZRANGE

from queries import usage_sources
from queries.jobs import LOOKBACK, any_of, binned
from queries.replay import Came, held_by, places, turned_away
from queries.schema import OPEN, ServiceSchema
from queries.usage_models import Span
from queries.what_if_models import MAX_JOBS, Asked, Refused, Replayed

# A user has few jobs; of all together so many come that only a short time tells busy from quiet.
_OWN_BUCKET, _BUCKET = timedelta(hours=1), timedelta(minutes=1)
_AWARE = sa.DateTime(timezone=True)


def replayed(connection: Connection, schema: ServiceSchema, asked: Asked, *, own: bool) -> Replayed:
    """Each job holds a place from its creation to its end, a retried one also from the retry on.

    Only the busy times are replayed: those in which so many places may have been held. Jobs that were open at the
    beginning keep their places. Raises DatabaseError.
    """
    rows = connection.execute(_busy(schema, asked, own=own)).all()
    since = asked.span.since
    if len(rows) > MAX_JOBS:
        # Newest endings first: whatever held a place at this instant is among them.
        since = max(since, rows[-1].ended)
    jobs = _with_retries(connection, schema, rows)
    blocked = turned_away(jobs, own=own, since=since, value=asked.value)
    return Replayed(since, blocked, partial(_let_in, asked, jobs, since, own=own))


def _let_in(
    asked: Asked, jobs: Sequence[Came], since: datetime, refused: Sequence[Refused], *, own: bool
) -> list[Refused]:
    """All but those of hours in which a job came that the value would have let in as the last one, or not at all.

    Such a job was let in, so that the limit of that hour was no lower than the value.
    """
    if not refused:
        return []
    full = {
        (job.created_at.replace(minute=0, second=0, microsecond=0), job.user_key if own else "")
        for job, found in places(jobs, own=own, since=since)
        if found + 1 >= asked.value
    }
    return [one for one in refused if (one.hour, one.user_key if own else "") not in full]


def _busy(schema: ServiceSchema, asked: Asked, *, own: bool) -> sa.Select[Any]:
    """The jobs of the busy times, newest endings first; at most one more than MAX_JOBS."""
    spans = _spans(schema, asked.span)
    times = _own_busy_times(spans, asked) if own else _busy_times(spans, asked)
    held = sa.func.tstzrange(spans.c.created, spans.c.ended, "[]", type_=TSTZRANGE())
    meets: list[ColumnElement[bool]] = [held.bool_op("&&")(times.c.busy)]
    meets += [times.c.user_key == spans.c.user_key] if own else []
    question = sa.select(spans).join_from(spans, times, sa.and_(*meets))
    return question.order_by(spans.c.ended.desc(), spans.c.id.desc()).limit(MAX_JOBS + 1)


def _spans(schema: ServiceSchema, span: Span) -> FromClause:
    """Every job that may have held a place in the span, from its creation to its end."""
    jobs = schema.jobs.c
    since, until = sa.literal(span.since, _AWARE), sa.literal(span.until, _AWARE)
    created, updated = schema.instant("created_at"), schema.instant("updated_at")
    is_open = jobs.status.in_(OPEN)
    ended = sa.func.greatest(created, sa.case((is_open, until), else_=updated), type_=_AWARE)
    retried = jobs.retry_count > 0 if schema.has("retry_count") else sa.true()
    lately = usage_sources.created_in(schema, Span(span.since - LOOKBACK, span.until))
    return (
        sa.select(jobs.id, jobs.user_key, created.label("created"), ended.label("ended"), retried.label("retried"))
        .where(sa.or_(is_open, sa.and_(*lately, jobs.updated_at >= schema.stored(jobs.updated_at, since))))
        .where(jobs.created_at < schema.stored(jobs.created_at, until))
        .cte("spans")
    )


def _busy_times(spans: FromClause, asked: Asked) -> FromClause:
    """Minutes in which as many places may have been held: what had come by the end, less what had gone before."""
    came = _minute(sa.func.greatest(spans.c.created, sa.literal(asked.span.since, _AWARE), type_=_AWARE))
    edges = sa.union_all(
        sa.select(came.label("start"), sa.literal(1).label("came"), sa.literal(0).label("gone")),
        sa.select(_minute(spans.c.ended).label("start"), sa.literal(0).label("came"), sa.literal(1).label("gone")),
    ).subquery("edges")
    minutes = (
        sa.select(edges.c.start, *(sa.func.sum(edges.c[name]).label(name) for name in ("came", "gone")))
        .group_by(edges.c.start)
        .subquery("minutes")
    )
    left = sa.func.sum(minutes.c.came - minutes.c.gone).over(order_by=minutes.c.start)
    held = sa.select(minutes.c.start, minutes.c.came, (left + minutes.c.gone).label("places")).subquery("held")
    busy = _newest(sa.select(held.c.start, held.c.came).where(held.c.places >= asked.value))
    return sa.select(_together(busy.c.start, _BUCKET)).subquery("busy")


def _own_busy_times(spans: FromClause, asked: Asked) -> FromClause:
    """By user, the hours in which they had as many jobs that held a place at some time."""
    first = sa.func.greatest(spans.c.created, sa.literal(asked.span.since, _AWARE), type_=_AWARE)
    hours = sa.func.generate_series(
        binned(sa.literal(_OWN_BUCKET, sa.Interval()), first),
        spans.c.ended,
        sa.literal(_OWN_BUCKET, sa.Interval()),
    )
    touched = sa.select(spans.c.user_key, first.label("first"), hours.label("start")).subquery("touched")
    came = sa.func.count().filter(touched.c.first >= touched.c.start).label("came")
    busy = _newest(
        sa.select(touched.c.user_key, touched.c.start, came)
        .group_by(touched.c.user_key, touched.c.start)
        .having(sa.func.count() >= asked.value)
    )
    times = sa.select(busy.c.user_key, _together(busy.c.start, _OWN_BUCKET))
    return times.group_by(busy.c.user_key).subquery("busy")


def _newest(times: sa.Select[Any]) -> FromClause:
    """Of the busy times the newest in which more than MAX_JOBS came: older ones would be read for nothing."""
    found = times.subquery("times")
    since = sa.func.sum(found.c.came).over(order_by=found.c.start.desc())
    then = sa.func.sum(found.c.came).over(partition_by=found.c.start)
    counted = sa.select(found, (since - then).label("newer")).subquery("counted")
    return sa.select(counted).where(counted.c.newer <= MAX_JOBS).subquery("newest")


def _minute(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    return binned(sa.literal(_BUCKET, sa.Interval()), instant)


def _together(start: ColumnElement[Any], width: timedelta) -> ColumnElement[Any]:
    return sa.func.range_agg(sa.func.tstzrange(start, start + sa.literal(width, sa.Interval()))).label("busy")


def _with_retries(connection: Connection, schema: ServiceSchema, rows: Sequence[sa.Row[Any]]) -> list[Came]:
    """What was retried held no place between its failure and the retry, where the service tells of it."""
    jobs = {row.id: Came(row.id, row.user_key, row.created, ((row.created, row.ended),)) for row in rows}
    ended = {row.id: row.ended for row in rows if row.retried}
    if schema.events is not None and ended:
        told = connection.execute(_turns(schema, schema.events, list(ended)))
        for job_id, events in groupby(told, key=lambda row: str(row.job_id)):
            job = jobs[job_id]
            turns = [(row.at, row.event) for row in events]
            jobs[job_id] = replace(job, held=held_by(job.created_at, turns, ended[job_id]))
    return list(jobs.values())


def _turns(schema: ServiceSchema, events: sa.Table, job_ids: Sequence[str]) -> sa.Select[Any]:
    """Where places were taken and left; at most some ten for each of the ids."""
    turning = ("created", "retried", "recovered", "done", "failed", "cancelled")
    at = schema.instant(events.c.at).label("at")
    question = sa.select(events.c.job_id, at, events.c.event)
    question = question.where(events.c.job_id == any_of(job_ids), events.c.event.in_(turning))
    return question.order_by(events.c.job_id, events.c.at, events.c.attempt)
