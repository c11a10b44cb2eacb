"""How the limits were changed in the past quarter, by whom and why. They end as they are by default."""

from __future__ import annotations

from dataclasses import dataclass

from demo.incidents import Course
from demo.openmetrics import Values, changing
from demo.rhythm import DAY, HOUR
from service.guardrails import BY_NAME

DAILY, PENDING, PENDING_PER_USER = "daily_job_limit_per_user", "max_pending_jobs", "max_pending_jobs_per_user"
ADMIN, SERVICE, RUN_OUT = "Ada Mensah", "service", "the temporary value expired"


@dataclass(frozen=True)
class Change:
    """A row of the service's guardrail_history; Unix times, expires_at None for good."""

    at: float
    name: str
    old: int
    new: int
    actor: str
    reason: str
    expires_at: float | None = None


@dataclass(frozen=True)
class Decision:
    """What somebody decided so many days before the end, at that hour (UTC): for good, or for some hours."""

    days: int
    hour: float
    name: str
    value: int
    reason: str
    hours: float | None = None

    def at(self, end: float) -> float:
        """When, in a history that ends then."""
        return (end // DAY - self.days) * DAY + self.hour * HOUR


# The schools have time for it in the early afternoon of Seoul.
SCHOOL_EVENT = Decision(9, 4.25, DAILY, 40, "Reading day: three schools make a book with every pupil", hours=4)
# Oldest first; what holds for some hours ends before the next.
DECISIONS = (
    Decision(
        40, 8.3, DAILY, 15, "picture-one wants to double its price; fewer books a user until that is settled"
    ),
    Decision(31, 6.6, DAILY, 20, "picture-one keeps its price, and families miss their books"),
    Decision(21, 9.1, PENDING, 150, "Crowds come closer together; rather let them wait than turn them away"),
    Decision(16, 7.4, PENDING, 100, "A queue of 100 is worked off in time, one of 150 is not"),
    SCHOOL_EVENT,
)


def changes(course: Course) -> tuple[Change, ...]:
    """Every change within the history, oldest first, each run-out of a temporary value among them."""
    value = {name: limit.default for name, limit in BY_NAME.items()}
    rows: list[Change] = []
    for made in DECISIONS:
        at, old = made.at(course.end), value[made.name]
        until = None if made.hours is None else at + made.hours * HOUR
        rows.append(Change(at, made.name, old, made.value, ADMIN, made.reason, until))
        if until is None:
            value[made.name] = made.value
        else:
            rows.append(Change(until, made.name, made.value, old, SERVICE, RUN_OUT))
    return tuple(row for row in rows if row.at > course.start)


def values(course: Course, name: str) -> Values:
    """What the limit was at each of these Unix times."""
    own = [row for row in changes(course) if row.name == name]
    before = own[0].old if own else BY_NAME[name].default
    return changing([(row.at, row.new) for row in own], before)
