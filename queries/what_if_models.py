"""What another value of a limit would have done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from queries.aliases import shown
from queries.models import Spend
from queries.replay import Came
from queries.usage_models import Span

# As many as are replayed, and their money summed up, in two or three seconds.
MAX_JOBS = 100_000


@dataclass(frozen=True, slots=True)
class BlockedUserDay:
    """Jobs of one user in one of the service's days that would not have been made.

    usd is what they cost, over all attempts; None where nobody can tell.
    """

    digest: str
    day: date
    jobs: int
    usd: Decimal | None

    @property
    def alias(self) -> str:
        return shown(self.digest)


@dataclass(frozen=True, slots=True)
class BlockedUser:
    """The same of one user, over all days; days counts those on which any would have been blocked."""

    digest: str
    days: int
    jobs: int
    usd: Decimal | None

    @property
    def alias(self) -> str:
        return shown(self.digest)


@dataclass(frozen=True, slots=True)
class WhatIfDay:
    """One of the service's days. let_through is None where the service does not tell rejections by user."""

    day: date
    jobs: int
    users: int
    usd: Decimal | None
    let_through: int | None


@dataclass(frozen=True, slots=True)
class LetThrough:
    """Requests that this limit turned away and the value would have let in.

    at_most: it may have been fewer, because who was let in first would have stood in the way of others. usd is
    always an estimate: each request at the mean cost of a book.
    """

    requests: int
    users: int
    usd: Decimal | None
    at_most: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would have been different had the limit had this value from since until now.

    since is the beginning of a day of the service, or later where more jobs would have had to be looked at than
    fit. blocked and users go by jobs, most first; by_day is without gaps, oldest first. job_ids are the newest of
    the blocked jobs, at most as many as anybody looks through. let_through is None where the service does not tell
    rejections by user.
    """

    limit: str
    value: Decimal
    since: datetime
    until: datetime
    blocked: tuple[BlockedUserDay, ...]
    users: tuple[BlockedUser, ...]
    by_day: tuple[WhatIfDay, ...]
    job_ids: tuple[str, ...]
    spend: Spend
    let_through: LetThrough | None

    @property
    def blocked_jobs(self) -> int:
        return sum(one.jobs for one in self.blocked)

    @property
    def blocked_users(self) -> int:
        return len(self.users)

    @property
    def usd(self) -> Decimal | None:
        """What the blocked jobs cost; spend names the source."""
        return self.spend.usd


# ---------------------------------------------------------------- on the way to the answer; these hold user keys


@dataclass(frozen=True, slots=True)
class Asked:
    """A value of a limit and the days of timezone (IANA name) to try it in; jobs count in whole numbers."""

    limit: str
    value: Decimal
    timezone: str
    span: Span

    def day(self, instant: datetime) -> date:
        """The service's day that it falls into."""
        return instant.astimezone(ZoneInfo(self.timezone)).date()


@dataclass(frozen=True, slots=True)
class Refused:
    """Requests of one user that the limit turned away in one whole hour (UTC)."""

    user_key: str = field(repr=False)
    hour: datetime
    requests: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """The jobs that came since and would have been blocked, and which refused requests would have been let in."""

    since: datetime
    blocked: Sequence[Came]
    lets_in: Callable[[Sequence[Refused]], Iterable[Refused]]
