"""Whether what was rolled up still is what the source says: a sample of days is counted again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from actions.rollups import Sides, always, mark
from queries import clock, cost_calls
from queries.aliases import Aliases, shown
from queries.cost_fates import PARTS
from queries.cost_models import CostTally
from queries.database import translated
from queries.ops_store import HOURLY_COSTS, HOURLY_KINDS, HOURLY_USAGE, ROLLED_HOURS, ROLLUP_STATE, SETTING
from queries.schema import ServiceSchema
from queries.usage_models import Span, Tally
from queries.usage_sources import tally

# Where most changes happen; always looked at.
NEWEST_DAYS = 2
# Drawn anew each time: checked daily, a quarter is through in some weeks.
SAMPLE_DAYS = 5

T = TypeVar("T", Tally, CostTally)

_DAY = timedelta(days=1)
# An hour, and what its sums are of.
_Key = tuple[datetime, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One sum of one hour (UTC): of a user by their alias, of a kind of work, or of a part of the costs."""

    hour: datetime
    of: str
    column: str
    kept: int | Decimal
    found: int | Decimal


@dataclass(frozen=True, slots=True)
class Checked:
    """The days (UTC) that were counted again, newest first, and what was not as it was kept."""

    days: tuple[datetime, ...]
    differences: tuple[Difference, ...]


def check(
    source: Engine,
    schema: ServiceSchema,
    aliases: Aliases,
    store: Engine,
    *,
    sample: int = SAMPLE_DAYS,
    go_on: Callable[[], bool] = always,
) -> Checked:
    """Compare the newest days and so many others with the source; hours that differ are marked, to be made anew.

    Hours that are known to have changed since they were rolled count as no difference. go_on is asked between
    days. Raises NotKept, DatabaseError.
    """
    sides = Sides(source, schema, aliases, store)
    days: list[datetime] = []
    differences: list[Difference] = []
    for day in _days(sides, sample):
        if not go_on():
            break
        differences += _checked(sides, day)
        days.append(day)
    if days and go_on():
        _note(sides, len(differences))
    return Checked(tuple(days), tuple(differences))


def _days(sides: Sides, sample: int) -> list[datetime]:
    rolled = sa.func.date_trunc("day", ROLLED_HOURS.c.hour, "UTC", type_=sa.DateTime(timezone=True)).label("day")
    days = sa.select(rolled).distinct().order_by(rolled.desc())
    newest = days.limit(NEWEST_DAYS).subquery("newest")
    older = days.offset(NEWEST_DAYS).subquery("older")
    drawn = sa.select(older).order_by(sa.func.random()).limit(sample).subquery("drawn")
    with translated(SETTING), sides.store.connect() as connection:
        found = connection.execute(sa.union_all(sa.select(newest), sa.select(drawn))).scalars()
        return sorted(found, reverse=True)


def _checked(sides: Sides, day: datetime) -> tuple[Difference, ...]:
    span = Span(day, day + _DAY)
    with sides.locked() as (connection, state):
        if not sides.knows(state):
            return ()
        clean = _clean(connection, span)
        with sides.reading() as source:
            found = list(_differences(connection, sides, source, span, clean))
        if not found:
            return ()
        with sides.reading() as source:
            changed = set(sides.changed(source, state, clock.now(source, sides.schema)))
        mark(connection, sorted({one.hour for one in found}))
        return tuple(one for one in found if one.hour not in changed)


def _clean(connection: Connection, span: Span) -> frozenset[datetime]:
    hour = ROLLED_HOURS.c.hour
    question = sa.select(hour).where(hour >= span.since, hour < span.until, ~ROLLED_HOURS.c.dirty)
    return frozenset(connection.execute(question).scalars())


def _differences(
    store: Connection, sides: Sides, source: Connection, span: Span, clean: frozenset[datetime]
) -> Iterator[Difference]:
    asked = source, span.since, span.until
    users: dict[_Key, Tally] = {(one.hour, (one.digest,)): one.tally for one in sides.users(*asked)}
    yield from _compared(_kept(store, HOURLY_USAGE, ("digest",), span, tally), users, Tally(), clean, _user)
    kinds: dict[_Key, Tally] = {(one.hour, (one.kind,)): one.tally for one in sides.kinds(*asked)}
    yield from _compared(_kept(store, HOURLY_KINDS, ("kind",), span, tally), kinds, Tally(), clean, _kind)
    costs = {(one.hour, astuple(one.part)): one.tally for one in sides.costs(*asked)}
    yield from _compared(
        _kept(store, HOURLY_COSTS, PARTS, span, cost_calls.tally), costs, CostTally(), clean, _part
    )


def _kept(
    connection: Connection, table: sa.Table, of: Sequence[str], span: Span, tally: Callable[[sa.Row[Any]], T]
) -> dict[_Key, T]:
    question = sa.select(table).where(table.c.hour >= span.since, table.c.hour < span.until)
    found: dict[_Key, T] = {}
    for row in connection.execute(question):
        found[row.hour, tuple(row._mapping[name] for name in of)] = tally(row)
    return found


def _compared(
    kept: Mapping[_Key, T],
    found: Mapping[_Key, T],
    nothing: T,
    clean: frozenset[datetime],
    name: Callable[..., str],
) -> Iterator[Difference]:
    for hour, of in sorted(kept.keys() | found.keys()):
        before, now = kept.get((hour, of), nothing), found.get((hour, of), nothing)
        if before == now or hour not in clean:
            continue
        for column in (field.name for field in fields(nothing)):
            was, is_now = getattr(before, column), getattr(now, column)
            if was != is_now:
                yield Difference(hour, name(*of), column, was, is_now)


def _user(digest: str) -> str:
    return shown(digest) if digest else "no user"


def _kind(kind: str) -> str:
    return kind or "no kind"


def _part(*told: str) -> str:
    return " · ".join(one for one in told if one)


def _note(sides: Sides, differences: int) -> None:
    told = {"checked_at": sa.func.clock_timestamp(), "differences": differences}
    with sides.locked() as (connection, state):
        if sides.knows(state):
            connection.execute(ROLLUP_STATE.update().values(told))
