"""When people ask for books: by the hour of the day, the day of the week, and a little more each week."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MINUTE, QUARTER, HOUR, DAY = 60.0, 900.0, 3600.0, 86400.0
# 1 January 1970 was a Thursday, Mondays are 0.
EPOCH_WEEKDAY = 3
# Those of single readers; crowds ask for more.
BOOKS_A_DAY = 280.0
GROWTH_A_DAY = 0.0025
# Relative to the day's mean, for each hour of the local day: a small noon peak, then bedtime stories.
BY_HOUR = np.array(
    [
        *(0.35, 0.22, 0.15, 0.12, 0.13, 0.22, 0.45, 0.70, 0.85, 0.95, 1.02, 1.10),
        *(1.25, 1.15, 1.05, 1.10, 1.30, 1.60, 2.05, 2.45, 2.30, 1.75, 1.10, 0.63),
    ]
)
# Monday to Sunday, relative to the week's mean.
BY_WEEKDAY = np.array((0.91, 0.90, 0.92, 0.96, 1.08, 1.18, 1.05))


def activity(at: Floats, timezone: str, now: float) -> Floats:
    """How busy these Unix times are, where 1 is the mean of a day by now."""
    local = at + _offsets(at, ZoneInfo(timezone))
    hour = local % DAY / HOUR
    daily = np.interp(hour, np.arange(25), np.append(BY_HOUR, BY_HOUR[0])) / BY_HOUR.mean()
    weekly = BY_WEEKDAY[(local // DAY + EPOCH_WEEKDAY).astype(np.int64) % 7] / BY_WEEKDAY.mean()
    growth = np.exp(GROWTH_A_DAY * (at - now) / DAY)
    return np.asarray(daily * weekly * growth, dtype=np.float64)


def books_per_second(at: Floats, timezone: str, now: float) -> Floats:
    """The expected rate of single readers' requests at these Unix times."""
    return BOOKS_A_DAY / DAY * activity(at, timezone, now)


def _offsets(at: Floats, zone: ZoneInfo) -> Floats:
    """Seconds that the zone's clocks are ahead of UTC at each instant, by the quarter of an hour."""
    quarters, index = np.unique(at // QUARTER, return_inverse=True)
    local = [datetime.fromtimestamp(quarter * QUARTER, zone) for quarter in quarters]
    ahead = [offset.total_seconds() for moment in local if (offset := moment.utcoffset()) is not None]
    return np.array(ahead)[index]


def arrivals(
    random: np.random.Generator, start: float, end: float, timezone: str, factor: Floats | None = None
) -> Floats:
    """Unix times of requests in [start, end), sorted; factor scales the rate of each whole minute since start."""
    minutes = np.arange(start, end, MINUTE)
    expected = books_per_second(minutes, timezone, end) * np.minimum(MINUTE, end - minutes)
    counts = random.poisson(expected if factor is None else expected * factor)
    within = random.random(int(counts.sum())) * np.repeat(np.minimum(MINUTE, end - minutes), counts)
    return np.sort(np.repeat(minutes, counts) + within)


def seconds_to_next(random: np.random.Generator, timezone: str) -> float:
    """How long a live traffic generator waits before its next request."""
    now = time.time()
    return float(random.exponential(1 / books_per_second(np.array([now]), timezone, now)[0]))
