"""What the days ahead may cost, told by the days before. Pure: works on days.

Days are smoothed on a log scale (see queries.smoothing). A spike is no habit: a day or two far off those around
them count as unknown, while a new level, which stays, does not. A day without spend has no logarithm: it counts as
unknown too, and comes again as often as it came on the same weekday.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from statistics import fmean

import numpy as np

from queries import smoothing
from queries.cost_models import DayUsd
from queries.smoothing import Array

PATHS = 4_000
# What is older says less than it takes to read.
HISTORY_DAYS = 182
# A weekday's share of days without spend is of so many weeks: a service that stopped is soon believed.
ZERO_WEEKS = 4
# Where it stays under this, a mean by weekday is one of single days.
WEEKDAYS_FROM_DAYS = 14
# So many robust standard deviations from the days around, and no less than this on the log scale (+-22 %).
SPIKE_Z, SPIKE_SCALE_LEAST = 4.0, 0.05
# Keeps the wildest path of a series that told nothing a number: no day costs a thousand times the dearest.
_DEAREST = np.log(1000.0)
# The same days give the same paths, and a day more does not shake them all.
_SEED = 20261123

_DAY = timedelta(days=1)


def simulated(days: Sequence[DayUsd], today: date, ahead: int) -> Array:
    """(PATHS, ahead) USD of whole days from today on; days before today that are missing are unknown."""
    usd = _series(days, today)
    random = np.random.default_rng(_SEED)
    if not (usd > 0).any():
        return np.zeros((PATHS, ahead))
    logs = np.log(np.where(usd > 0, usd, np.nan))
    found = smoothing.simulated(_without_spikes(logs), ahead, PATHS, random)
    found = np.exp(np.minimum(found, np.nanmax(logs) + _DEAREST))
    return np.where(random.random(found.shape) < _zero_chances(usd, ahead), 0.0, found)


def run_rate(days: Sequence[DayUsd], today: date, ahead: int) -> Array:
    """(1, ahead) USD of whole days from today on: the mean of the weekday, or of all days where they are few."""
    if not days:
        return np.zeros((1, ahead))
    mean = fmean(float(one.usd) for one in days)
    means: dict[int, float] = {}
    if len(days) >= WEEKDAYS_FROM_DAYS:
        for weekday, alike in groupby(sorted(days, key=_weekday), key=_weekday):
            means[weekday] = fmean(float(one.usd) for one in alike)
    return np.array([[means.get((today + number * _DAY).weekday(), mean) for number in range(ahead)]])


def _weekday(one: DayUsd) -> int:
    return one.day.weekday()


def _series(days: Sequence[DayUsd], today: date) -> Array:
    """USD of each day until yesterday, oldest first; nan where a day is missing."""
    known = {one.day: float(one.usd) for one in days if one.day < today}
    number = min((today - min(known)).days, HISTORY_DAYS) if known else 0
    return np.array([known.get(today - ago * _DAY, np.nan) for ago in range(number, 0, -1)])


def _without_spikes(logs: Array) -> Array:
    """nan for a day far off the week around it, as its weekday usually is."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(logs, 3, constant_values=np.nan), 7)
    off = logs - np.array([_middle(week) for week in around])
    off -= np.array([_middle(off[number % 7 :: 7]) for number in range(len(off))])
    scale = max(1.4826 * _middle(np.abs(off)), SPIKE_SCALE_LEAST)
    return np.where(np.abs(off) > SPIKE_Z * scale, np.nan, logs)


def _middle(values: Array) -> float:
    """The median of the known ones; nan, without a warning, where there are none."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else np.nan


def _zero_chances(usd: Array, ahead: int) -> Array:
    """How likely each day ahead is one without spend: its weekday's share, all days' share being one more week."""
    recent = usd[-7 * ZERO_WEEKS :]
    overall = _zero_share(recent)
    chances = []
    for number in range(len(usd), len(usd) + ahead):
        alike = recent[(number - (len(usd) - len(recent))) % 7 :: 7]
        known = np.count_nonzero(~np.isnan(alike))
        chances.append((np.count_nonzero(alike == 0) + overall) / (known + 1))
    return np.array(chances)


def _zero_share(usd: Array) -> float:
    known = np.count_nonzero(~np.isnan(usd))
    return np.count_nonzero(usd == 0) / known if known else 0.0
