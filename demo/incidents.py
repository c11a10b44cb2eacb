"""What went wrong in the past quarter: providers that failed, a day that cost too much, a release that broke."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.releases import NEWEST, RELEASES, Release
from demo.rhythm import DAY, HOUR, MINUTE, Flags, Floats
from service.providers import PICTURE_ONE, STORY_LLM, Mode, Provider

# On the ordinary requests of that day, which are less than half of all.
SPIKE_FACTOR = 4.5
FAILING_JOBS = 0.85
# Of the series, when the newest release begins to be used, and by now: the provider has mended most of it.
BROKEN_SHARES = (0.42, 0.1)
BROKEN_SLOWNESS = 2.5
BROKEN_AFTER = 5 * MINUTE
OPENING_WORKER_DIED = 38 * MINUTE
OPENING_MONITOR_DIED = 41 * MINUTE
MONITOR_TICK = 5 * MINUTE


@dataclass(frozen=True)
class Outage:
    """A provider that failed from begin to end (Unix times), and how."""

    provider: Provider
    mode: Mode
    begin: float
    end: float

    def holds(self, at: Floats) -> Flags:
        """Which of these instants lie in the outage."""
        return np.asarray((at >= self.begin) & (at < self.end))


@dataclass(frozen=True)
class Regression:
    """What the newest release broke: from begin to end, at a falling share, series are slow and fail at images."""

    begin: float
    end: float

    def hits(self, random: np.random.Generator, asked: Floats) -> Flags:
        """Which of the attempts at series, asked for at these instants, fail."""
        share = np.interp(asked, (self.begin, self.end), BROKEN_SHARES, left=0)
        return np.asarray(random.random(asked.size) < share)


@dataclass(frozen=True)
class Course:
    """The plan of a history: its span in Unix times and what happened when."""

    seed: int
    start: float
    end: float
    timezone: str
    outages: tuple[Outage, ...]
    releases: tuple[Release, ...]
    regression: Regression
    spike: float

    @property
    def release_begins(self) -> Floats:
        """When each release came into use; that may be before the start."""
        return self.end - np.array([release.age for release in self.releases])

    @property
    def monitor_died(self) -> float:
        """The monitor's last run, a while before the end."""
        return self.end - OPENING_MONITOR_DIED

    def last_tick(self, at: Floats) -> Floats:
        """When the monitor had last run at each of these instants."""
        missed = np.maximum(0.0, np.ceil((self.monitor_died - at) / MONITOR_TICK))
        return np.asarray(self.monitor_died - missed * MONITOR_TICK)

    @property
    def worker_died(self) -> float:
        """When the worker that left the stuck jobs died."""
        return self.end - OPENING_WORKER_DIED

    def demand(self) -> Floats:
        """The factor on each minute's ordinary rate: the spike's day is busier, and its day only."""
        minutes = np.arange(self.start, self.end, MINUTE)
        return np.where(minutes // DAY == self.spike // DAY, SPIKE_FACTOR, 1.0)


def course(seed: int, end: float, days: float, timezone: str) -> Course:
    """The same plan for the same seed, end and length."""
    start = end - days * DAY
    random = np.random.default_rng([seed, 2])

    def at(share: float) -> float:
        """An instant at that share of the span, moved by up to some hours."""
        return start + share * days * DAY + random.uniform(-0.02, 0.02) * days * DAY

    def outage(share: float, provider: Provider, mode: Mode, minutes: float) -> Outage:
        begin = _in_the_evening(at(share))
        return Outage(provider, mode, begin, begin + minutes * MINUTE)

    return Course(
        seed=seed,
        start=start,
        end=end,
        timezone=timezone,
        outages=(
            outage(0.17, STORY_LLM, Mode.FAILING, 38),
            outage(0.48, PICTURE_ONE, Mode.DOWN, 63),
            outage(0.74, PICTURE_ONE, Mode.HANGING, 47),
            outage(0.90, PICTURE_ONE, Mode.FAILING, 55),
        ),
        releases=RELEASES,
        regression=Regression(end - NEWEST.age + BROKEN_AFTER, end),
        spike=at(0.62),
    )


def _in_the_evening(at: float) -> float:
    """The same UTC day at 18:10, where an outage meets enough books to be seen."""
    return at // DAY * DAY + 18 * HOUR + 10 * MINUTE
