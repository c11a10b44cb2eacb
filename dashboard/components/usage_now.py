"""What the Usage page knows of the days that were chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from dashboard import connections, fetch, usage_totals
from dashboard.components import usage_limit
from dashboard.components.usage_span import Days
from dashboard.usage_totals import Reading
from queries import rotation, user_habits
from queries.rotation import DayUser, Rotation
from queries.usage_models import NewUser, Tally, UserTally

# What is told by the hour or the day needs no news every few seconds.
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class UsageNow:
    """users did something, most jobs first; total counts calls that name no user, too.

    limit is that of one user and day, None unless these days are one day of the service, or where it is not known.
    told: whether the service tells whose requests were turned away.
    """

    days: Days
    users: tuple[UserTally, ...]
    total: Tally
    reading: Reading
    limit: int | None
    told: bool

    @property
    def at_limit(self) -> int:
        """Users who may make no more today."""
        return sum(user.tally.jobs >= self.limit for user in self.users) if self.limit is not None else 0

    def above(self, share: float) -> int:
        """Users who made more than this share (0-1) of the limit, those at the limit left out."""
        if self.limit is None:
            return 0
        return sum(share * self.limit < user.tally.jobs < self.limit for user in self.users)


def ask(days: Days) -> UsageNow:
    """Raises DatabaseError."""
    found = usage_totals.by_user(days.span)
    users = tuple(user for user in found.users if user.digest)
    limit = usage_limit.ask() if days.limited else None
    told = connections.service_schema().has_rejections
    in_force = None if limit is None else limit.current if days.unfinished else limit.highest(days.span)
    return UsageNow(days, users, found.total, found.reading, in_force, told)


def rotating(now: UsageNow) -> Rotation | None:
    """Whether somebody seems to change keys on this day of the service; None where it cannot be told, too."""
    if not now.limit:
        return None
    new = {user.digest for user in newcomers(now.days)}
    users = [DayUser(user.digest, user.tally.jobs, user.digest in new) for user in now.users]
    if len(rotation.near(users, now.limit)) < rotation.USERS:
        return None
    least, span = ceil(rotation.NEAR * now.limit), now.days.span
    habits = fetch.database(user_habits.habits, span.since, span.until, least=least, ttl=MINUTE).value
    known = [DayUser(user.digest, user.jobs, user.new, habits.get(user.digest)) for user in users]
    return rotation.rotation(known, now.limit)


def newcomers(days: Days) -> tuple[NewUser, ...]:
    """Who was never seen before these days. Raises DatabaseError."""
    return usage_totals.new_users(days.span, ttl=MINUTE).users


def since(found: Rotation | None, new: Iterable[NewUser]) -> datetime | None:
    """The hour in which the first of them was first seen."""
    digests = {user.digest for user in found.users} if found else set()
    return min((one.hour for one in new if one.digest in digests), default=None)


def share(part: int | Decimal, whole: int | Decimal) -> float | None:
    """0-1; None of nothing."""
    return float(part / whole) if whole else None
