"""What usage is counted from, as SQL: jobs at their creation, calls and rejected requests where they fell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from queries import book_shares, call_prices
from queries.days import days, midnight
from queries.job_search import any_status
from queries.jobs import any_of, outcome_counts
from queries.schema import ServiceSchema
from queries.usage_models import AMOUNTS, COUNTS, Span, Tally

Piece = Callable[[ColumnElement[Any]], ColumnElement[Any]]

_AWARE = sa.DateTime(timezone=True)
_NONE: ColumnElement[Any] = sa.literal_column("0")


@dataclass(frozen=True, slots=True)
class Told:
    """How usage is told apart: by user (of these keys, else of all) or by kind of work, and by piece of time."""

    piece: Piece
    by_kind: bool = False
    user_keys: Sequence[str] | None = None


def whole(_: ColumnElement[Any]) -> ColumnElement[Any]:
    """All time is one piece."""
    return sa.cast(sa.null(), sa.Integer)


def hour(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """Its whole hour (UTC)."""
    return sa.func.date_trunc("hour", instant, "UTC", type_=_AWARE)


def day(timezone: str, since: datetime, until: datetime) -> Piece:
    """Which one of days(timezone, since, until) it falls into, from 1; the database's own zones are not asked."""
    starts = [midnight(one, timezone) for one in days(timezone, since, until)]
    bounds = sa.bindparam(None, starts, type_=sa.ARRAY(_AWARE))
    return lambda instant: sa.func.width_bucket(instant, bounds, type_=sa.Integer())


def tallied(schema: ServiceSchema, span: Span, told: Told) -> sa.Select[Any]:
    """key (NULL where no user is named), piece, and the columns of a Tally."""
    parts = [_jobs(schema, span, told)]
    if schema.ledger is not None:
        parts.append(_calls(schema, schema.ledger, span, told))
    if schema.rejections is not None and not told.by_kind:
        parts.append(_rejections(schema, schema.rejections, span, told))
    found = sa.union_all(*parts).subquery("parts")
    return sa.select(found.c.key, found.c.piece, *sums(found)).group_by(sa.text("1, 2"))


def sums(found: FromClause) -> list[ColumnElement[Any]]:
    """The columns of a Tally, summed up."""
    return [
        *(sa.cast(sa.func.sum(found.c[name]), sa.BigInteger).label(name) for name in COUNTS),
        *(_amount(found.c[name]).label(name) for name in AMOUNTS),
    ]


def _amount(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Most are zero, and to add one costs more than to see that it is none."""
    return sa.func.coalesce(sa.func.sum(column).filter(column != _NONE), _NONE)


def tally(row: sa.Row[Any]) -> Tally:
    """A row of sums(), counts as int and amounts as Decimal."""
    values = row._mapping
    return Tally(*(values[name] for name in COUNTS), *(Decimal(values[name]) for name in AMOUNTS))


def within(
    schema: ServiceSchema, column: ColumnElement[Any], span: Span
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The column lies in the span."""
    since, until = (sa.literal(instant, _AWARE) for instant in (span.since, span.until))
    return column >= schema.stored(column, since), column < schema.stored(column, until)


def created_in(schema: ServiceSchema, span: Span) -> list[ColumnElement[bool]]:
    """The jobs that were created in the span, whatever their status; an index of statuses serves."""
    served = [any_status(schema)] if schema.by_status else []
    return [*within(schema, schema.jobs.c.created_at, span), *served]


def _jobs(schema: ServiceSchema, span: Span, told: Told) -> sa.Select[Any]:
    jobs = schema.jobs.c
    counts: dict[str, ColumnElement[Any]] = {"jobs": sa.func.count()}
    counts |= {one.name: one for one in outcome_counts(schema)}
    if schema.ledger is None:
        counts |= {name: sa.func.sum(share) for name, share in book_shares.bought(schema).items()}
    key = kind(jobs.id) if told.by_kind else jobs.user_key
    question = _part(key, told.piece(schema.instant("created_at")), counts)
    return _of_users(question.where(*created_in(schema, span)), jobs.user_key, told)


def _calls(schema: ServiceSchema, ledger: sa.Table, span: Span, told: Told) -> sa.Select[Any]:
    calls, jobs = ledger.c, schema.jobs
    named = "user_key" in calls
    user_key = calls.user_key if named else jobs.c.user_key
    key = kind(calls.job_id) if told.by_kind else user_key
    spent = {"usd": call_prices.spent(ledger), "unpriced": call_prices.unpriced(ledger)}
    question = _part(key, told.piece(schema.instant(calls.occurred_at)), spent)
    if not named and not told.by_kind:
        question = question.select_from(ledger.outerjoin(jobs, jobs.c.id == calls.job_id))
    return _of_users(question.where(*within(schema, calls.occurred_at, span)), user_key, told)


def _rejections(schema: ServiceSchema, table: sa.Table, span: Span, told: Told) -> sa.Select[Any]:
    requests = {"rejected": sa.func.sum(table.c.requests)}
    question = _part(table.c.user_key, told.piece(schema.instant(table.c.hour)), requests)
    return _of_users(question.where(*within(schema, table.c.hour, span)), table.c.user_key, told)


def _part(
    key: ColumnElement[Any], piece: ColumnElement[Any], sums: Mapping[str, ColumnElement[Any]]
) -> sa.Select[Any]:
    columns = [sums.get(name, _NONE).label(name) for name in (*COUNTS, *AMOUNTS)]
    return sa.select(key.label("key"), piece.label("piece"), *columns).group_by(sa.text("1, 2"))


def _of_users(question: sa.Select[Any], user_key: ColumnElement[Any], told: Told) -> sa.Select[Any]:
    return question if told.user_keys is None else question.where(user_key == any_of(told.user_keys))


def kind(job_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """What the id begins with, up to the first "_": what kind: asks for in a filter."""
    underscored = sa.func.strpos(job_id, "_") > 0
    return sa.case((underscored, sa.func.split_part(job_id, "_", 1)), else_="")
