"""Every request of the past: who asked when, and which limit of that time turned it away."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from demo import limits
from demo.books import NOTICED_SECONDS
from demo.incidents import Course
from demo.rhythm import DAY, HOUR, MINUTE, Flags, Floats, Integers
from demo.users import ABUSE_REQUESTS, ABUSERS, ROTATED, SCHOOLS, SCRIPT, USERS, Users, rotated_gaps
from service.guardrails import BY_NAME, LIMITS

NAMES = tuple(limit.name for limit in LIMITS)
LET_IN, DAILY, PENDING_PER_USER = -1, NAMES.index(limits.DAILY), NAMES.index(limits.PENDING_PER_USER)
MOST_PENDING = BY_NAME[limits.PENDING_PER_USER].default

ABUSE_DAYS = 0.4
# Each school's on every day, beginning with the school's day in Seoul, which is the service's, too: so somebody is
# near the limit at any time of the day but its first hour or two, when the day before tells.
SCHOOL_REQUESTS, SCHOOL_GAP, SCHOOL_BEGINS = (14, 23), 4 * MINUTE, 0.5 * HOUR
EVENT_REQUESTS = (18, 25)
# All at once: no worker has noticed the first when the last is asked for.
SCRIPT_DAYS, SCRIPT_REQUESTS, AT_ONCE = 0.2, (12, 17), NOTICED_SECONDS[0]
# All keys together take 14 hours: whenever the end is, today or yesterday holds six of them or more.
ROTATED_SPAN, ROTATED_END = 65 * MINUTE, 8 * MINUTE

Asked = tuple[Floats, Integers]


@dataclass(frozen=True)
class Requests:
    """Requests sorted by time: who asked (an index into Users.keys), and refused_by (of NAMES, or LET_IN)."""

    at: Floats
    user: Integers
    refused_by: Integers

    def __len__(self) -> int:
        return len(self.at)

    def where(self, chosen: Flags) -> Requests:
        """The chosen ones."""
        return Requests(self.at[chosen], self.user[chosen], self.refused_by[chosen])


def requests(random: np.random.Generator, course: Course, ordinary: Floats, everyone: Users) -> Requests:
    """Give each ordinary request a user, add those of who has a way of their own, and apply the limits of then."""
    asked = [(ordinary, everyone.somebody(random, (course.end - ordinary) / DAY))]
    asked += [*_abusers(random, course), *_schools(random, course), *_script(random, course)]
    asked += _rotation(random, course)
    at, user = (np.concatenate(part) for part in zip(*asked, strict=True))
    inside = np.flatnonzero((at >= course.start) & (at < course.end))
    chosen = inside[np.argsort(at[inside], kind="stable")]
    at, user = at[chosen], user[chosen]
    return Requests(at, user, _refused_by(at, user, limits.values(course, limits.DAILY)(at)))


def _days(course: Course) -> Floats:
    """The midnight (UTC) that each day of the history begins with."""
    return np.arange(course.start // DAY, course.end // DAY + 1) * DAY


def _abusers(random: np.random.Generator, course: Course) -> Iterator[Asked]:
    """On some days, more than a day allows within some hours."""
    days = _days(course)
    for abuser in range(ABUSERS):
        for day in days[random.random(days.size) < ABUSE_DAYS]:
            begin = day + random.uniform(1, 16) * HOUR
            yield _by(abuser, begin + np.cumsum(random.exponential(4 * MINUTE, random.integers(*ABUSE_REQUESTS))))


def _schools(random: np.random.Generator, course: Course) -> Iterator[Asked]:
    """A book with each pupil in the morning; on the day of the event with more of them in the afternoon."""
    event = limits.SCHOOL_EVENT.at(course.end)
    for school in range(ABUSERS, ABUSERS + SCHOOLS):
        for day in _days(course):
            gaps = random.exponential(SCHOOL_GAP, random.integers(*SCHOOL_REQUESTS))
            yield _by(school, day + random.uniform(0, SCHOOL_BEGINS) + np.cumsum(gaps))
        lasts = (limits.SCHOOL_EVENT.hours or 0) * HOUR
        yield _by(school, event + random.random(random.integers(*EVENT_REQUESTS)) * lasts)


def _script(random: np.random.Generator, course: Course) -> Iterator[Asked]:
    """On some days, more in an instant than one user may have pending."""
    days = _days(course)
    for day in days[random.random(days.size) < SCRIPT_DAYS]:
        begin = day + random.uniform(6, 22) * HOUR
        yield _by(SCRIPT, begin + random.random(random.integers(*SCRIPT_REQUESTS)) * AT_ONCE)


def _rotation(random: np.random.Generator, course: Course) -> Iterator[Asked]:
    """One person with a new key about every hour."""
    first = course.end - ROTATED_END - ROTATED * ROTATED_SPAN
    for number in range(ROTATED):
        yield _by(USERS + number, first + number * ROTATED_SPAN + np.cumsum(rotated_gaps(random)))


def _by(user: int, at: Floats) -> Asked:
    return at, np.full(at.size, user)


def _refused_by(at: Floats, user: Integers, daily_limit: Floats | Integers) -> Integers:
    """Which limit turned each away, looked at in the service's order; daily_limit is the one of then, a UTC day's.

    Who has so many pending without a worker's notice has certainly too many: nobody else comes near that limit.
    """
    made: Counter[tuple[int, float]] = Counter()
    latest: defaultdict[int, deque[float]] = defaultdict(lambda: deque(maxlen=MOST_PENDING))
    refused_by = np.full(at.size, LET_IN)
    for index, (when, who, most) in enumerate(zip(at.tolist(), user.tolist(), daily_limit.tolist(), strict=True)):
        if len(latest[who]) == MOST_PENDING and when - latest[who][0] < AT_ONCE:
            refused_by[index] = PENDING_PER_USER
        elif made[who, when // DAY] >= most:
            refused_by[index] = DAILY
        else:
            made[who, when // DAY] += 1
            latest[who].append(when)
    return refused_by
