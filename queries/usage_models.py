"""What usage is made of: who made how many jobs, what became of them, what they cost, what was refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Self

from queries.aliases import shown

COUNTS = ("jobs", "done", "failed", "refused", "cancelled", "rejected", "unpriced")
AMOUNTS = ("usd", "llm", "images", "speech")


@dataclass(frozen=True, slots=True)
class Span:
    """From since to before until, both UTC instants."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """Jobs count where they were created, by what has become of them; money and rejected requests where they fell.

    refused are jobs that safety ended; rejected are requests that a guardrail turned away, which leave no job.
    llm, images and speech are shares of books, for services without a ledger. usd and unpriced are the ledger's,
    or estimated from such shares (see dashboard.usage_totals).
    """

    jobs: int = 0
    done: int = 0
    failed: int = 0
    refused: int = 0
    cancelled: int = 0
    rejected: int = 0
    unpriced: int = 0
    usd: Decimal = Decimal(0)
    llm: Decimal = Decimal(0)
    images: Decimal = Decimal(0)
    speech: Decimal = Decimal(0)

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in (*COUNTS, *AMOUNTS)))

    @property
    def open(self) -> int:
        """Jobs that wait or run."""
        return self.jobs - self.done - self.failed - self.refused - self.cancelled


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    each = tuple(tallies)
    return Tally(
        *(sum((getattr(one, name) for one in each), getattr(_NOTHING, name)) for name in (*COUNTS, *AMOUNTS))
    )


_NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class UserTally:
    """One user's, under the digest of their key (Aliases.digest); "" is for calls that name no user."""

    digest: str
    tally: Tally

    @property
    def alias(self) -> str:
        return shown(self.digest)


@dataclass(frozen=True, slots=True)
class UserDay:
    """One user's in one day of the zone that was asked for."""

    digest: str
    day: date
    tally: Tally


@dataclass(frozen=True, slots=True)
class KindDay:
    """Those of one kind of work in one day of the zone that was asked for; no rejected requests."""

    kind: str
    day: date
    tally: Tally


@dataclass(frozen=True, slots=True)
class NewUser:
    """Somebody whose first job ever was created in this hour (UTC)."""

    hour: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class UserHour:
    """One user's in one whole hour (UTC)."""

    hour: datetime
    digest: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class KindHour:
    """Those of one kind of work in one whole hour (UTC); no rejected requests.

    The kind is what a job's id begins with, up to the first "_"; "" where there is none, or no job.
    """

    hour: datetime
    kind: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class RollupState:
    """How far the roll-up has come.

    Changes of the source until seen_until are known; rolled_until is the end of the newest hour that was rolled;
    differences is what the check at checked_at found. None where that never happened.
    """

    fingerprint: str
    first_hour: datetime | None
    seen_until: datetime | None
    rolled_until: datetime | None
    dirty_hours: int
    checked_at: datetime | None
    differences: int | None
