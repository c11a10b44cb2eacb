"""Where the month ends: days of every kind, and arithmetic that holds for all of them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean

import numpy as np
import pytest

from demo.spending import LEVELS, spending
from queries import forecast
from queries.cost_models import DayUsd
from queries.forecast import BAND_DAYS, MonthForecast

TODAY = date(2026, 11, 12)
DAY = timedelta(days=1)
Amounts = Callable[[date], float]


def closed(usd: Amounts | float, *, today: date = TODAY, days: int = 120) -> list[DayUsd]:
    """So many days until yesterday."""
    each = [today - ago * DAY for ago in range(days, 0, -1)]
    return [DayUsd(day, Decimal(str(usd(day) if callable(usd) else usd))) for day in each]


def foretold(
    days: Sequence[DayUsd],
    *,
    today: date = TODAY,
    spent: float = 0,
    share: float = 0.0,
    budget: float | None = None,
) -> MonthForecast:
    limit = None if budget is None else Decimal(str(budget))
    return forecast.month(days, today=today, spent_today=Decimal(str(spent)), day_share=share, budget=limit)


def noisy(seed: int, mean: float = 40, spread: float = 0.2) -> Amounts:
    def usd(day: date) -> float:
        return float(round(mean * np.exp(np.random.default_rng([seed, day.toordinal()]).normal(0, spread)), 6))

    return usd


def weekly(day: date) -> float:
    return 10 if day.weekday() >= 5 else 50


def band(found: MonthForecast) -> tuple[float, float, float]:
    assert found.low is not None
    assert found.high is not None
    return float(found.low), float(found.expected), float(found.high)


def assert_sound(found: MonthForecast, today: date) -> None:
    """What holds for every forecast with a band."""
    assert [one.day.day for one in found.course] == [*range(1, monthrange(today.year, today.month)[1] + 1)]
    for one in found.course:
        assert (one.spent is not None) == (one.day <= today)
        assert (one.low is None) == (one.high is None) == (one.day < today)
        if one.low is not None and one.high is not None:
            assert found.spent <= one.low <= one.expected <= one.high
    expected = [one.expected for one in found.course]
    assert expected == sorted(expected)
    end = found.course[-1]
    assert (found.low, found.expected, found.high) == (end.low, end.expected, end.high)
    assert found.course[today.day - 1].spent == found.spent


@pytest.mark.parametrize(
    "today",
    [
        *(date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 1)),
        *(date(2027, 2, 28), date(2028, 2, 28), date(2028, 2, 29), date(2026, 3, 29)),
    ],
)
def test_any_day_of_any_month(today: date) -> None:
    days, length = closed(noisy(1), today=today), monthrange(today.year, today.month)[1]
    found = foretold(days, today=today, spent=10, share=0.25)
    assert_sound(found, today)
    assert found.spent == 10 + sum(one.usd for one in days if one.day >= today.replace(day=1))
    assert float(found.expected) == pytest.approx(40 * length, rel=0.12)
    assert float(found.pace) == pytest.approx(40 * length, rel=0.2)


def test_the_same_closed_days_in_any_order_tell_the_same() -> None:
    days = closed(noisy(2))
    not_closed = [DayUsd(TODAY, Decimal(9_000)), DayUsd(TODAY + DAY, Decimal(9_000))]
    assert foretold(days, budget=900) == foretold([*not_closed, *days[::-1]], budget=900)


def test_weekdays_of_their_own() -> None:
    # From Thursday 12 November on: 13 working days and 6 of weekends.
    low, expected, high = band(found := foretold(closed(weekly)))
    assert found.spent == 8 * 50 + 3 * 10
    assert expected == pytest.approx(430 + 13 * 50 + 6 * 10, rel=0.02)
    assert high - low < 0.1 * expected


def test_only_the_rest_of_today_is_still_to_come() -> None:
    last = date(2026, 11, 30)
    days = closed(noisy(3), today=last)
    ends = [band(foretold(days, today=last, spent=30, share=share)) for share in (0.0, 0.5, 1.0)]
    spent = float(foretold(days, today=last, spent=30).spent)
    assert [end[1] - spent for end in ends] == pytest.approx([40, 20, 0], rel=0.1)
    assert ends[2] == (spent, spent, spent)
    assert ends[1][2] - ends[1][0] == pytest.approx((ends[0][2] - ends[0][0]) / 2, rel=1e-6)


def test_a_constant_service() -> None:
    low, expected, high = band(found := foretold(closed(40)))
    assert expected == pytest.approx(1200, rel=0.001)
    assert 0 < high - low < 0.1 * expected
    assert found.pace == 1200


def test_a_spike_does_not_ruin_the_weeks_after_it() -> None:
    usual = closed(noisy(4))
    spiked = [DayUsd(one.day, one.usd * (20 if one.day == TODAY - 3 * DAY else 1)) for one in usual]
    calm, after = foretold(usual), foretold(spiked)
    assert float(after.expected - after.spent) == pytest.approx(float(calm.expected - calm.spent), rel=0.08)
    assert after.spent > calm.spent + 400


def test_a_new_level_is_believed_within_days() -> None:
    usual = closed(noisy(5, spread=0.1))
    risen = [DayUsd(one.day, one.usd * (2 if one.day >= TODAY - 7 * DAY else 1)) for one in usual]
    found = foretold(risen)
    assert float(found.expected - found.spent) == pytest.approx(80 * 19, rel=0.15)


def test_weekends_without_spend_stay_without() -> None:
    def usd(day: date) -> float:
        return 0 if day.weekday() >= 5 else noisy(6)(day)

    found = foretold(closed(usd))
    assert_sound(found, TODAY)
    assert float(found.expected - found.spent) == pytest.approx(13 * 40, rel=0.12)
    saturday = date(2026, 11, 14).day - 1
    assert float(found.course[saturday].expected - found.course[saturday - 1].expected) < 6


def test_every_fourth_day_without_spend() -> None:
    found = foretold(closed(lambda day: 0 if day.toordinal() % 4 == 0 else noisy(7)(day)))
    assert_sound(found, TODAY)
    assert float(found.expected - found.spent) == pytest.approx(19 * 30, rel=0.2)


def test_a_service_that_stopped() -> None:
    found = foretold(closed(lambda day: 40 if day < TODAY - 35 * DAY else 0), budget=1)
    assert {found.spent, found.low, found.expected, found.high} == {Decimal(0)}
    assert (found.probability, found.exhausted, found.exhausted_early) == (0, None, None)


def test_one_day_that_spent_of_very_many() -> None:
    found = foretold(closed(lambda day: 40 if day == TODAY - 100 * DAY else 0))
    assert (found.closed_days, found.high) == (100, Decimal(0))
    recent = foretold(closed(lambda day: 40 if day in {TODAY - 60 * DAY, TODAY - 2 * DAY} else 0))
    assert recent.closed_days == 60
    assert_sound(recent, TODAY)


def test_missing_days_are_unknown() -> None:
    days = closed(noisy(8))
    found = foretold([one for one in days if one.day.day % 3 or one.day.month == TODAY.month])
    whole = foretold(days)
    assert found.closed_days < whole.closed_days
    assert float(found.expected) == pytest.approx(float(whole.expected), rel=0.06)
    assert_sound(foretold(days[:-2]), TODAY)


def test_cents_are_not_rounded_away() -> None:
    found = foretold(closed(lambda day: round(noisy(9)(day) / 10_000, 6)))
    assert float(found.expected) == pytest.approx(0.12, rel=0.12)


def test_no_band_before_enough_days() -> None:
    days = closed(noisy(10), days=BAND_DAYS)
    short = foretold(days[1:], budget=1000)
    assert (short.closed_days, foretold(days).closed_days) == (BAND_DAYS - 1, BAND_DAYS)
    assert band(foretold(days))
    assert (short.low, short.high, short.probability, short.exhausted_early, short.exhausted_late) == (None,) * 5
    assert all(one.low is None and one.high is None for one in short.course)
    assert short.exhausted is not None


def test_days_before_the_first_that_spent_are_not_the_services() -> None:
    found = foretold(closed(lambda day: 40 if day >= TODAY - 10 * DAY else 0))
    assert (found.closed_days, found.pace) == (10, found.expected)
    assert found.expected == 400 + 19 * 40


def test_the_run_rate_knows_weekdays_after_two_weeks() -> None:
    two_weeks, days = foretold(closed(weekly, days=14)), closed(weekly, days=13)
    assert two_weeks.expected == 430 + 13 * 50 + 6 * 10
    mean = fmean(float(one.usd) for one in days)
    assert float(foretold(days).expected) == pytest.approx(430 + 19 * mean)


def test_a_service_of_today() -> None:
    found = foretold([], spent=7, share=0.5, budget=100)
    assert (found.closed_days, found.low, found.probability) == (0, None, None)
    assert found.spent == found.expected == 7
    assert found.pace == 7 + Decimal("18.5") * 7
    assert foretold([]).pace == 0


def test_the_first_day_goes_on_at_the_pace_of_the_month_before() -> None:
    first = date(2026, 11, 1)
    found = foretold(closed(40, today=first), today=first, spent=30, share=0.5)
    assert found.pace == 30 + Decimal("29.5") * 40


def test_a_budget_that_is_passed_and_when() -> None:
    days = closed(noisy(11))
    end = foretold(days)
    for budget in (float(end.expected) * 0.7, float(end.expected) - 1, float(end.expected) + 1, 99_999):
        found = foretold(days, budget=budget)
        over = [one.day for one in found.course if one.expected > Decimal(str(budget))]
        assert found.exhausted == (over[0] if over else None)
        assert found.probability is not None
        assert (found.exhausted is not None) == (found.probability >= 0.5)
        assert (found.exhausted_early is not None) == (found.probability >= 0.1)
        assert (found.exhausted_late is not None) == (found.probability >= 0.9)
    soon = foretold(days, budget=float(end.expected) * 0.7)
    passed = [one for one in (soon.exhausted_early, soon.exhausted, soon.exhausted_late) if one is not None]
    assert [TODAY, *passed] == sorted([TODAY, *passed])
    assert len(passed) == 3


def test_a_budget_that_was_passed_on_a_closed_day() -> None:
    found = foretold(closed(40), budget=100)
    assert (found.probability, found.exhausted) == (1, date(2026, 11, 3))
    assert (found.exhausted_early, found.exhausted_late) == (found.exhausted, found.exhausted)
    assert foretold(closed(40), budget=120).exhausted == date(2026, 11, 4)


def test_most_months_end_within_the_band() -> None:
    """A sane share of a few; benchmarks/forecast.py measures it."""
    held = []
    for kind in LEVELS:
        for seed in range(10):
            series = spending(kind, np.random.default_rng([seed, *kind.encode()]), TODAY - 120 * DAY, 139)
            low, _, high = band(foretold(series))
            held.append(low <= sum(one.usd for one in series if one.day >= TODAY.replace(day=1)) <= high)
    assert 0.6 <= fmean(held) <= 0.95
