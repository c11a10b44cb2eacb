"""The rule on unusual days: what it finds, and what it keeps silent on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.cost_anomaly import UNUSUAL_Z, Anomaly, judge
from queries.cost_models import DayUsd

MONDAY = date(2026, 11, 23)
DAY = timedelta(days=1)
LEAST = Decimal(10)
Amounts = Callable[[date], float]


def history(usd: Amounts | float, *, day: date = MONDAY, days: int = 120) -> list[DayUsd]:
    each = [day - ago * DAY for ago in range(days, 0, -1)]
    return [DayUsd(one, Decimal(str(usd(one) if callable(usd) else usd))) for one in each]


def noisy(day: date) -> float:
    """Weekends spend half; a day is off by 15 %."""
    weekday = 20 if day.weekday() >= 5 else 40
    return float(round(weekday * np.exp(np.random.default_rng(day.toordinal()).normal(0, 0.15)), 6))


def working_days(day: date) -> float:
    return 0 if day.weekday() >= 5 else noisy(day)


def judged(days: list[DayUsd], usd: float, *, day: date = MONDAY, least: Decimal = LEAST) -> Anomaly:
    found = judge(days, day, Decimal(str(usd)), least_usd=least)
    assert found is not None
    return found


def test_three_times_the_usual_is_unusual() -> None:
    found = judged(history(noisy), 120)
    assert (found.unusual, found.higher) == (True, True)
    assert float(found.usual) == pytest.approx(40, rel=0.15)
    assert found.excess == 120 - found.usual
    assert found.z > UNUSUAL_Z


def test_a_third_of_the_usual_is_unusual_too() -> None:
    found = judged(history(noisy), 13)
    assert (found.unusual, found.higher) == (True, False)
    assert found.excess == found.usual - 13
    assert found.z < -UNUSUAL_Z


def test_a_day_is_held_against_its_own_weekday() -> None:
    sunday = MONDAY - DAY
    days = history(noisy, day=sunday)
    assert not judged(history(noisy), 40).unusual
    assert judged(days, 40, day=sunday).unusual
    assert not judged(days, 20, day=sunday).unusual


def test_what_is_far_off_in_cents_is_not_unusual() -> None:
    days = history(lambda day: round(noisy(day) / 100, 6))
    assert abs(judged(days, 4).z) > UNUSUAL_Z
    assert not judged(days, 4).unusual
    assert judged(days, 4, least=Decimal(3)).unusual


def test_days_that_were_all_alike() -> None:
    days = history(100)
    assert judged(days, 100) == Anomaly(False, False, Decimal(100), Decimal(0), 0.0)
    assert not judged(days, 112).unusual
    assert judged(days, 130).unusual


def test_days_without_spend() -> None:
    days = history(0)
    assert judged(days, 0) == Anomaly(False, False, Decimal(0), Decimal(0), 0.0)
    assert judged(days, 11).unusual
    weekday, saturday = (history(working_days, day=day) for day in (MONDAY, MONDAY + 5 * DAY))
    assert judged(weekday, 0).unusual
    assert not judged(weekday, 40).unusual
    found = judged(saturday, 0, day=MONDAY + 5 * DAY)
    assert (found.unusual, found.usual < Decimal("0.01")) == (False, True)


def test_a_spike_in_the_history_hides_nothing() -> None:
    spiked = [DayUsd(one.day, one.usd * (30 if one.day.day == 11 else 1)) for one in history(noisy)]
    assert judged(spiked, 120).unusual
    assert not judged(spiked, 42).unusual


def test_a_new_level_is_unusual_for_days_and_not_for_weeks() -> None:
    def risen(day: date) -> float:
        return noisy(day) * (2.5 if day >= MONDAY - 28 * DAY else 1)

    def unusual(ago: int) -> bool:
        day = MONDAY - ago * DAY
        return judged(history(risen, day=day), risen(day), day=day).unusual

    assert unusual(28)
    assert not any(unusual(ago) for ago in range(20))


def test_a_steady_trend_is_usual() -> None:
    days = history(lambda day: noisy(day) * 1.01 ** (day - MONDAY).days)
    assert not judged(days, 40).unusual
    assert float(judged(days, 40).usual) == pytest.approx(40, rel=0.15)


@pytest.mark.parametrize(("days", "told"), [(0, False), (20, False), (31, False), (35, True), (400, True)])
def test_history_that_is_too_short_tells_nothing(days: int, told: bool) -> None:
    assert (judge(history(noisy, days=days), MONDAY, Decimal(900), least_usd=LEAST) is not None) == told


def test_days_left_out_are_unknown_and_later_ones_tell_nothing() -> None:
    days = history(noisy)
    some = [one for one in days if one.day.day % 4]
    assert judged(some, 120).unusual
    assert not judged(some, 40).unusual
    assert judged([*days, *history(900, day=MONDAY + 9 * DAY, days=9)], 40) == judged(days, 40)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.decimals(0, 5_000, places=2), min_size=42, max_size=130),
    st.decimals(0, 5_000, places=2),
    st.decimals(0, 100, places=2),
)
def test_whatever_the_days(amounts: list[Decimal], usd: Decimal, least: Decimal) -> None:
    days = [DayUsd(MONDAY - ago * DAY, amount) for ago, amount in enumerate(amounts, 1)]
    found = judge(days, MONDAY, usd, least_usd=least)
    assert found is not None
    assert found.usual >= 0
    assert found.excess == abs(usd - found.usual)
    assert found.higher == (usd > found.usual)
    assert found.unusual == (abs(found.z) > UNUSUAL_Z and found.excess >= least)
    assert found == judge(days[::-1], MONDAY, usd, least_usd=least)
