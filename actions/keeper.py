"""What one console at a time does for all, now and then: by a lease in the store, in a thread of its own.

Whoever is killed is replaced when the lease runs out. What a duty does has to bear being done twice.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any, Self
from uuid import uuid4

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert

from actions.store import keeping
from queries.errors import OpsError
from queries.ops_store import DUTIES

log = structlog.get_logger(__name__)

GoOn = Callable[[], bool]
# Longer than the slowest step between two questions whether to go on.
LEASE = timedelta(minutes=2)
# How late a duty may begin.
POLL = timedelta(seconds=15)
# Some of the 30 s that a container is usually given to end.
CLOSED_WITHIN = timedelta(seconds=5)
# What failed is tried again after this.
RETRY = timedelta(minutes=1)

_NOW = sa.func.clock_timestamp()
_FREE: dict[str, Any] = {"holder": None, "leased_until": None}


@dataclass(frozen=True, slots=True)
class Duty:
    """run is told what to ask, between its steps, before it goes on; it is due so long after it was last done."""

    name: str
    every: timedelta
    run: Callable[[GoOn], object]


def attend(store: Engine, duty: Duty, *, go_on: GoOn = lambda: True, lease: timedelta = LEASE) -> bool:
    """Do the duty if it is due and in nobody's hands; answers whether it was begun here.

    Raises NotKept, DatabaseError, and what the duty raises.
    """
    holder = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
    if not _taken(store, duty, holder, lease):
        return False
    whole = True

    def still() -> bool:
        nonlocal whole
        whole = whole and go_on() and _renewed(store, duty, holder, lease)
        return whole

    done: dict[str, Any] = {}
    try:
        duty.run(still)
        if whole:
            done = {"done_at": _NOW, "done_by": holder}
    finally:
        _change(store, duty, holder, _FREE | done)
    return True


@dataclass(frozen=True, slots=True)
class Done:
    """When a duty was last done to the end, and by which process."""

    at: datetime
    by: str


def last_done(connection: Connection, name: str) -> Done | None:
    """None where it never was. Raises SQLAlchemy's errors."""
    done = DUTIES.c.done_at, DUTIES.c.done_by
    row = connection.execute(sa.select(*done).where(DUTIES.c.name == name, done[0].is_not(None))).one_or_none()
    return None if row is None else Done(*row)


class Keeper:
    """start() it and close() it; told hears of each duty whether it was done, in the keeper's own thread."""

    def __init__(
        self,
        store: Engine,
        duties: Sequence[Duty],
        *,
        told: Callable[[str, bool], None] = lambda _name, _done: None,
        lease: timedelta = LEASE,
        poll: timedelta = POLL,
        retry: timedelta = RETRY,
    ) -> None:
        self._store, self._duties, self._told = store, duties, told
        self._lease, self._poll, self._retry = lease, poll, retry
        self._not_before: dict[str, float] = {}
        self._closing = Event()
        self._thread = Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> Self:
        self._thread.start()
        return self

    def close(self, within: timedelta = CLOSED_WITHIN) -> bool:
        """End what is being done at its next step; another console goes on with it. False: it hangs in one."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(within.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closing.is_set():
            for duty in self._duties:
                if self._is_open() and time.monotonic() >= self._not_before.get(duty.name, 0.0):
                    self._attend(duty)
            self._closing.wait(self._poll.total_seconds())

    def _is_open(self) -> bool:
        return not self._closing.is_set()

    def _attend(self, duty: Duty) -> None:
        """A source that is away is waited for; the log hears of it once."""
        try:
            begun = attend(self._store, duty, go_on=self._is_open, lease=self._lease)
        except OpsError as error:
            if duty.name not in self._not_before:
                log.warning("a duty waits", duty=duty.name, detail=str(error))
            self._not_before[duty.name] = time.monotonic() + self._retry.total_seconds()
            self._told(duty.name, False)
            return
        if begun:
            self._not_before.pop(duty.name, None)
            self._told(duty.name, True)


def _taken(store: Engine, duty: Duty, holder: str, lease: timedelta) -> bool:
    kept, term = DUTIES.c, {"holder": holder, "leased_until": _NOW + lease}
    free = sa.or_(kept.holder.is_(None), kept.leased_until < _NOW)
    due = sa.or_(kept.done_at.is_(None), kept.done_at <= _NOW - duty.every)
    first = insert(DUTIES).values(name=duty.name, **term)
    taken = first.on_conflict_do_update(index_elements=["name"], set_=term, where=sa.and_(free, due))
    with keeping(store) as connection:
        return connection.execute(taken.returning(kept.name)).first() is not None


def _renewed(store: Engine, duty: Duty, holder: str, lease: timedelta) -> bool:
    """Also after a term that nobody else took."""
    return _change(store, duty, holder, {"leased_until": _NOW + lease})


def _change(store: Engine, duty: Duty, holder: str, values: dict[str, Any]) -> bool:
    """Whether it was still in the holder's hands."""
    mine = sa.and_(DUTIES.c.name == duty.name, DUTIES.c.holder == holder)
    with keeping(store) as connection:
        return connection.execute(DUTIES.update().where(mine).values(values)).rowcount == 1
