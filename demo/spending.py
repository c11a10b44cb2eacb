"""Daily spend that never was: what forecasts and alarms are measured on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from queries.cost_models import DayUsd

Array = NDArray[np.float64]

USUAL_USD = 40.0
# Weekdays differ by a fifth; a day is off by 10 to 35 %, with more wild days than a normal distribution has.
WEEKDAY_SPREAD = 0.2
NOISE = (0.1, 0.35)
_TAILS = 5


def _stable(_random: np.random.Generator, days: int) -> Array:
    return np.zeros(days)


def _trend(random: np.random.Generator, days: int) -> Array:
    """Up or down by 0.3 to 1 % a day."""
    slope = float(random.choice([-1, 1]) * random.uniform(0.003, 0.01))
    return slope * np.arange(days, dtype=np.float64)


def _shifts(random: np.random.Generator, days: int) -> Array:
    """To 1.3 to 2 times as much, or as little, at any time: on a mean of 75 days."""
    sizes = random.choice([-1, 1], days) * random.uniform(0.25, 0.7, days)
    return np.cumsum(np.where(random.random(days) < 1 / 75, sizes, 0))


def _walk(random: np.random.Generator, days: int) -> Array:
    """2 to 5 % a day, up or down by chance."""
    return np.cumsum(random.normal(0, random.uniform(0.02, 0.05), days), dtype=np.float64)


# How the logarithm of the level moves, by kind of series.
LEVELS: Mapping[str, Callable[[np.random.Generator, int], Array]] = {
    "stable": _stable,
    "trend": _trend,
    "level shift": _shifts,
    "random walk": _walk,
}


def spending(kind: str, random: np.random.Generator, first: date, days: int) -> tuple[DayUsd, ...]:
    """So many days from the first on, of a service whose level moves as the kind of LEVELS does."""
    level = LEVELS[kind](random, days)
    week = random.normal(0, WEEKDAY_SPREAD, 7)[np.arange(days) % 7]
    noise = random.standard_t(_TAILS, days) * np.sqrt(1 - 2 / _TAILS) * random.uniform(*NOISE)
    usd = USUAL_USD * np.exp(level + week + noise)
    return tuple(DayUsd(first + timedelta(days=at), Decimal(f"{amount:.6f}")) for at, amount in enumerate(usd))
