"""What the questions about one job answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's history. detail is its JSON, flat; actor is None where nobody is named."""

    attempt: int
    at: datetime
    event: str
    detail: Mapping[str, str]
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class JobEvents:
    """The newest events, oldest first; capped when there are more."""

    events: tuple[JobEvent, ...]
    capped: bool


class Ending(StrEnum):
    """What ended a span of a job's time. OPEN: nothing yet. LOST: somebody else took the job up again."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    OPEN = "open"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Span:
    """What a job did from one event to the next, in one attempt.

    name is the step's, "queued" while it waited, or the name of an event that is no span (ending MARK). ended is
    None while it lasts. cause is the event that let it wait, by who did that or ended it, why what was said of it.
    images are those of the step that were told of, total how many there are to be, placeholders those given up.
    """

    attempt: int
    name: str
    began: datetime
    ended: datetime | None = None
    ending: Ending = Ending.OPEN
    cause: str = ""
    by: str = ""
    why: str = ""
    images: int = 0
    total: int | None = None
    placeholders: int = 0

    def lasted(self, now: datetime) -> timedelta:
        """Until its end, or until now."""
        return max((self.ended or now) - self.began, timedelta(0))


@dataclass(frozen=True, slots=True)
class Calls:
    """Provider calls of one attempt, step, provider and outcome. usd is the sum of those with a price."""

    attempt: int
    step: str
    provider: str
    kind: str
    succeeded: bool
    number: int
    unpriced: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class CallSum:
    """All calls of one attempt, step and provider; wasted is the part of usd that bought nothing."""

    attempt: int
    step: str
    provider: str
    kind: str
    number: int
    failed: int
    unpriced: int
    usd: Decimal
    wasted: Decimal


@dataclass(frozen=True, slots=True)
class Check:
    """The newest result of one quality check; score is 0-1, None where there is none."""

    name: str
    score: Decimal | None
    passed: bool | None
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Moderation:
    """What moderation said, flat; None where it was not asked yet."""

    input: Mapping[str, str] | None
    output: Mapping[str, str] | None
