"""Usage of any span of time, closed hours from the roll-up and the rest live: all that pages ask.

Each raises DatabaseError where the service's database cannot be read. Without the console's own store all is read
live, and the answer's reading says so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from dashboard.fetch import Fetched
from dashboard.rolled_reading import Live, Question, Reading, asked_live, money_source, read, read_priced
from queries import book_shares, cost_estimates, cost_models, rollups, usage
from queries.days import days, midnight
from queries.models import MoneySource, PriceList, Spend
from queries.usage_models import KindDay, NewUser, Span, Tally, UserDay, UserTally, total

__all__ = [
    "KindDays",
    "NewUsers",
    "Reading",
    "Usage",
    "UserDays",
    "by_kind_and_day",
    "by_user",
    "by_user_and_day",
    "day_span",
    "new_users",
    "range_span",
    "usd",
]

Told = TypeVar("Told", UserTally, UserDay, KindDay)
Key = TypeVar("Key", bound=Hashable)


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
    rows, reading = _read(span, Question(rollups.by_user, asked_live(usage.by_user)), ttl)
    users = [UserTally(digest, tally) for digest, tally in _summed(rows, lambda one: one.digest).items()]
    users.sort(key=lambda one: (-one.tally.jobs, one.digest))
    return Usage(tuple(users), total(one.tally for one in users), reading)


def by_user_and_day(
    span: Span, timezone: str, digests: tuple[str, ...] | None = None, ttl: timedelta | None = None
) -> UserDays:
    """By days of timezone (IANA name), oldest first; of these users, else of all."""
    named = {"timezone": timezone, "digests": digests}
    rows, reading = _read(span, Question(rollups.by_user_and_day, _live_days(timezone, digests), named), ttl)
    found = _summed(rows, lambda one: (one.day, one.digest))
    return UserDays(tuple(UserDay(digest, day, found[day, digest]) for day, digest in sorted(found)), reading)


def by_kind_and_day(span: Span, timezone: str, ttl: timedelta | None = None) -> KindDays:
    """By kind of work and days of timezone (IANA name), oldest first."""
    named = {"timezone": timezone}
    live = asked_live(usage.by_kind_and_day, **named)
    rows, reading = _read(span, Question(rollups.by_kind_and_day, live, named), ttl)
    found = _summed(rows, lambda one: (one.day, one.kind))
    return KindDays(tuple(KindDay(kind, day, found[day, kind]) for day, kind in sorted(found)), reading)


def new_users(span: Span, ttl: timedelta | None = None) -> NewUsers:
    """Whose first job ever was created in the span, with its hour (UTC)."""
    live = asked_live(usage.new_users_by_hour)
    asked = Question(rollups.new_users_by_hour, live, covered=rollups.covered_with_past)
    rows, reading = read(span, asked, ttl)
    # Whose first hour is not rolled yet seems new in a later one, too.
    first: dict[str, NewUser] = {}
    for one in sorted(rows, key=lambda one: (one.hour, one.digest)):
        first.setdefault(one.digest, one)
    return NewUsers(tuple(first.values()), reading)


def usd(tally: Tally) -> Spend:
    """What it cost: by the ledger, else estimated from the price list, else unknown. Raises DatabaseError."""
    match source := money_source():
        case MoneySource.LEDGER:
            return Spend(tally.usd, tally.unpriced, source)
        case MoneySource.ESTIMATED:
            return Spend(tally.usd.quantize(book_shares.EXACTNESS), tally.unpriced, source)
        case MoneySource.NONE:
            return Spend(None, 0, source)


def _read(span: Span, question: Question[Told], ttl: timedelta | None) -> tuple[list[Told], Reading]:
    """As read(); without a ledger also what each tally cost by the price list that held then."""
    if money_source() is MoneySource.ESTIMATED:
        return read_priced(span, question, ttl, _estimated)
    return read(span, question, ttl)


def _estimated(prices: PriceList, row: Told) -> Told:
    shares = {kind: getattr(row.tally, name) for name, kind in cost_estimates.KINDS.items()}
    found = cost_models.total(cost_estimates.estimated(prices, kind, share) for kind, share in shares.items())
    return replace(row, tally=replace(row.tally, usd=found.usd, unpriced=found.unpriced))


def _live_days(timezone: str, digests: tuple[str, ...] | None) -> Live[UserDay]:
    """What lies within one day is what the sums by user ask, too: the database answers once for both."""

    def ask(span: Span, ttl: timedelta | None) -> Fetched[tuple[UserDay, ...]]:
        first, *more = days(timezone, span.since, span.until)
        if more:
            return asked_live(usage.by_user_and_day, timezone=timezone, digests=digests)(span, ttl)
        found = asked_live(usage.by_user)(span, ttl)
        kept = (one for one in found.value if digests is None or one.digest in digests)
        return Fetched(
            tuple(UserDay(one.digest, first, one.tally) for one in kept), found.at, found.source, found.trouble
        )

    return ask


def _summed(rows: Iterable[Told], key: Callable[[Told], Key]) -> dict[Key, Tally]:
    parts: dict[Key, list[Tally]] = {}
    for row in rows:
        parts.setdefault(key(row), []).append(row.tally)
    return {one: tallies[0] if len(tallies) == 1 else total(tallies) for one, tallies in parts.items()}
