"""What the console's own records answer with: the audit log and the notes on jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    INTENT = "intent"
    OUTCOME = "outcome"


class Result(StrEnum):
    """What came of one action on one target."""

    DONE = "done"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log. result and message are None on an intent."""

    id: int
    at: datetime
    request_id: str
    phase: Phase
    actor: str
    role: str
    action: str
    target_kind: str
    target_id: str
    reason: str
    batch_id: str | None
    parameters: str
    before: str | None
    after: str | None
    result: Result | None
    message: str | None


@dataclass(frozen=True, slots=True)
class AuditAct:
    """An intent with its outcome. result, message, ended_at and after are None while the outcome is not known."""

    id: int
    at: datetime
    request_id: str
    actor: str
    role: str
    action: str
    target_kind: str
    target_id: str
    reason: str
    batch_id: str | None
    parameters: str
    before: str | None
    after: str | None
    result: Result | None
    message: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """How many acts, by how many people, and what came of them."""

    acts: int
    actors: int
    by_result: Mapping[Result, int]
    unknown: int


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty fields do not filter. result may also be "unknown": an intent without an outcome.

    target_id matches anywhere in the target's id; target is the whole id.
    """

    actor: str = ""
    action: str = ""
    target_id: str = ""
    target: str = ""
    result: str = ""
    request_id: str = ""
    batch_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The newest note on a stuck job; snoozed_until is None when it was only acknowledged."""

    job_id: str
    at: datetime
    actor: str
    note: str
    snoozed_until: datetime | None
