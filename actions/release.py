"""What works off bulk actions: one thread a console process, so that they go on when a tab is closed.

The store has the truth: which bulk actions run, in whose hands they are, which of their jobs are under way. This
thread takes what is free, claims jobs as their pace allows, hands them to a few workers and writes down what came
of them. What a dead or stalled console left in the middle is looked up in the audit log before it is touched.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Self
from uuid import uuid4

import structlog

from actions import bulk_steps, leases
from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.errors import NotRecorded
from actions.held import Held, Unwritten
from actions.leases import Item, Settled
from actions.store import writing
from queries import audit_log
from queries.audit_models import AuditAct
from queries.bulk_models import ItemState

log = structlog.get_logger(__name__)

# A retry is one short call: eight at once finish 1,000 in well under a minute, and leave most of the service's
# connections to its users.
WORKERS = 8
# A pause, a stop or a new pace takes effect after this at the latest.
POLL = timedelta(seconds=1)
# A console that was killed is replaced after this; one that merely stalls, say for a slow query, is not.
LEASE = timedelta(seconds=15)
# Some of the 30 s that a container is usually given to end.
CLOSED_WITHIN = timedelta(seconds=10)
# What ended is written down after this at the latest, even if the workers still have enough to do.
LINGER = timedelta(milliseconds=100)


class Runner:
    """start() it, wake() it when there is something new, close() it; it may be shared by threads.

    told hears of each action's outcome, in the runner's own thread. A read-only console has nothing to run.
    """

    def __init__(
        self,
        door: Door,
        client: Callable[[], ServiceClient],
        *,
        told: Callable[[str, Outcome], None] = lambda _action, _outcome: None,
        lease: timedelta = LEASE,
        poll: timedelta = POLL,
    ) -> None:
        self._door, self._client, self._told, self._lease, self._poll = door, client, told, lease, poll
        self._holder = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="bulk")
        self._ended: SimpleQueue[tuple[Held, Item, Future[Outcome | None]] | None] = SimpleQueue()
        self._held: dict[str, Held] = {}
        self._unwritten = Unwritten()
        self._look_at = 0.0
        self._closing = Event()
        self._is_waiting = False
        self._thread = Thread(target=self._run, name="bulk-release", daemon=True)

    def start(self) -> Self:
        if not self._door.read_only:
            self._thread.start()
        return self

    def wake(self) -> None:
        """Look for something to do at once."""
        self._ended.put(None)

    def close(self, within: timedelta = CLOSED_WITHIN) -> bool:
        """Finish the jobs under way, and let others go on with the rest at once.

        False: its store hangs, so that it was left in the middle; others go on when its leases run out.
        """
        self._closing.set()
        self.wake()
        if self._thread.ident is not None:
            self._thread.join(within.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closing.is_set():
            with self._patiently():
                self._turn()
        self._executor.shutdown(cancel_futures=True)
        with self._patiently():
            self._let_go()

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        """A store that is away is waited for; the log hears of it once."""
        try:
            yield
        except NotRecorded as error:
            if not self._is_waiting:
                log.warning("bulk actions wait for the store", detail=error.fields["detail"])
            self._is_waiting = True
            self._closing.wait(self._poll.total_seconds())
        else:
            self._is_waiting = False

    def _turn(self) -> None:
        self._gather(self._seconds_to_wait())
        self._write()
        if time.monotonic() >= self._look_at or any(held.is_through for held in self._held.values()):
            self._look()
        self._claim()

    def _seconds_to_wait(self) -> float:
        """Until there is something to do, unless a worker's report or somebody who wakes it comes first."""
        dues = [held.due for held in self._held.values() if held.go] if self._room >= WORKERS else []
        return max(0.0, min([self._look_at, *dues]) - time.monotonic())

    @property
    def _room(self) -> int:
        """How many jobs may be claimed: as many wait for the workers as they have in their hands."""
        return 2 * WORKERS - sum(len(held.under_way) for held in self._held.values())

    def _gather(self, seconds: float) -> None:
        """What the workers report in so many seconds at most; several together, to be written together."""
        until = time.monotonic() + seconds
        try:
            while True:
                report = self._ended.get(timeout=max(0.0, until - time.monotonic()))
                if report is None:
                    self._look_at = until = 0.0
                    continue
                self._sort(*report)
                linger = 0.0 if self._room >= WORKERS else LINGER.total_seconds()
                until = min(until, time.monotonic() + linger)
        except Empty:
            return

    def _sort(self, held: Held, item: Item, ended: Future[Outcome | None]) -> None:
        if self._held.get(item.bulk_id) is not held:
            return  # it is in other hands, which look the job up
        del held.under_way[item.position]
        meant = bulk_steps.meaning(item, ended)
        if meant.outcome is not None:
            self._told(held.bulk.action, meant.outcome)
        self._unwritten.add(held, item, meant)

    def _write(self) -> None:
        if self._unwritten:
            with writing(self._door.store) as connection:
                self._unwritten.write(connection, self._holder)
            self._unwritten = Unwritten()

    def _look(self) -> None:
        """Let go of what is through, renew the leases, take what is free, settle what was left in the middle."""
        until = time.monotonic() + self._lease.total_seconds()
        with writing(self._door.store) as connection:
            leases.end(connection, self._holder)
            mine = leases.renew(connection, self._holder, self._lease)
            mine += leases.take(connection, self._holder, self._lease)
        for lost in self._held.keys() - {bulk.id for bulk in mine}:
            self._held[lost].lose()
        self._held = {bulk.id: self._held.get(bulk.id) or Held(bulk) for bulk in mine}
        for bulk in mine:
            self._held[bulk.id].renew(bulk, until)
        self._resolve()
        self._look_at = time.monotonic() + self._poll.total_seconds()

    def _resolve(self) -> None:
        """Jobs that are under way, but with none of the workers here: the audit log knows how far they came."""
        if not self._held:
            return
        with writing(self._door.store) as connection:
            begun = leases.under_way(connection, list(self._held))
            astray = [item for item in begun if item.position not in self._held[item.bulk_id].under_way]
            acts = audit_log.of_requests(connection, [item.request_id for item in astray]) if astray else {}
        for item in astray:
            self._settle(self._held[item.bulk_id], item, acts.get(item.request_id))
        self._write()

    def _settle(self, held: Held, item: Item, recorded: AuditAct | None) -> None:
        """As it is recorded; once more where only the intent is; as new where nothing is."""
        if recorded is not None and recorded.result is not None:
            self._unwritten.settled.append(bulk_steps.taken_over(item, recorded))
        elif recorded is None and not held.go:
            self._unwritten.settled.append(Settled(item.bulk_id, item.position, ItemState.WAITING))
        elif not self._closing.is_set():
            self._submit(held, replace(item, begun=recorded is not None))

    def _claim(self) -> None:
        """What may begin now, in turns where there are several."""
        room, now = self._room, time.monotonic()
        ready = sorted((held for held in self._held.values() if held.go and held.due <= now), key=_due)
        if room < WORKERS or not ready:
            return
        share = max(1, room // len(ready))
        with writing(self._door.store) as connection:
            claims = [(held, leases.claim(connection, self._holder, held.bulk.id, share)) for held in ready[:room]]
        for held, claimed in claims:
            if claimed is None:
                self._look_at, held.due = 0.0, inf
                continue
            held.due = now + claimed.wait.total_seconds() if claimed.items or claimed.wait else inf
            for item in claimed.items:
                self._submit(held, item)

    def _submit(self, held: Held, item: Item) -> None:
        future = self._executor.submit(self._act, held, item)
        held.under_way[item.position] = future
        future.add_done_callback(partial(self._report, held, item))

    def _report(self, held: Held, item: Item, ended: Future[Outcome | None]) -> None:
        self._ended.put((held, item, ended))

    def _act(self, held: Held, item: Item) -> Outcome | None:
        """None where it is not begun: the bulk action was paused meanwhile, or its lease ran out."""
        if time.monotonic() >= held.until or not (held.go or item.begun):
            return None
        return bulk_steps.act(self._door, self._client, held.bulk, item)

    def _let_go(self) -> None:
        for held in self._held.values():
            held.go = False
        self._gather(0)
        self._write()
        self._resolve()
        with writing(self._door.store) as connection:
            leases.give_back(connection, self._holder)


def _due(held: Held) -> float:
    return held.due
