"""Who works on which bulk action: one console at a time, by a lease in the store; and what it does to the rows.

Every change asks whether the lease is still the holder's, so that a console which wakes up after its lease went to
another changes nothing. The time is the store's clock. All raise SQLAlchemy's errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from actions.store import recordset
from queries.bulk_models import BulkState, ItemState, request_id
from queries.models import Job
from queries.ops_store import BULK_JOBS, BULKS

# After a stall the pace goes on, it does not catch up: at most this much is released at once.
BURST = timedelta(seconds=1)
_NOW = sa.func.clock_timestamp()
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Leased:
    """A bulk action in this console's hands."""

    id: str
    actor: str
    role: str
    action: str
    parameters: Mapping[str, Any]
    reason: str
    state: str


@dataclass(frozen=True, slots=True)
class Item:
    """One job of it that is this console's to act on; job is as it was shown when it was chosen.

    begun: another console began it, and only it knew what came of it.
    """

    bulk_id: str
    position: int
    attempt: int
    job: Job
    begun: bool = False

    @property
    def request_id(self) -> str:
        return request_id(self.bulk_id, self.job.id, self.attempt)


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a job goes that was under way. again: it is as if it had not been tried, under a new request id."""

    bulk_id: str
    position: int
    state: ItemState
    message: str = ""
    error: Mapping[str, object] | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """Jobs to act on now, and how long until more may be claimed."""

    items: tuple[Item, ...]
    wait: timedelta


def renew(connection: Connection, holder: str, lease: timedelta) -> tuple[Leased, ...]:
    """All that the holder still has, for another term; also after a term that nobody else took."""
    return _leased(connection, BULKS.c.holder == holder, holder, lease)


def take(connection: Connection, holder: str, lease: timedelta) -> tuple[Leased, ...]:
    """All that have something to do and are in nobody's hands."""
    free = sa.or_(BULKS.c.holder.is_(None), BULKS.c.leased_until < _NOW)
    to_do = sa.or_(BULKS.c.state.in_((BulkState.RUNNING, BulkState.STOPPED)), _any_job(ItemState.UNDER_WAY))
    found = sa.select(BULKS.c.id).where(BULKS.c.ended_at.is_(None), free, to_do).with_for_update(skip_locked=True)
    return _leased(connection, BULKS.c.id.in_(found), holder, lease)


def end(connection: Connection, holder: str) -> None:
    """Let go of all that have nothing to do any more; those that ran to their end are finished."""
    running = BULKS.c.state == BulkState.RUNNING
    idle = sa.and_(
        BULKS.c.holder == holder,
        ~_any_job(ItemState.UNDER_WAY),
        sa.or_(~running, ~_any_job(ItemState.WAITING)),
    )
    values = {
        "holder": None,
        "leased_until": None,
        "state": sa.case((running, BulkState.FINISHED), else_=BULKS.c.state),
        "state_at": sa.case((running, _NOW), else_=BULKS.c.state_at),
        "ended_at": sa.case((BULKS.c.state == BulkState.PAUSED, None), else_=_NOW),
    }
    connection.execute(BULKS.update().where(idle).values(values))


def give_back(connection: Connection, holder: str) -> None:
    """Let go of everything at once, so that another console goes on without waiting for the term's end."""
    free = {"holder": None, "leased_until": None}
    connection.execute(BULKS.update().where(BULKS.c.holder == holder).values(free))


def claim(connection: Connection, holder: str, bulk_id: str, room: int) -> Claimed | None:
    """Up to room jobs, as its pace allows; None where it does not run or is in other hands."""
    mine = sa.and_(BULKS.c.id == bulk_id, BULKS.c.holder == holder, BULKS.c.state == BulkState.RUNNING)
    locked = sa.select(BULKS.c.per_minute, BULKS.c.next_at, _NOW.label("now")).where(mine).with_for_update()
    row = connection.execute(locked).one_or_none()
    if row is None:
        return None
    number, next_at = due(row.per_minute, row.next_at or row.now, row.now, room)
    if number == 0:
        return Claimed((), next_at - row.now)
    connection.execute(BULKS.update().where(BULKS.c.id == bulk_id).values(next_at=next_at))
    return Claimed(_began(connection, bulk_id, number), max(next_at - row.now, timedelta(0)))


def due(per_minute: int | None, next_at: datetime, now: datetime, room: int) -> tuple[int, datetime]:
    """How many jobs may begin now, at most room, and when the next one may after them."""
    if next_at > now:
        return 0, next_at
    if per_minute is None:
        return room, next_at
    between = _MINUTE / per_minute
    most = max(1, ceil(BURST / between))
    first = max(next_at, now - (most - 1) * between)
    number = min(room, 1 + (now - first) // between)
    return number, first + number * between


def under_way(connection: Connection, bulk_ids: Sequence[str]) -> tuple[Item, ...]:
    """What the holder before left in the middle."""
    jobs = BULK_JOBS.c
    there = sa.and_(jobs.bulk_id.in_(bulk_ids), jobs.state == ItemState.UNDER_WAY)
    question = sa.select(*_ITEM).where(there).order_by(jobs.bulk_id, jobs.position)
    return tuple(map(_item, connection.execute(question)))


def settle(connection: Connection, holder: str, settled: Sequence[Settled]) -> None:
    """Write where jobs went that were under way; without effect on those in other hands. One statement for all."""
    rows = _rows(settled)
    jobs, waits = BULK_JOBS.c, rows.c.state == ItemState.WAITING
    there = sa.and_(
        jobs.bulk_id == rows.c.bulk_id,
        jobs.position == rows.c.position,
        jobs.state == ItemState.UNDER_WAY,
        sa.exists().where(BULKS.c.id == rows.c.bulk_id, BULKS.c.holder == holder),
    )
    values = {
        "state": rows.c.state,
        "message": rows.c.message,
        "error": rows.c.error,
        "attempt": jobs.attempt + sa.cast(rows.c.again, sa.Integer),
        "began_at": sa.case((waits, None), else_=jobs.began_at),
        "ended_at": sa.case((waits, None), else_=_NOW),
    }
    connection.execute(BULK_JOBS.update().where(there).values(values))


def put_back(connection: Connection, holder: str, bulk_id: str, positions: Sequence[int]) -> None:
    """Jobs that an outage turned away untouched wait again."""
    jobs = BULK_JOBS.c
    mine = sa.exists().where(BULKS.c.id == bulk_id, BULKS.c.holder == holder)
    ended = jobs.state.in_((ItemState.FAILED, ItemState.REFUSED))
    there = sa.and_(jobs.bulk_id == bulk_id, jobs.position.in_(positions), ended, mine)
    values = {"state": ItemState.WAITING, "message": "", "error": None, "began_at": None, "ended_at": None}
    connection.execute(BULK_JOBS.update().where(there).values(**values, attempt=jobs.attempt + 1))


def postpone(connection: Connection, holder: str, bulk_id: str, wait: timedelta) -> None:
    """Begin no further job before that."""
    mine = sa.and_(BULKS.c.id == bulk_id, BULKS.c.holder == holder)
    later = sa.func.greatest(BULKS.c.next_at, _NOW + wait)
    connection.execute(BULKS.update().where(mine).values(next_at=later))


def pause(connection: Connection, holder: str, bulk_id: str, why: Mapping[str, object]) -> None:
    """By itself: begin no further job until somebody resumes it."""
    mine = sa.and_(BULKS.c.id == bulk_id, BULKS.c.holder == holder, BULKS.c.state == BulkState.RUNNING)
    values = {"state": BulkState.PAUSED, "state_at": _NOW, "state_by": "", "why": why}
    connection.execute(BULKS.update().where(mine).values(values))


def _leased(
    connection: Connection, which: sa.ColumnElement[bool], holder: str, lease: timedelta
) -> tuple[Leased, ...]:
    shown = (BULKS.c[name] for name in Leased.__dataclass_fields__)
    taken = BULKS.update().where(which).values(holder=holder, leased_until=_NOW + lease).returning(*shown)
    return tuple(Leased(*row) for row in connection.execute(taken))


def _any_job(state: ItemState) -> sa.ColumnElement[bool]:
    return sa.exists().where(BULK_JOBS.c.bulk_id == BULKS.c.id, BULK_JOBS.c.state == state)


_ITEM = tuple(BULK_JOBS.c[name] for name in ("bulk_id", "position", "attempt", "job_id", "expected"))


def _began(connection: Connection, bulk_id: str, number: int) -> tuple[Item, ...]:
    jobs = BULK_JOBS.c
    waiting = sa.and_(jobs.bulk_id == bulk_id, jobs.state == ItemState.WAITING)
    first = sa.select(jobs.position).where(waiting).order_by(jobs.position).limit(number).scalar_subquery()
    begin = BULK_JOBS.update().where(waiting, jobs.position.in_(first))
    begun = begin.values(state=ItemState.UNDER_WAY, began_at=_NOW).returning(*_ITEM)
    return tuple(sorted(map(_item, connection.execute(begun)), key=lambda item: item.position))


def _item(row: sa.Row[Any]) -> Item:
    kept: dict[str, Any] = dict(row.expected)
    for name in ("created_at", "updated_at"):
        kept[name] = datetime.fromisoformat(kept[name])
    return Item(row.bulk_id, row.position, row.attempt, Job(id=row.job_id, **kept))


def _rows(settled: Sequence[Settled]) -> sa.TableValuedAlias:
    columns = [BULK_JOBS.c[name] for name in ("bulk_id", "position", "state", "message", "error")]
    return recordset(list(map(asdict, settled)), [*columns, sa.column("again", sa.Boolean)])
