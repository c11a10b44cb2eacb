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
    """One line of the audit log. result and message are None on an intent.

    position counts the lines without a gap; hash is over previous, which is the hash of the line before, and all
    other fields. Both are given by the database. phase and result are those of Phase and Result, unless somebody
    changed them past every check.
    """

    id: int
    at: datetime
    request_id: str
    phase: str
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
    result: str | None
    message: str | None
    position: int
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where the chain of the audit log ends: the position and hash of its last line, 0 and zeros while empty."""

    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditAct:
    """An intent with its outcome. result, message, ended_at and after are None while the outcome is not known.

    under_way: it is not known yet, since the intent is so young; later it is lost.
    """

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
    under_way: bool


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """How many acts, by how many people, and what came of them; unknown ones are no longer under way."""

    acts: int
    actors: int
    by_result: Mapping[Result, int]
    under_way: int
    unknown: int


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty fields do not filter. result may also be "unknown": an intent without an outcome, not under way.

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
