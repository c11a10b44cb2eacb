"""How jobs come and go, and where that leads: counts of a window, and what follows from them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import sqrt

from queries.models import OpenJobs, Series

HOUR = timedelta(hours=1)
# The pace of fewer moves than this says nothing of the next hour.
MOVES_MINIMUM = 8


@dataclass(frozen=True, slots=True)
class Flow:
    """Jobs that came and went in the last window. new were created then; arrived are they and the retried ones."""

    window: timedelta
    new: int
    arrived: int
    finished: int

    @property
    def tells(self) -> bool:
        """Whether enough moved to speak of a pace."""
        return self.arrived + self.finished >= MOVES_MINIMUM

    @property
    def net_per_hour(self) -> float:
        """How many more arrive than finish an hour; below 0 where more finish."""
        return self.hourly(self.arrived - self.finished)

    @property
    def changes(self) -> bool:
        """Whether arrivals and completions differ by more than chance makes them."""
        return abs(self.arrived - self.finished) > sqrt(self.arrived + self.finished)

    def hourly(self, number: float) -> float:
        """A number of the window as a number an hour."""
        return number * (HOUR / self.window)


@dataclass(frozen=True, slots=True)
class Flows:
    """The same over a short window, which shows a turn, and over a long one, which is surer."""

    short: Flow
    long: Flow


@dataclass(frozen=True, slots=True)
class FlowBucket:
    """Jobs that came and went in [start, start + the bucket's width); a retried job arrives again."""

    start: datetime
    arrived: int
    finished: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How long jobs of the last hour had waited for a worker when one took them."""

    p50: timedelta
    p95: timedelta


@dataclass(frozen=True, slots=True)
class DepthHistory:
    """Lines over time: open jobs by status, and max_pending_jobs as it was; () where there is no such metric."""

    by_status: tuple[Series, ...]
    limit: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class WaitHistory:
    """Lines over time in seconds: how long jobs had waited, and how long the oldest was waiting."""

    p50: tuple[Series, ...]
    p95: tuple[Series, ...]
    oldest: tuple[Series, ...]


class Course(StrEnum):
    """Where the queue goes."""

    FULL = "full"
    STILL = "still"
    FILLING = "filling"
    DRAINING = "draining"
    STEADY = "steady"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outlook:
    """net_per_hour is that of pace(); until is the time to when the queue is full or nothing waits."""

    course: Course
    net_per_hour: float = 0
    until: timedelta | None = None


def free(now: OpenJobs, limit: int) -> int:
    """How many more jobs the service would take: its limit counts those that wait and those that run."""
    return max(0, limit - now.queued - now.running)


def outlook(now: OpenJobs, flows: Flows, limit: int | None) -> Outlook:
    """Where the queue goes at its present pace; limit is max_pending_jobs, None where it is not known."""
    flow = pace(flows)
    net = flow.net_per_hour if flow else 0
    if limit is not None and not free(now, limit):
        return Outlook(Course.FULL, net)
    if _stands_still(now, flows.short):
        return Outlook(Course.STILL)
    if flow is None:
        return Outlook(Course.UNKNOWN if now.queued else Course.STEADY)
    if flow.changes and net > 0:
        return Outlook(Course.FILLING, net, None if limit is None else HOUR * (free(now, limit) / net))
    if flow.changes and now.queued:
        return Outlook(Course.DRAINING, net, HOUR * (now.queued / -net))
    return Outlook(Course.STEADY, net)


def pace(flows: Flows) -> Flow | None:
    """The flow to go by: the short one where it shows a clear change or a turn, else the long one.

    None where too little moved.
    """
    short, long = flows.short, flows.long
    if short.tells and (short.changes or long.net_per_hour * short.net_per_hour < 0):
        return short
    return long if long.tells else None


def _stands_still(now: OpenJobs, flow: Flow) -> bool:
    """Whether jobs have waited for the whole window, and none has finished in it."""
    oldest = now.oldest_queued_at
    return not flow.finished and oldest is not None and now.now - oldest > flow.window
