"""Whether what was rolled up still is what the source says: a sample of days is counted again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from actions.rollups import Sides, always, mark
from queries import clock
from queries.aliases import Aliases, shown
from queries.database import translated
from queries.ops_store import HOURLY_KINDS, HOURLY_USAGE, ROLLED_HOURS, ROLLUP_STATE, SETTING
from queries.schema import ServiceSchema
from queries.usage_models import Span, Tally
from queries.usage_sources import tally

# Where most changes happen; always looked at.
NEWEST_DAYS = 2
# Drawn anew each time: checked daily, a quarter is through in some weeks.
SAMPLE_DAYS = 5

_DAY = timedelta(days=1)
_NOTHING = Tally()
_Key = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One sum of one hour (UTC): of a user by their alias, or of a kind of work."""

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
            users = {(one.hour, one.digest): one.tally for one in sides.users(source, span.since, span.until)}
            kinds = {(one.hour, one.kind): one.tally for one in sides.kinds(source, span.since, span.until)}
        found = list(_compared(_kept(connection, HOURLY_USAGE, "digest", span), users, clean, _user))
        found += _compared(_kept(connection, HOURLY_KINDS, "kind", span), kinds, clean, _kind)
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


def _kept(connection: Connection, table: sa.Table, told_apart: str, span: Span) -> dict[_Key, Tally]:
    question = sa.select(table).where(table.c.hour >= span.since, table.c.hour < span.until)
    return {(row.hour, row._mapping[told_apart]): tally(row) for row in connection.execute(question)}


def _compared(
    kept: Mapping[_Key, Tally], found: Mapping[_Key, Tally], clean: frozenset[datetime], name: Callable[[str], str]
) -> Iterator[Difference]:
    for key in sorted(kept.keys() | found.keys()):
        before, now = kept.get(key, _NOTHING), found.get(key, _NOTHING)
        if before == now or key[0] not in clean:
            continue
        for column in (field.name for field in fields(Tally)):
            was, is_now = getattr(before, column), getattr(now, column)
            if was != is_now:
                yield Difference(key[0], name(key[1]), column, was, is_now)


def _user(digest: str) -> str:
    return shown(digest) if digest else "no user"


def _kind(kind: str) -> str:
    return kind or "no kind"


def _note(sides: Sides, differences: int) -> None:
    told = {"checked_at": sa.func.clock_timestamp(), "differences": differences}
    with sides.locked() as (connection, state):
        if sides.knows(state):
            connection.execute(ROLLUP_STATE.update().values(told))
