"""What costs are made of: calls of providers, what they cost, and what became of what they bought."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self


class Fate(StrEnum):
    """What became of what a call bought.

    USED is in a book that is done; OPEN in one that waits or runs; UNALLOCATED belongs to no job. The others
    bought nothing: FAILED, REFUSED (by safety) and CANCELLED where that ended the job, CALL_FAILED where the call
    itself failed but not its job, AGAIN where a later attempt bought the same again (see queries.job_money).
    """

    USED = "used"
    OPEN = "open"
    UNALLOCATED = "unallocated"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    CALL_FAILED = "call_failed"
    AGAIN = "again"

    @property
    def wasted(self) -> bool:
        return self in WASTED


WASTED = frozenset({Fate.FAILED, Fate.REFUSED, Fate.CANCELLED, Fate.CALL_FAILED, Fate.AGAIN})


@dataclass(frozen=True, slots=True)
class CostTally:
    """calls, of which failed and unpriced ones; usd of those with a price.

    For services without a ledger usd and calls are estimated (calls may then be no whole number), and share is how
    many books' worth of the kind they are.
    """

    calls: Decimal = Decimal(0)
    failed: int = 0
    unpriced: int = 0
    usd: Decimal = Decimal(0)
    share: Decimal = Decimal(0)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.calls + other.calls,
            self.failed + other.failed,
            self.unpriced + other.unpriced,
            self.usd + other.usd,
            self.share + other.share,
        )


@dataclass(frozen=True, slots=True)
class CostPart:
    """How money is told apart. provider and step are "" where no ledger tells them; kind is the ledger's.

    error_code is the job's where the fate is FAILED or REFUSED ("" if it has none), else "".
    """

    provider: str
    kind: str
    step: str
    fate: Fate
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class CostHour:
    """One part in one whole hour (UTC): of calls that occurred in it, or of jobs that were created in it."""

    hour: datetime
    part: CostPart
    tally: CostTally


@dataclass(frozen=True, slots=True)
class CostDay:
    """One part in one day of the zone that was asked for."""

    day: date
    part: CostPart
    tally: CostTally


@dataclass(frozen=True, slots=True)
class KindHourCost:
    """All parts of one kind of call in one hour (UTC)."""

    hour: datetime
    kind: str
    tally: CostTally


@dataclass(frozen=True, slots=True)
class KindDayCost:
    """All parts of one kind of call in one day of the zone that was asked for."""

    day: date
    kind: str
    tally: CostTally


@dataclass(frozen=True, slots=True)
class HourUsd:
    """USD in one hour (UTC), begun and perhaps unfinished."""

    hour: datetime
    usd: Decimal


@dataclass(frozen=True, slots=True)
class DayUsd:
    """USD in one day of the zone that was asked for."""

    day: date
    usd: Decimal


def total(tallies: Iterable[CostTally]) -> CostTally:
    """All of them together."""
    return sum(tallies, CostTally())
