"""The equations against statsmodels' ETSModel, and what paths say of series that leave little doubt."""

from __future__ import annotations

import numpy as np
import pytest

from queries import smoothing
from queries.smoothing import Array, Models

VALUES = [3.1, 2.8, 3.4, 3.9, 3.0, 2.2, 2.5, 3.3, 3.6, 3.2, 4.1, 3.5, 2.4, 2.9, 3.8, 3.7]
# Level, trend and weekdays before the first day.
BEGINNING = [3.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.0, -0.6, -0.4]
MODEL = Models(*(np.array([value]) for value in (0.3, 0.01, 0.05, 0.98, 1.0)))
# ETSModel(VALUES, trend="add", damped_trend=True, seasonal="add", seasonal_periods=7,
# initialization_method="known", ...).smooth([0.3, 0.01, 0.05, 0.98]) of statsmodels 0.15: resid and forecast(1).
RESIDUALS = [
    *(-0.0196, -0.432736, 0.18269, 0.511986, -0.162207, -0.33214, -0.147466, 0.18453),
    *(0.33506, -0.313985, 0.549422, 0.198883, -0.373267, 0.012575, 0.376493, 0.05663),
]
NEXT = 3.778878


def told(values: list[float], ahead: int = 14, paths: int = 2_000) -> Array:
    """The 10th, 50th and 90th percentile of each day ahead."""
    found = smoothing.simulated(np.array(values), ahead, paths, np.random.default_rng(7))
    assert found.shape == (paths, ahead)
    quantiles: Array = np.quantile(found, (0.1, 0.5, 0.9), axis=0)
    return quantiles


def test_the_equations_are_those_of_ets() -> None:
    states, surprises = smoothing.seen(np.array(VALUES), MODEL)
    beginning = np.array([1, *BEGINNING])
    assert surprises[:, 0, :] @ beginning == pytest.approx(RESIDUALS, abs=1e-6)
    ends = states[:, 0, :] @ beginning
    assert MODEL.expected(ends, len(VALUES) % 7)[0] == pytest.approx(NEXT, abs=1e-6)


def test_an_unknown_day_surprises_nobody() -> None:
    known, unknown = (smoothing.seen(np.array([*VALUES, value]), MODEL) for value in (3.0, np.nan))
    assert len(known[1]) == len(unknown[1]) + 1
    assert np.array_equal(known[1][:-1], unknown[1])


def test_a_weekly_season_goes_on() -> None:
    week = [0.0, 0.1, 0.2, 0.3, 0.2, -0.8, -1.0]
    noise = np.random.default_rng(3).normal(0, 0.02, 84)
    middle = told([week[at % 7] + float(noise[at]) for at in range(84)])[1]
    assert middle == pytest.approx(week * 2, abs=0.05)


def test_a_trend_goes_on() -> None:
    noise = np.random.default_rng(4).normal(0, 0.02, 84)
    low, middle, high = told([0.01 * at + float(noise[at]) for at in range(84)])
    assert middle[-1] == pytest.approx(0.97, abs=0.06)
    assert low[-1] < 0.97 < high[-1]


def test_a_level_that_wanders_is_less_certain_the_further_ahead() -> None:
    steps = np.random.default_rng(5).normal(0, 0.1, 120).cumsum()
    low, _, high = told([float(value) for value in steps], ahead=28)
    assert high[-1] - low[-1] > 2 * (high[0] - low[0])


def test_fewer_days_leave_more_open() -> None:
    noise = [float(value) for value in np.random.default_rng(6).normal(0, 0.2, 120)]
    few, many = (told(days)[2] - told(days)[0] for days in (noise[-14:], noise))
    assert few.mean() > 1.1 * many.mean()


def test_no_known_day_tells_nothing() -> None:
    with pytest.raises(ValueError, match="no day"):
        smoothing.simulated(np.array([np.nan]), 3, 10, np.random.default_rng(1))
