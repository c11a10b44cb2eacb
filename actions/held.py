"""The bulk actions in one process's hands, and what the store has yet to be told of them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf

from sqlalchemy import Connection

from actions import leases
from actions.audit import Outcome
from actions.bulk_steps import UNTOUCHED, Meaning
from actions.leases import Item, Leased, Settled
from actions.store import jsonable
from queries.bulk_models import BulkState
from queries.errors import OpsError

# One may be that job's own; three in a row would be the fourth's, too.
OUTAGE_STOP = 3


@dataclass(eq=False)
class Held:
    """A bulk action that this process works on. Instants are those of its own clock, in seconds.

    go: it runs. until: the lease's end. due: when to claim next, inf once no job waits. under_way: what the
    workers have, by position. doubt: a job ended in a way that only the audit log can explain. outages: how many
    in a row, and untouched those of them that are certain to be as before.
    """

    bulk: Leased
    go: bool = False
    until: float = 0.0
    due: float = 0.0
    under_way: dict[int, Future[Outcome | None]] = field(default_factory=dict)
    doubt: bool = False
    outages: int = 0
    untouched: list[int] = field(default_factory=list)

    @property
    def is_through(self) -> bool:
        """As far as is known here, nothing of it is left to do."""
        return self.due == inf and not self.under_way and not self.doubt

    def renew(self, bulk: Leased, until: float) -> None:
        """As the store has it now."""
        running = bulk.state == BulkState.RUNNING
        if running and not self.go:
            self._calm()
        elif self.go and not running:
            self._withdraw()
        self.bulk, self.go, self.until, self.due, self.doubt = bulk, running, until, 0.0, False

    def lose(self) -> None:
        """It is in other hands."""
        self.go, self.until = False, 0.0
        self._withdraw()

    def count(self, item: Item, meaning: Meaning) -> bool:
        """Whether this was the outage after which to stop, or another one after it."""
        if meaning.outage is None:
            self._calm()
            return False
        self.outages += 1
        if isinstance(meaning.outage, UNTOUCHED):
            self.untouched.append(item.position)
        return self.outages >= OUTAGE_STOP

    def _withdraw(self) -> None:
        """What the workers have not begun is not begun."""
        for future in tuple(self.under_way.values()):
            future.cancel()

    def _calm(self) -> None:
        self.outages = 0
        self.untouched.clear()


@dataclass
class Unwritten:
    """What the store has yet to be told; kept while it is away. Lists go by bulk action."""

    settled: list[Settled] = field(default_factory=list)
    untouched: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    waits: list[tuple[str, timedelta]] = field(default_factory=list)
    pauses: list[tuple[str, OpsError]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.settled)

    def add(self, held: Held, item: Item, meaning: Meaning) -> None:
        """The end of one job."""
        if meaning.settled is None:
            held.doubt = True
            return
        self.settled.append(meaning.settled)
        stopped = meaning.outcome is not None and held.count(item, meaning)
        if stopped:
            self.untouched.append((item.bulk_id, tuple(held.untouched)))
            held.untouched.clear()
        if why := meaning.pause or (meaning.outage if stopped else None):
            self.pauses.append((item.bulk_id, why))
            held.go = False
        if meaning.wait is not None:
            self.waits.append((item.bulk_id, meaning.wait))
            held.due = 0.0

    def write(self, connection: Connection, holder: str) -> None:
        leases.settle(connection, holder, self.settled)
        for bulk_id, positions in self.untouched:
            leases.put_back(connection, holder, bulk_id, positions)
        for bulk_id, wait in self.waits:
            leases.postpone(connection, holder, bulk_id, wait)
        for bulk_id, error in self.pauses:
            why = jsonable({"error": type(error).__name__, "fields": error.fields})
            leases.pause(connection, holder, bulk_id, why)
