"""Whether a day's spend is unusual. Pure: works on days.

A day is held against the median of the same weekday in the weeks before, on a log scale, where twice and half
are equally far off. Two things keep false alarms rare: what is usual follows the level of the last seven days, so
that a trend or a new price is unusual for some days and not for eight weeks; and how far days are off by chance is
measured on the days before, by the same rule (MAD, which spikes do not widen).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from queries.cost_models import DayUsd

# The same weekday of so many weeks tells what is usual; fewer than the least are no habit.
USUAL_WEEKS, WEEKS_LEAST = 8, 2
# The last week, in which each weekday is once; under the least a single odd day would set the level.
LEVEL_DAYS, LEVEL_LEAST = 7, 4
# Fewer days than the least say nothing of chance.
POOLED_DAYS, POOLED_LEAST = 56, 14
# So many robust standard deviations leave few false alarms: see benchmarks/anomaly.py.
UNUSUAL_Z = 3.0
# Days that were all alike do not make a cent more unusual.
SCALE_LEAST = 0.05
# Gives a day without spend a place on the log scale.
_CENT = 0.01
# What makes a MAD a standard deviation where chance is normal.
_NORMAL = 1.4826

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Anomaly:
    """usual is what the day was held against, excess how far it is off in either direction (never negative); USD.

    z: how many robust standard deviations the day is off on the log scale, negative where it spent less.
    """

    unusual: bool
    higher: bool
    usual: Decimal
    excess: Decimal
    z: float


def judge(history: Sequence[DayUsd], day: date, usd: Decimal, *, least_usd: Decimal) -> Anomaly | None:
    """Unusual is what is off by more than UNUSUAL_Z and by at least least_usd. None where history is too short.

    The rule looks back 119 days (and works on five weeks); days left out of history are unknown. For a day that is
    not over, history is what each earlier day had spent by the same time (see queries.day_course.up_to_now).
    """
    logs = {one.day: math.log(float(one.usd) + _CENT) for one in history if one.day < day}
    earlier = _before(day, POOLED_DAYS + LEVEL_DAYS)
    off = {one: logs[one] - middle for one in earlier if one in logs and (middle := _usual(logs, one)) is not None}
    chance = [
        off[one] - level
        for one in _before(day, POOLED_DAYS)
        if one in off and (level := _level(off, one)) is not None
    ]
    usual, level = _usual(logs, day), _level(off, day)
    if usual is None or level is None or len(chance) < POOLED_LEAST:
        return None
    return _judged(usd, usual + level, _scale(chance), least_usd)


def _judged(usd: Decimal, expected: float, scale: float, least_usd: Decimal) -> Anomaly:
    z = (math.log(float(usd) + _CENT) - expected) / scale
    usual = Decimal(f"{max(math.exp(expected) - _CENT, 0):.6f}")
    excess = abs(usd - usual)
    return Anomaly(abs(z) > UNUSUAL_Z and excess >= least_usd, usd > usual, usual, excess, z)


def _usual(logs: Mapping[date, float], day: date) -> float | None:
    """The middle of the same weekday's logs in the weeks before."""
    weeks = (day - week * 7 * _DAY for week in range(1, USUAL_WEEKS + 1))
    return _middle((logs[one] for one in weeks if one in logs), WEEKS_LEAST)


def _level(off: Mapping[date, float], day: date) -> float | None:
    """How far the last days were off the same weekdays before them."""
    return _middle((off[one] for one in _before(day, LEVEL_DAYS) if one in off), LEVEL_LEAST)


def _scale(chance: Sequence[float]) -> float:
    return max(_NORMAL * median(abs(one) for one in chance), SCALE_LEAST)


def _middle(values: Iterable[float], least: int) -> float | None:
    found = list(values)
    return median(found) if len(found) >= least else None


def _before(day: date, number: int) -> tuple[date, ...]:
    return tuple(day - ago * _DAY for ago in range(1, number + 1))
