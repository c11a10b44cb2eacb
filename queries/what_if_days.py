"""Another number of jobs that a day may have: each user's, or all users' together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from math import ceil
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries import usage_sources
from queries.days import days
from queries.jobs import any_of
from queries.replay import Came
from queries.schema import ServiceSchema
from queries.what_if_models import MAX_JOBS, Asked, Refused, Replayed


def replayed(connection: Connection, schema: ServiceSchema, asked: Asked, *, own: bool) -> Replayed:
    """First come, first served, by day and, where own, by user. Raises DatabaseError."""
    found = _beyond(connection, schema, asked, own=own)
    since = asked.span.since
    if len(found) > MAX_JOBS:
        since = found.pop().created_at
        found = [job for job in found if job.created_at > since]
    return Replayed(since, found, partial(_let_in, connection, schema, asked, own=own))


def _beyond(connection: Connection, schema: ServiceSchema, asked: Asked, *, own: bool) -> list[Came]:
    """Jobs that came when their day had as many as it may, newest first; at most one more than MAX_JOBS."""
    jobs, day = schema.jobs.c, _day(schema, asked)
    whose = (jobs.user_key,) if own else ()
    made = usage_sources.created_in(schema, asked.span)
    crowded = _crowded(asked, sa.select(day, *whose).where(*made).group_by(day, *whose))
    is_crowded = [day == sa.any_(crowded.c.days), *(crowded.c.user_key == key for key in whose)]
    place = sa.func.row_number().over(partition_by=(day, *whose), order_by=(jobs.created_at, jobs.id))
    placed = (
        sa.select(jobs.id, jobs.user_key, schema.instant("created_at").label("created"), place.label("place"))
        .join_from(schema.jobs, crowded, sa.and_(*is_crowded))
        .where(*made)
        .subquery("placed")
    )
    question = sa.select(placed).where(placed.c.place > asked.value)
    question = question.order_by(placed.c.created.desc(), placed.c.id.desc()).limit(MAX_JOBS + 1)
    return [Came(row.id, row.user_key, row.created) for row in connection.execute(question)]


def _crowded(asked: Asked, days: sa.Select[Any]) -> FromClause:
    """The days that had more, by user where days are: only their jobs are put into order. The newest that fit."""
    beyond = sa.func.count() - asked.value
    each = days.add_columns(beyond.label("beyond")).having(beyond > 0).subquery("each")
    since = sa.func.sum(each.c.beyond).over(order_by=each.c.day.desc())
    then = sa.func.sum(each.c.beyond).over(partition_by=each.c.day)
    counted = sa.select(each, (since - then).label("newer")).subquery("counted")
    # One row a user: with one for each of their days, PostgreSQL rather sorts all jobs than looks them up.
    whose = [counted.c[name] for name in ("user_key",) if name in counted.c]
    crowded = sa.select(sa.func.array_agg(counted.c.day).label("days"), *whose)
    return crowded.where(counted.c.newer <= MAX_JOBS).group_by(*whose).subquery("crowded")


def _let_in(
    connection: Connection, schema: ServiceSchema, asked: Asked, refused: Sequence[Refused], *, own: bool
) -> Iterator[Refused]:
    """As many as there was room for in their day."""
    if not refused:
        return
    made = _made(connection, schema, asked, sorted({one.user_key for one in refused}) if own else None)
    for one in refused:
        key = (asked.day(one.hour), one.user_key if own else "")
        if (fit := min(one.requests, ceil(asked.value) - made[key])) > 0:
            made[key] += fit
            yield Refused(one.user_key, one.hour, fit)


def _made(
    connection: Connection, schema: ServiceSchema, asked: Asked, user_keys: Sequence[str] | None
) -> Counter[tuple[Any, str]]:
    """How many jobs a day had: of each of these users, or, under "", of all together."""
    jobs, day = schema.jobs.c, _day(schema, asked)
    question = sa.select(day, sa.func.count().label("made")).where(*usage_sources.created_in(schema, asked.span))
    if user_keys is None:
        question = question.add_columns(sa.literal("").label("user_key")).group_by(day)
    else:
        question = question.add_columns(jobs.user_key).where(jobs.user_key == any_of(user_keys))
        question = question.group_by(day, jobs.user_key)
    dates = days(asked.timezone, asked.span.since, asked.span.until)
    return Counter({(dates[row.day - 1], row.user_key): row.made for row in connection.execute(question)})


def _day(schema: ServiceSchema, asked: Asked) -> ColumnElement[Any]:
    piece = usage_sources.day(asked.timezone, asked.span.since, asked.span.until)
    return piece(schema.instant("created_at")).label("day")
