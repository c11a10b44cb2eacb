"""What usage is made of: who made how many jobs, what became of them, what they cost, what was refused."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Self

from queries.aliases import shown


@dataclass(frozen=True, slots=True)
class Tally:
    """Jobs count where they were created, by what has become of them; money and rejected requests where they fell.

    refused are jobs that safety ended; rejected are requests that a guardrail turned away, which leave no job.
    usd and unpriced are the ledger's. llm, images and speech are shares of books, for services without one.
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
        return type(self)(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def open(self) -> int:
        """Jobs that wait or run."""
        return self.jobs - self.done - self.failed - self.refused - self.cancelled


@dataclass(frozen=True, slots=True)
class UserTally:
    """One user's, under the digest of their key (Aliases.digest)."""

    digest: str
    tally: Tally

    @property
    def alias(self) -> str:
        return shown(self.digest)


@dataclass(frozen=True, slots=True)
class UserHour:
    """One user's in one whole hour (UTC)."""

    hour: datetime
    digest: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class KindHour:
    """Those of one kind of work (the prefix of the jobs' ids) in one whole hour (UTC); no rejected requests."""

    hour: datetime
    kind: str
    tally: Tally
