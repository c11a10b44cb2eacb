"""A filter as SQL: the one place, so that every list, count, matrix, bulk action and file means the same jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from operator import eq, ge, gt, le, lt
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from queries import call_prices
from queries.aliases import Aliases
from queries.filter_errors import QualifierNotOffered
from queries.job_filter import NONE, WILDCARD, Comparison, JobFilter, Moment, Operator
from queries.jobs import LOOKBACK, any_of
from queries.schema import ServiceSchema

__all__ = ["LOOKBACK", "changed_since", "conditions", "instant"]

_COMPARE: Mapping[Operator, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, "=": eq, ">=": ge, ">": gt}
_SIGN = re.compile(r"\\(.)|(.)", re.DOTALL)


def conditions(
    schema: ServiceSchema, aliases: Aliases, filter: JobFilter, timezone: str
) -> list[ColumnElement[bool]]:
    """What the jobs of the filter fulfil, all of it; timezone (IANA) is what times of today mean.

    Users must have been resolved (queries.users.resolve_unknown): an alias that is not remembered has no jobs.
    since finds jobs created at most LOOKBACK before it, as no index knows when jobs changed. Raises
    QualifierNotOffered where the deployment does not keep what is asked for.
    """
    jobs = schema.jobs.c
    found = [*_lists(schema, aliases, filter), *_numbers(schema, filter)]
    if filter.since is not None:
        found += changed_since(schema, instant(schema, filter.since, timezone))
    if filter.until is not None:
        found.append(jobs.updated_at < schema.stored(jobs.updated_at, instant(schema, filter.until, timezone)))
    for moment, compare in ((filter.created_since, ge), (filter.created_until, lt)):
        if moment is not None:
            limit = schema.stored(jobs.created_at, instant(schema, moment, timezone))
            found.append(compare(jobs.created_at, limit))
    return found


def instant(schema: ServiceSchema, moment: Moment, timezone: str) -> ColumnElement[Any]:
    """The moment as timestamptz, by the database's clock."""
    if isinstance(moment, timedelta):
        return schema.now - sa.literal(moment, sa.Interval())
    if isinstance(moment, datetime):
        return sa.literal(moment, sa.DateTime(timezone=True))
    return _today_at(schema, moment, timezone)


def changed_since(schema: ServiceSchema, since: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """What since asks of a job; since is a timestamptz."""
    jobs = schema.jobs.c
    return [
        jobs.updated_at >= schema.stored(jobs.updated_at, since),
        jobs.created_at >= schema.stored(jobs.created_at, since - LOOKBACK),
    ]


def _lists(schema: ServiceSchema, aliases: Aliases, filter: JobFilter) -> Iterator[ColumnElement[bool]]:
    jobs = schema.jobs.c
    if filter.ids:
        yield _matches(jobs.id, filter.ids)
    if filter.users:
        keys = {key for alias in filter.users for key in aliases.keys(alias) or ()}
        yield jobs.user_key == any_of(sorted(keys))
    if filter.statuses:
        yield jobs.status.in_(filter.statuses)
    if filter.kinds:
        yield sa.or_(*(jobs.id.like(f"{_escaped(kind)}\\_%") for kind in filter.kinds))
    if filter.steps:
        yield _matches(_offered(schema, "step", "current_step"), filter.steps)
    if filter.errors:
        code = _offered(schema, "error", "error_code")
        named = [one for one in filter.errors if one != NONE]
        none = [] if NONE not in filter.errors else [code.is_(None), code == ""]
        yield sa.or_(*none, *([_matches(code, named)] if named else []))
    if filter.texts:
        message = _offered(schema, "text", "error_message")
        yield sa.or_(*(message.ilike(f"%{_escaped(text)}%") for text in filter.texts))


def _numbers(schema: ServiceSchema, filter: JobFilter) -> Iterator[ColumnElement[bool]]:
    if filter.attempts:
        retries = sa.func.coalesce(_offered(schema, "attempts", "retry_count"), 0)
        yield _compared(retries + 1, filter.attempts)
    if filter.cost:
        yield _compared(_spent(schema), filter.cost)


def _today_at(schema: ServiceSchema, clock: time, timezone: str) -> ColumnElement[Any]:
    today = sa.cast(sa.func.timezone(timezone, schema.now), sa.Date)
    local = sa.type_coerce(today, sa.Date).op("+")(sa.literal(clock, sa.Time()))
    return sa.func.timezone(timezone, local, type_=sa.DateTime(timezone=True))


def _offered(schema: ServiceSchema, qualifier: str, column: str) -> ColumnElement[Any]:
    if not schema.has(column):
        raise QualifierNotOffered(qualifier=qualifier, needs=f"{schema.jobs.name}.{column}")
    return schema.jobs.c[column]


def _spent(schema: ServiceSchema) -> ColumnElement[Any]:
    """USD of the job's calls: 0 without any, NULL (which no comparison holds for) where none has a price."""
    if schema.ledger is None:
        raise QualifierNotOffered(qualifier="cost", needs="cost_events")
    calls = schema.ledger.c
    usd = sa.case((sa.func.count() == 0, 0), else_=sa.func.sum(call_prices.price(schema.ledger)))
    return sa.select(usd).where(calls.job_id == schema.jobs.c.id).correlate(schema.jobs).scalar_subquery()


def _compared(number: ColumnElement[Any], comparisons: Sequence[Comparison]) -> ColumnElement[bool]:
    """Any of the equalities, and all of the rest."""
    equal = [number == sa.literal(one.value, sa.Numeric()) for one in comparisons if one.operator == "="]
    rest = [
        _COMPARE[one.operator](number, sa.literal(one.value, sa.Numeric()))
        for one in comparisons
        if one.operator != "="
    ]
    return sa.and_(sa.or_(*equal) if equal else sa.true(), *rest)


def _matches(column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[bool]:
    """Any of the values, which may hold wildcards."""
    patterns = [_pattern(value) for value in values]
    exact = [text for text, wild in patterns if not wild]
    found = [column.like(text) for text, wild in patterns if wild]
    return sa.or_(*found, *([column == any_of(exact)] if exact else []))


def _pattern(value: str) -> tuple[str, bool]:
    """The value for LIKE where it holds a wildcard, which True tells; else the text that it stands for."""
    signs = [(taken, False) if taken else (sign, sign == WILDCARD) for taken, sign in _SIGN.findall(value)]
    if any(wild for _, wild in signs):
        return "".join("%" if wild else _escaped(sign) for sign, wild in signs), True
    return "".join(sign for sign, _ in signs), False


def _escaped(text: str) -> str:
    """For LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)
