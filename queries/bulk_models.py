"""What the console's records of bulk actions answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

_NAMESPACE = UUID("6b1f5a52-6c54-4c9e-9f0d-0f6f3b0f7b11")


class BulkState(StrEnum):
    """Where a bulk action stands; stopped and finished are for good."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class ItemState(StrEnum):
    """Where one job of a bulk action stands; the last four are audit_models.Result."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    DONE = "done"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"


ENDED = (ItemState.DONE, ItemState.SKIPPED, ItemState.REFUSED, ItemState.FAILED)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it is kept; actions.errors.recalled(name, fields) gives it back."""

    name: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bulk:
    """One action on many jobs, and how far it is by the store's clock, now.

    filter is the query whose matches were taken, "" where jobs were chosen by hand. per_minute is None for as fast
    as the workers go. state_by is "" and why tells the reason where the console paused it by itself. held: a
    console works on it. last_minute counts the jobs that ended in the minute before now.
    """

    id: str
    created_at: datetime
    actor: str
    role: str
    action: str
    parameters: Mapping[str, Any]
    reason: str
    filter: str
    total: int
    estimate_usd: Decimal | None
    per_minute: int | None
    state: BulkState
    state_at: datetime
    state_by: str
    why: Failure | None
    held: bool
    ended_at: datetime | None
    counts: Mapping[ItemState, int]
    last_minute: int
    now: datetime

    @property
    def ended(self) -> int:
        """The jobs of which the outcome is known."""
        return sum(self.counts[state] for state in ENDED)

    @property
    def untouched(self) -> int:
        return self.counts[ItemState.WAITING]

    @property
    def going_on(self) -> bool:
        """Whether anything of it is still happening: it runs, or jobs are under way after a pause or stop."""
        return self.state is BulkState.RUNNING or self.counts[ItemState.UNDER_WAY] > 0

    @property
    def per_minute_now(self) -> float | None:
        """Jobs a minute that it ends, measured; None before the first ones ended."""
        age = min(timedelta(minutes=1), self.now - max(self.created_at, self.state_at))
        return self.last_minute / (age / timedelta(minutes=1)) if self.last_minute and age else None

    @property
    def remaining(self) -> timedelta | None:
        """How long it will take yet, at its pace or as fast as it was; None where nobody can tell."""
        rate = self.per_minute or self.per_minute_now
        if self.state is not BulkState.RUNNING or not rate:
            return None
        return timedelta(minutes=(self.total - self.ended) / rate)


@dataclass(frozen=True, slots=True)
class BulkJob:
    """One job of a bulk action: the state it was chosen in, and what came of it."""

    bulk_id: str
    position: int
    job_id: str
    attempt: int
    status: str
    step: str | None
    estimate_usd: Decimal | None
    state: ItemState
    message: str
    error: Failure | None
    began_at: datetime | None
    ended_at: datetime | None

    @property
    def request_id(self) -> str:
        """What the audit log has it under."""
        return request_id(self.bulk_id, self.job_id, self.attempt)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A page with its filters, kept under a name for everybody. query is the address's query text without "?"."""

    id: str
    name: str
    page: str
    query: str
    actor: str
    at: datetime


def request_id(bulk_id: str, job_id: str, attempt: int = 0) -> str:
    """The same for the same bulk action, job and attempt, so that whoever repeats one repeats nothing."""
    return str(uuid5(_NAMESPACE, "\n".join([bulk_id, job_id, *([str(attempt)] if attempt else [])])))
