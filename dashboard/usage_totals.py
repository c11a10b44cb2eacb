"""Usage of any span of time, closed hours from the roll-up and the rest live: all that pages ask.

Each raises DatabaseError where the service's database cannot be read. Without the console's own store all is read
live, and the answer's reading says so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar

from dashboard import connections, fetch
from dashboard.components.notices import guarded
from dashboard.fetch import Fetched
from queries import book_shares, rollups, usage
from queries.days import days, midnight
from queries.errors import OpsError
from queries.models import MoneySource, Spend
from queries.usage_models import KindDay, NewUser, Span, Tally, UserDay, UserTally, total

# The first job of all stays the first.
STATE_KEPT = timedelta(minutes=5)

Row = TypeVar("Row")
Told = TypeVar("Told", UserTally, UserDay, KindDay)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Reading:
    """How an answer was read: at is when its oldest part was asked for (UTC).

    rolled is how much of the span came from the roll-up, live how much from the service's tables, not counting the
    time before the first job of all. problem is why the roll-up could not be read.
    """

    at: datetime
    rolled: timedelta
    live: timedelta
    problem: OpsError | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Most jobs first. "" as a digest is for calls that name no user: no user, but in total."""

    users: tuple[UserTally, ...]
    total: Tally
    reading: Reading


@dataclass(frozen=True, slots=True)
class UserDays:
    """Days on which a user did nothing are left out."""

    days: tuple[UserDay, ...]
    reading: Reading


@dataclass(frozen=True, slots=True)
class KindDays:
    """Days on which nothing of a kind was done are left out."""

    days: tuple[KindDay, ...]
    reading: Reading


@dataclass(frozen=True, slots=True)
class NewUsers:
    """Oldest first."""

    users: tuple[NewUser, ...]
    reading: Reading


def day_span(day: date, zone: str) -> Span:
    """The day in zone (IANA name): usually 24 hours, 23 or 25 where clocks change."""
    return range_span(day, day, zone)


def range_span(first: date, last: date, zone: str) -> Span:
    """From the beginning of first to the end of last, in zone (IANA name)."""
    return Span(midnight(first, zone), midnight(last + timedelta(days=1), zone))


def by_user(span: Span, ttl: timedelta | None = None) -> Usage:
    """Each user's jobs, money and rejected requests."""
    rows, reading = _read(span, _Question(rollups.by_user, _live(usage.by_user)), ttl)
    users = [UserTally(digest, tally) for digest, tally in _summed(rows, lambda one: one.digest).items()]
    users.sort(key=lambda one: (-one.tally.jobs, one.digest))
    return Usage(tuple(users), total(one.tally for one in users), reading)


def by_user_and_day(
    span: Span, timezone: str, digests: tuple[str, ...] | None = None, ttl: timedelta | None = None
) -> UserDays:
    """By days of timezone (IANA name), oldest first; of these users, else of all."""
    named = {"timezone": timezone, "digests": digests}
    rows, reading = _read(span, _Question(rollups.by_user_and_day, _live_days(timezone, digests), named), ttl)
    found = _summed(rows, lambda one: (one.day, one.digest))
    return UserDays(tuple(UserDay(digest, day, found[day, digest]) for day, digest in sorted(found)), reading)


def by_kind_and_day(span: Span, timezone: str, ttl: timedelta | None = None) -> KindDays:
    """By kind of work and days of timezone (IANA name), oldest first."""
    named = {"timezone": timezone}
    live = _live(usage.by_kind_and_day, **named)
    rows, reading = _read(span, _Question(rollups.by_kind_and_day, live, named), ttl)
    found = _summed(rows, lambda one: (one.day, one.kind))
    return KindDays(tuple(KindDay(kind, day, found[day, kind]) for day, kind in sorted(found)), reading)


def new_users(span: Span, ttl: timedelta | None = None) -> NewUsers:
    """Whose first job ever was created in the span, with its hour (UTC)."""
    live = _live(usage.new_users_by_hour)
    asked = _Question(rollups.new_users_by_hour, live, covered=rollups.covered_with_past)
    rows, reading = _read(span, asked, ttl)
    # Whose first hour is not rolled yet seems new in a later one, too.
    first: dict[str, NewUser] = {}
    for one in sorted(rows, key=lambda one: (one.hour, one.digest)):
        first.setdefault(one.digest, one)
    return NewUsers(tuple(first.values()), reading)


def usd(tally: Tally) -> Spend:
    """What it cost: by the ledger, else estimated from the price list, else unknown. Raises DatabaseError."""
    if connections.service_schema().has_ledger:
        return Spend(tally.usd, tally.unpriced, MoneySource.LEDGER)
    prices = connections.settings().prices
    if not book_shares.is_priced(prices):
        return Spend(None, 0, MoneySource.NONE)
    return book_shares.priced(prices, {kind: getattr(tally, kind) for kind in book_shares.KINDS})


Live = Callable[[Span, timedelta | None], Fetched[tuple[Row, ...]]]


@dataclass(frozen=True, slots=True)
class _Question(Generic[Row]):
    """The same asked of runs of rolled hours, with these arguments, and of a span of the service's tables."""

    rolled: Callable[..., tuple[Row, ...]]
    live: Live[Row]
    named: Mapping[str, Any] = field(default_factory=dict)
    covered: Callable[..., tuple[Span, ...]] = rollups.covered

    def of_store(self, runs: tuple[Span, ...], ttl: timedelta | None) -> Fetched[tuple[Row, ...]]:
        return fetch.store(self.rolled, runs, ttl=ttl, **self.named)


def _live(query: Callable[..., tuple[Row, ...]], **named: Any) -> Live[Row]:
    return lambda span, ttl: fetch.database(query, span.since, span.until, ttl=ttl, **named)


def _live_days(timezone: str, digests: tuple[str, ...] | None) -> Live[UserDay]:
    """What lies within one day is what the sums by user ask, too: the database answers once for both."""

    def ask(span: Span, ttl: timedelta | None) -> Fetched[tuple[UserDay, ...]]:
        first, *more = days(timezone, span.since, span.until)
        if more:
            return _live(usage.by_user_and_day, timezone=timezone, digests=digests)(span, ttl)
        found = _live(usage.by_user)(span, ttl)
        kept = (one for one in found.value if digests is None or one.digest in digests)
        return Fetched(tuple(UserDay(one.digest, first, one.tally) for one in kept), found.at, found.source)

    return ask


def _read(span: Span, question: _Question[Row], ttl: timedelta | None) -> tuple[list[Row], Reading]:
    """Rows of rolled hours, and of all the time that lies between them: each moment once."""
    asked, problem = _covered(span, question, ttl)
    runs: tuple[Span, ...] = ()
    answers: list[Fetched[tuple[Row, ...]]] = []
    if asked:
        rolled = guarded(lambda: question.of_store(asked, ttl))
        if isinstance(rolled, OpsError):
            problem = rolled
        else:
            runs, answers = asked, [rolled]
    gaps = _between(span, runs)
    answers += [question.live(gap, ttl) for gap in gaps]
    at = min((answer.at for answer in answers), default=datetime.now(UTC))
    reading = Reading(at, _length(runs, at), _length(_with_jobs(gaps) if runs else gaps, at), problem)
    return [row for answer in answers for row in answer.value], reading


def _covered(
    span: Span, question: _Question[Row], ttl: timedelta | None
) -> tuple[tuple[Span, ...], OpsError | None]:
    """The rolled hours that may be used; an hour that two days share cannot be cut."""
    if not _of_whole_hours(span, question.named.get("timezone", "UTC")):
        return (), None
    fingerprint = connections.aliases().fingerprint()
    answer = guarded(lambda: fetch.store(question.covered, fingerprint, span.since, span.until, ttl=ttl))
    return ((), answer) if isinstance(answer, OpsError) else (answer.value, None)


def _of_whole_hours(span: Span, timezone: str) -> bool:
    """Whether each day of the span begins at a whole hour of UTC."""
    return not any(midnight(day, timezone).timestamp() % 3600 for day in days(timezone, span.since, span.until))


def _between(span: Span, runs: tuple[Span, ...]) -> list[Span]:
    """What of the span the runs leave out."""
    ends = (span.since, *(run.until for run in runs))
    starts = (*(run.since for run in runs), span.until)
    return [Span(since, until) for since, until in zip(ends, starts, strict=True) if since < until]


def _with_jobs(gaps: Sequence[Span]) -> Sequence[Span]:
    """Without the time before the first job of all: nobody waits for what lies there."""
    answer = guarded(lambda: fetch.store(rollups.state, ttl=STATE_KEPT))
    first = None if isinstance(answer, OpsError) or answer.value is None else answer.value.first_hour
    return gaps if first is None else [Span(max(gap.since, first), gap.until) for gap in gaps if gap.until > first]


def _length(spans: Iterable[Span], now: datetime) -> timedelta:
    """How much of them is over."""
    return sum((max(min(one.until, now) - one.since, timedelta(0)) for one in spans), timedelta(0))


def _summed(rows: Iterable[Told], key: Callable[[Told], Key]) -> dict[Key, Tally]:
    parts: dict[Key, list[Tally]] = {}
    for row in rows:
        parts.setdefault(key(row), []).append(row.tally)
    return {one: tallies[0] if len(tallies) == 1 else total(tallies) for one, tallies in parts.items()}
