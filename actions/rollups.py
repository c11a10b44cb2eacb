"""Usage and costs of closed hours, kept as sums in the console's own tables: made anew whole, never counted on.

Every transaction first locks the roll-up's one row of state, reads the source while it holds it, and writes. So
what is killed in the middle leaves nothing half done, and of two at work each goes on from what the other made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert

from actions import rolled_hours
from actions.store import keeping
from queries import clock, cost_calls, usage
from queries.aliases import Aliases
from queries.cost_models import CostHour
from queries.database import translated
from queries.ops_store import (
    FIRST_SEEN,
    HOURLY_COSTS,
    HOURLY_KINDS,
    HOURLY_USAGE,
    ROLLED_HOURS,
    ROLLUP_STATE,
    SETTING,
)
from queries.rollups import CLOSED_AFTER, HOUR
from queries.schema import ServiceSchema
from queries.usage_models import KindHour, UserHour

# Hours made anew at a time: a fraction of a second at 50,000 jobs a day, and how long close() waits.
CHUNK = 24
# A change carries the time at which it was made, by whatever clock made it, and shows only once it is committed:
# what is older than this when it shows is left to the check.
OVERLAP = timedelta(minutes=10)
# The store's transaction is idle while the source is read. Nobody but another roll-up waits for it.
PATIENCE = sa.text("set local idle_in_transaction_session_timeout = '2min'")

_INSTANT = sa.DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class RolledUp:
    """Hours that one run made anew, and those left where it was broken off; until: where the closed hours end."""

    hours: int
    left: int
    until: datetime


def always() -> bool:
    """Nothing breaks it off."""
    return True


def roll_up(
    source: Engine,
    schema: ServiceSchema,
    aliases: Aliases,
    store: Engine,
    *,
    anew: bool = False,
    go_on: Callable[[], bool] = always,
) -> RolledUp:
    """Bring the store's hours up to date with the source's, newest first; all of them where anew is asked for.

    go_on is asked between transactions. Hours that were kept under another key of the aliases are forgotten.
    Raises NotKept where the store may not be written, and DatabaseError.
    """
    sides = Sides(source, schema, aliases, store)
    until = _noticed(sides, anew=anew)
    hours = 0
    while go_on() and (made := _made_anew(sides, until)):
        hours += made
    with translated(SETTING), store.connect() as connection:
        left = sa.select(sa.func.count()).select_from(_to_do(until).subquery())
        return RolledUp(hours, connection.execute(left).scalar_one(), until)


@dataclass(frozen=True, slots=True)
class Sides:
    """Where usage is read and where its sums are kept, which may be two databases."""

    source: Engine
    schema: ServiceSchema
    aliases: Aliases
    store: Engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with translated("OPS_DATABASE_URL"), self.source.connect() as connection:
            yield connection

    @contextmanager
    def locked(self) -> Iterator[tuple[Connection, sa.Row[Any]]]:
        """A transaction that is alone with the roll-up, and the state that it found; raises NotKept."""
        first = insert(ROLLUP_STATE).values(fingerprint=self.aliases.fingerprint()).on_conflict_do_nothing()
        with keeping(self.store) as connection:
            connection.execute(PATIENCE)
            connection.execute(first)
            yield connection, connection.execute(sa.select(ROLLUP_STATE).with_for_update()).one()

    def knows(self, state: sa.Row[Any]) -> bool:
        """Whether what is kept goes by the digests of this console's key."""
        return bool(state.fingerprint == self.aliases.fingerprint())

    def changed(self, source: Connection, state: sa.Row[Any], until: datetime) -> tuple[datetime, ...]:
        """The hours that may have changed since the state was written."""
        if state.seen_until is None:
            return ()
        return usage.changed_hours(source, self.schema, state.seen_until - OVERLAP, until)

    def users(self, source: Connection, since: datetime, until: datetime) -> tuple[UserHour, ...]:
        return usage.hourly_usage(source, self.schema, self.aliases, since, until)

    def kinds(self, source: Connection, since: datetime, until: datetime) -> tuple[KindHour, ...]:
        return usage.hourly_kinds(source, self.schema, since, until)

    def costs(self, source: Connection, since: datetime, until: datetime) -> tuple[CostHour, ...]:
        return cost_calls.hourly_costs(source, self.schema, since, until)


def mark(connection: Connection, hours: Sequence[datetime]) -> None:
    """These hours, as far as they are rolled, are to be made anew, and read live until then."""
    there = sa.and_(ROLLED_HOURS.c.hour == rolled_hours.any_hour(hours), ~ROLLED_HOURS.c.dirty)
    connection.execute(ROLLED_HOURS.update().where(there).values(dirty=True))


def _noticed(sides: Sides, *, anew: bool) -> datetime:
    """Mark what changed since the last run; answers where the closed hours end."""
    with sides.reading() as source:
        now, first = clock.now(source, sides.schema), usage.first_hour(source, sides.schema)
    with sides.locked() as (connection, state):
        if anew or not sides.knows(state):
            _forget(connection)
        else:
            with sides.reading() as source:
                mark(connection, sides.changed(source, state, now))
        noticed = {"fingerprint": sides.aliases.fingerprint(), "first_hour": first, "seen_until": now}
        connection.execute(ROLLUP_STATE.update().values(noticed))
    return (now - CLOSED_AFTER).replace(minute=0, second=0, microsecond=0)


def _forget(connection: Connection) -> None:
    names = (str(table) for table in (HOURLY_USAGE, HOURLY_KINDS, HOURLY_COSTS, FIRST_SEEN, ROLLED_HOURS))
    connection.execute(sa.text(f"truncate {', '.join(names)}"))
    connection.execute(ROLLUP_STATE.update().values(checked_at=None, differences=None))


def _made_anew(sides: Sides, until: datetime) -> int:
    """The newest hours to do that follow each other, in one transaction; how many there were."""
    with sides.locked() as (connection, state):
        newest = connection.execute(_to_do(until).order_by(sa.desc("hour")).limit(CHUNK)).scalars().all()
        if not newest or not sides.knows(state):
            return 0
        hours = [hour for number, hour in enumerate(newest) if newest[0] - hour == number * HOUR]
        span = hours[-1], hours[0] + HOUR
        with sides.reading() as source:
            users, kinds = sides.users(source, *span), sides.kinds(source, *span)
            costs = sides.costs(source, *span)
        rolled_hours.keep_users(connection, hours, users)
        rolled_hours.keep_kinds(connection, hours, kinds)
        rolled_hours.keep_costs(connection, hours, costs)
        _settle(connection, hours)
    return len(hours)


def _to_do(until: datetime) -> sa.CompoundSelect[Any]:
    """Closed hours that are not rolled, and those that are dirty."""
    every = sa.literal(HOUR, sa.Interval())
    last = sa.literal(until - HOUR, _INSTANT)
    closed = sa.func.generate_series(ROLLUP_STATE.c.first_hour, last, every, type_=_INSTANT).label("hour")
    hours = sa.select(closed).select_from(ROLLUP_STATE).subquery("closed")
    rolled = sa.exists().where(ROLLED_HOURS.c.hour == hours.c.hour)
    dirty = sa.select(ROLLED_HOURS.c.hour).where(ROLLED_HOURS.c.dirty)
    return sa.select(hours.c.hour).where(~rolled).union_all(dirty)


def _settle(connection: Connection, hours: Sequence[datetime]) -> None:
    asked = sa.func.unnest(sa.literal(list(hours), sa.ARRAY(_INSTANT)))
    done = asked.table_valued("hour").render_derived("done")
    settled = insert(ROLLED_HOURS).from_select(["hour"], sa.select(done.c.hour))
    values = {"rolled_at": sa.func.clock_timestamp(), "dirty": False}
    connection.execute(settled.on_conflict_do_update(index_elements=["hour"], set_=values))
