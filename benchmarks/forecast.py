"""How often the month ends within the forecast's 80 % band, and how wide that is, by kind of series and day."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean, median, stdev

import numpy as np

from demo.spending import LEVELS, spending
from queries import forecast
from queries.cost_models import DayUsd

DAYS = (5, 12, 20)
SERIES = 200
HISTORY = timedelta(days=120)
PROMISED = (0.70, 0.88)
# A normal distribution's 10th and 90th percentile.
_TENTH = 1.2816
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Band:
    low: float
    middle: float
    high: float

    def holds(self, end: float) -> bool:
        return self.low <= end <= self.high

    def off(self, end: float) -> float:
        return abs(self.middle - end) / end


@dataclass(frozen=True, slots=True)
class Trial:
    """One month: its end, and what was foretold of it."""

    end: float
    forecast: Band
    naive: Band
    seconds: float
    ets: Band | None


def trial(kind: str, day: int, seed: int, *, ets: bool) -> Trial:
    """Foretold in the first moment of the day, which is the hardest: nothing of it is known."""
    random = np.random.default_rng([seed, day, *kind.encode()])
    today = date(2026, 1 + seed % 12, day)
    first = today - HISTORY
    following = (today.replace(day=28) + 4 * _DAY).replace(day=1)
    series = spending(kind, random, first, (following - first).days)
    closed = [one for one in series if one.day < today]
    began = time.perf_counter()
    found = forecast.month(closed, today=today, spent_today=Decimal(0), day_share=0.0, budget=None)
    took = time.perf_counter() - began
    assert found.low is not None
    assert found.high is not None
    end = float(sum(one.usd for one in series if one.day >= today.replace(day=1)))
    left = (following - today).days
    band = Band(float(found.low), float(found.expected), float(found.high))
    return Trial(end, band, naive(closed, today, left), took, fitted(closed, found.spent, left) if ets else None)


def naive(closed: list[DayUsd], today: date, left: int) -> Band:
    """The month's run-rate, +- 1.28 x the standard deviation of the last 28 days x the root of the days left."""
    own = [float(one.usd) for one in closed if one.day >= today.replace(day=1)]
    middle = sum(own) + fmean(own) * left
    half = _TENTH * stdev(float(one.usd) for one in closed[-28:]) * math.sqrt(left)
    return Band(middle - half, middle, middle + half)


def fitted(closed: list[DayUsd], spent: Decimal, left: int) -> Band:
    """What statsmodels' ETSModel says: one fit, its paths summed."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415 takes seconds

    logs = np.log([float(one.usd) for one in closed])
    model = ETSModel(logs, trend="add", damped_trend=True, seasonal="add", seasonal_periods=7)
    random = np.random.default_rng(left)
    paths = model.fit(disp=False).simulate(left, anchor="end", repetitions=2_000, rng=random)
    return Band(*(float(spent) + np.quantile(np.exp(paths).sum(axis=0), (0.1, 0.5, 0.9))))


def coverage(trials: Iterable[Trial]) -> float:
    return fmean(one.forecast.holds(one.end) for one in trials)


def shown(name: str, trials: list[Trial]) -> None:
    """The width is the median ratio to that of the run-rate's band, the errors are medians."""
    below = fmean(one.end < one.forecast.low for one in trials)
    naive_held = fmean(one.naive.holds(one.end) for one in trials)
    width = median((one.forecast.high - one.forecast.low) / (one.naive.high - one.naive.low) for one in trials)
    off, naive_off = (
        median(found) for found in zip(*((t.forecast.off(t.end), t.naive.off(t.end)) for t in trials), strict=True)
    )
    ets = [one.ets.holds(one.end) for one in trials if one.ets]
    print(
        f"{name:<20} {coverage(trials):7.1%} {below:7.1%} {naive_held:9.1%} {width:9.2f} x"
        f" {off / naive_off:7.2f} x   ({off:.1%} to {naive_off:.1%})" + (f" {fmean(ets):7.1%}" if ets else ""),
        flush=True,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--series", type=int, default=SERIES, help="months of each kind and day")
    asked.add_argument("--ets", action="store_true", help="statsmodels' ETSModel beside it, in the last column")
    given = asked.parse_args()
    print(f"{'':<20} within   below  run-rate     width    error of the median")
    every: list[Trial] = []
    for kind in LEVELS:
        for day in DAYS:
            found = [trial(kind, day, seed, ets=given.ets) for seed in range(given.series)]
            shown(f"{kind}, day {day}", found)
            every += found
    shown("all", every)
    print(f"one forecast takes {median(one.seconds for one in every) * 1000:.0f} ms")
    if not PROMISED[0] <= coverage(every) <= PROMISED[1]:
        raise SystemExit(f"not between {PROMISED[0]:.0%} and {PROMISED[1]:.0%}")


if __name__ == "__main__":
    main()
