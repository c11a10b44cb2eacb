"""Exponential smoothing of a daily series with a weekly season, leaving open what nobody knows of it. Pure.

The equations are those of ETS(A,Ad,A), as in statsmodels' ETSModel. That one fits one set of parameters, and
paths simulated from it take them for known, so that its bands are too narrow (see benchmarks/forecast.py). Here a
grid of parameters is weighed by how well each foretold the series (its marginal likelihood), and what is linear or
a scale (the level, trend and weekdays at the beginning, the variance) is integrated in closed form: a path draws
them all before it begins. Nothing has to converge, and unknown days need no filling in.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# How much of a day's surprise stays in the level, the weekday, the trend; how much of a trend stays a day later.
_LEVELS = (0.01, 0.03, 0.1, 0.2, 0.4, 0.7)
_WEEKDAYS = (0.0, 0.05, 0.15)
_TRENDS = (0.0, 0.003, 0.01, 0.03)
_DAMPINGS = (0.98, 0.995)
# A level, a trend and seven weekdays.
_STATES = 9
# What they may be at the beginning, in standard deviations of a day's surprise: hardly anything is ruled out.
_BEGINNING = np.array([10.0, 0.05] + [3.0] * 7)
# What a day's surprise is before any day told: about 14 %, worth two days' telling.
_SURPRISE_SHAPE, _SURPRISE_SCALE = 1.0, 0.02


@dataclass(frozen=True, slots=True)
class Models:
    """One value a model: how its states move with a day's surprise, and its weight before any day."""

    level: Array
    trend: Array
    weekday: Array
    damping: Array
    weight: Array

    def of(self, chosen: NDArray[np.int64]) -> Self:
        return type(self)(
            self.level[chosen], self.trend[chosen], self.weekday[chosen], self.damping[chosen], self.weight[chosen]
        )

    def expected(self, states: Array, weekday: int) -> Array:
        found: Array = states[0] + self.damping * states[1] + states[2 + weekday]
        return found

    def move(self, states: Array, weekday: int, surprise: Array | float) -> None:
        """By a day, in place."""
        trend = self.damping * states[1]
        states[0] += trend + self.level * surprise
        states[1] = trend + self.trend * surprise
        states[2 + weekday] += self.weekday * surprise


@dataclass(frozen=True, slots=True)
class _Told:
    """What the series told of each model: its weight, and what its beginning and its variance may be."""

    weight: Array
    beginning: Array
    precision: Array
    shape: float
    scale: Array


def simulated(values: Array, ahead: int, paths: int, random: np.random.Generator) -> Array:
    """(paths, ahead) values that may follow; nan among values (oldest first) is an unknown day.

    Raises ValueError where no day is known.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        raise ValueError("nothing follows from no day")
    grid = _grid()
    states, surprises = seen(values - known.mean(), grid)
    told = _told(surprises, grid)
    chosen = random.choice(len(told.weight), paths, p=told.weight)
    variance = told.scale[chosen] / random.gamma(told.shape, size=paths)
    beginning = told.beginning[chosen] + np.sqrt(variance)[:, None] * _spread(told, chosen, random)
    ends = states[:, chosen, 0] + np.einsum("spb,pb->sp", states[:, chosen, 1:], beginning)
    chance = np.sqrt(variance) * random.standard_normal((ahead, paths))
    return _followed(ends, len(values), grid.of(chosen), chance) + float(known.mean())


def _grid() -> Models:
    """Half of the weight is on models without a trend (a damping of 0 leaves none), half on those with one."""
    rows = []
    for level, weekday in product(_LEVELS, _WEEKDAYS):
        trends = [(trend, damping) for trend, damping in product(_TRENDS, _DAMPINGS) if trend <= level]
        rows.append((level, 0.0, weekday, 0.0, 0.5))
        rows += [(level, trend, weekday, damping, 0.5 / len(trends)) for trend, damping in trends]
    return Models(*np.array(rows).T)


def seen(values: Array, grid: Models) -> tuple[Array, Array]:
    """Each model's states after the values, and its surprise of each known day.

    Both are linear in the beginning, so the last axis holds a constant and what each part of the beginning adds:
    (states, models, 1 + beginning) and (known days, models, 1 + beginning).
    """
    models = Models(
        grid.level[:, None], grid.trend[:, None], grid.weekday[:, None], grid.damping[:, None], grid.weight
    )
    states = np.zeros((_STATES, len(grid.weight), 1 + _STATES))
    states[range(_STATES), :, range(1, 1 + _STATES)] = 1
    surprises = []
    for number, value in enumerate(values):
        if np.isnan(value):
            models.move(states, number % 7, 0.0)
            continue
        surprise = -models.expected(states, number % 7)
        surprise[:, 0] += value
        models.move(states, number % 7, surprise)
        surprises.append(surprise)
    return states, np.array(surprises)


def _told(surprises: Array, grid: Models) -> _Told:
    """Bayesian linear regression of each model's surprises on its beginning, with a normal-inverse-gamma prior."""
    constant, slopes = surprises[:, :, 0], -surprises[:, :, 1:]
    precision = np.diag(_BEGINNING**-2) + np.einsum("dmi,dmj->mij", slopes, slopes)
    moment = np.einsum("dmi,dm->mi", slopes, constant)
    beginning = np.linalg.solve(precision, moment[:, :, None])[:, :, 0]
    shape = _SURPRISE_SHAPE + len(surprises) / 2
    left = np.einsum("dm,dm->m", constant, constant) - np.einsum("mi,mi->m", beginning, moment)
    scale = _SURPRISE_SCALE + np.maximum(left, 0) / 2
    likelihood = -np.linalg.slogdet(precision)[1] / 2 - shape * np.log(scale) + np.log(grid.weight)
    weight = np.exp(likelihood - likelihood.max())
    return _Told(weight / weight.sum(), beginning, precision, shape, scale)


def _spread(told: _Told, chosen: NDArray[np.int64], random: np.random.Generator) -> Array:
    """How far each path's beginning is from the likeliest, in standard deviations of a day's surprise."""
    roots = np.linalg.cholesky(np.linalg.inv(told.precision))
    spread: Array = np.einsum("pij,pj->pi", roots[chosen], random.standard_normal((len(chosen), _STATES)))
    return spread


def _followed(states: Array, day: int, models: Models, chance: Array) -> Array:
    """(paths, days) from the states of each path after so many days, with these surprises (days, paths)."""
    days = []
    for number, surprise in enumerate(chance, day):
        days.append(models.expected(states, number % 7) + surprise)
        models.move(states, number % 7, surprise)
    return np.array(days).T
