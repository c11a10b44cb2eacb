"""How the roll-up of usage stands, in words for who runs the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import sqlalchemy as sa

from actions.keeper import Done, last_done
from dashboard import connections
from dashboard.duties import ROLLUP
from queries import rollups
from queries.database import translated
from queries.ops_store import (
    DUTIES,
    FIRST_SEEN,
    HOURLY_COSTS,
    HOURLY_KINDS,
    HOURLY_USAGE,
    ROLLED_HOURS,
    ROLLUP_STATE,
)
from queries.rollups import STALE_AFTER
from queries.usage_models import RollupState

# One that was killed in the middle is replaced, and one that is slow ends, well before.
LATE_AFTER = timedelta(minutes=10)
LIVE = "so usage is read from the service's tables, which is slower"
EMPTIED = (HOURLY_USAGE, HOURLY_KINDS, HOURLY_COSTS, ROLLED_HOURS, FIRST_SEEN)

Report: TypeAlias = tuple[bool, str, *tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Found:
    """state and last are None before the first time; may_write: the store's role has the rights it needs."""

    state: RollupState | None
    last: Done | None
    may_write: bool
    now: datetime


def said() -> Report:
    """Whether it is kept, up to when, when and by whom; and how to mend it. Raises DatabaseError."""
    with translated("OPS_STORE_URL"), connections.store().connect() as connection:
        found = _found(connection)
    state, last = found.state, found.last
    if not found.may_write and not connections.settings().read_only:
        return False, f"its tables may not be written by this role, {LIVE}. As their owner:", *_grants()
    if state is None or last is None:
        return False, f"never done, {LIVE}. A console that serves does it; or run: ops-dashboard rollup"
    if state.fingerprint != connections.aliases().fingerprint():
        return False, f"kept under another key of the aliases, {LIVE}. Give every console one OPS_ALIAS_KEY"
    if found.now - last.at > LATE_AFTER + timedelta(seconds=connections.settings().rollup_seconds):
        return (
            False,
            f"{_kept(state, last, found.now)}; after {_ago(STALE_AFTER)} without it, more and more is read live",
        )
    return True, _kept(state, last, found.now)


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _found(connection: sa.Connection) -> _Found:
    rights = [(table, "delete") for table in EMPTIED] + [(table, "truncate") for table in EMPTIED]
    rights += [(table, "update") for table in (ROLLUP_STATE, ROLLED_HOURS, FIRST_SEEN, DUTIES)]
    each = (sa.func.has_table_privilege(str(table), right) for table, right in rights)
    question = sa.select(sa.and_(*each), sa.func.clock_timestamp())
    may_write, now = connection.execute(question).one()
    return _Found(rollups.state(connection), last_done(connection, ROLLUP), may_write, now)


def _grants() -> tuple[str, ...]:
    emptied = ", ".join(map(str, EMPTIED))
    return (
        f"grant select, insert, update, delete, truncate on {emptied} to …;",
        f"grant select, insert, update on {ROLLUP_STATE}, {DUTIES} to …;",
    )


def _kept(state: RollupState, last: Done, now: datetime) -> str:
    until = "nothing to keep yet" if state.rolled_until is None else f"kept until {instant(state.rolled_until)}"
    waiting = f", {state.dirty_hours} changed hours wait" if state.dirty_hours else ""
    return f"{until}{waiting}; last done {_ago(now - last.at)} ago by {last.by}; {_checked(state, now)}"


def _checked(state: RollupState, now: datetime) -> str:
    if state.checked_at is None:
        return "not checked yet"
    found = f"{state.differences} differences, made anew" if state.differences else "no difference"
    return f"checked {_ago(now - state.checked_at)} ago: {found}"


def _ago(age: timedelta) -> str:
    """In the largest unit that fits."""
    for unit, name in ((timedelta(days=2), "days"), (timedelta(hours=2), "h"), (timedelta(minutes=2), "min")):
        if age >= unit:
            return f"{age // (unit / 2)} {name}"
    return f"{max(0, round(age.total_seconds()))} s"
