"""Where the month ends: what is spent, and what the rest of the month will add. Pure: works on days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate, dropwhile

import numpy as np

from queries.cost_models import DayUsd
from queries.forecast_paths import run_rate, simulated
from queries.smoothing import Array

# What fewer closed days say of chance and of weekdays is too little for a band.
BAND_DAYS = 28
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9


@dataclass(frozen=True, slots=True)
class CourseDay:
    """USD from the month's first day to the end of this one.

    spent is told up to today (today's so far), low and high from today on where there is a band.
    """

    day: date
    spent: Decimal | None
    low: Decimal | None
    expected: Decimal
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class MonthForecast:
    """USD of the month of today: spent so far, and where it ends.

    pace goes on at the month's mean day so far; expected is the median of what may come, low and high hold 80 % of
    it. probability (0-1) is that of passing the budget; exhausted the day on which expected passes it, early and
    late those by which a tenth and nine tenths of the paths have: None is not within this month. With fewer than
    BAND_DAYS closed days there is no band, no probability, no early and late, and expected is the run-rate.
    """

    spent: Decimal
    pace: Decimal
    expected: Decimal
    low: Decimal | None
    high: Decimal | None
    probability: float | None
    exhausted: date | None
    exhausted_early: date | None
    exhausted_late: date | None
    closed_days: int
    course: tuple[CourseDay, ...]


def month(
    closed: Sequence[DayUsd], *, today: date, spent_today: Decimal, day_share: float, budget: Decimal | None
) -> MonthForecast:
    """Told by the days before today (any order, days left out are unknown) and what today has spent so far; USD.

    day_share (0-1) is how much of a usual day is spent by now: today's rest is the other part of a simulated day.
    The same days give the same forecast.
    """
    days = _known(closed, today)
    spent = _cumulated(days, today, spent_today)
    ahead = _following(today)
    banded = len(days) >= BAND_DAYS
    rest = (simulated if banded else run_rate)(days, today, len(ahead))
    rest[:, 0] *= 1 - day_share
    rest = rest.cumsum(axis=1)
    course = _course(spent, ahead, rest, banded=banded)
    end, so_far = course[-1], spent[today]
    return MonthForecast(
        so_far,
        _pace(days, today, spent_today, day_share) + so_far,
        end.expected,
        end.low,
        end.high,
        _probability(rest[:, -1], so_far, budget) if banded else None,
        _passed(course, budget, lambda one: one.expected),
        _passed(course, budget, lambda one: one.high or one.spent) if banded else None,
        _passed(course, budget, lambda one: one.low or one.spent) if banded else None,
        len(days),
        course,
    )


def _known(closed: Sequence[DayUsd], today: date) -> tuple[DayUsd, ...]:
    """Days before today, oldest first, from the first that spent anything."""
    days = sorted((one for one in closed if one.day < today), key=lambda one: one.day)
    return tuple(dropwhile(lambda one: one.usd <= 0, days))


def _following(today: date) -> tuple[date, ...]:
    """From today to the month's last day."""
    return tuple(today.replace(day=number) for number in range(today.day, _length(today) + 1))


def _length(today: date) -> int:
    return monthrange(today.year, today.month)[1]


def _cumulated(days: Sequence[DayUsd], today: date, spent_today: Decimal) -> dict[date, Decimal]:
    """What the month had spent by the end of each of its days, today so far."""
    usd = {one.day: one.usd for one in days} | {today: spent_today}
    month_so_far = [today.replace(day=number) for number in range(1, today.day + 1)]
    sums = accumulate(usd.get(day, Decimal(0)) for day in month_so_far)
    return dict(zip(month_so_far, sums, strict=True))


def _course(
    spent: Mapping[date, Decimal], ahead: Sequence[date], rest: Array, *, banded: bool
) -> tuple[CourseDay, ...]:
    """rest: (paths, days ahead) USD from now to the end of each day."""
    today = ahead[0]
    low, middle, high = (
        [spent[today] + _usd(usd) for usd in np.quantile(rest, part, axis=0)] for part in (LOW, MIDDLE, HIGH)
    )
    closed = tuple(CourseDay(day, usd, None, usd, None) for day, usd in spent.items() if day < today)
    return closed + tuple(
        CourseDay(day, spent.get(day), low[at] if banded else None, middle[at], high[at] if banded else None)
        for at, day in enumerate(ahead)
    )


def _pace(days: Sequence[DayUsd], today: date, spent_today: Decimal, day_share: float) -> Decimal:
    """What the month's rest adds at the month's mean day; of earlier days before a day's worth of it is over."""
    share = Decimal(day_share)
    own = [one.usd for one in days if one.day >= today.replace(day=1)]
    over = len(own) + share
    if over < 1 and days:
        earlier = [one.usd for one in days[-BAND_DAYS:]]
        mean = sum(earlier, Decimal(0)) / len(earlier)
    else:
        mean = (sum(own, Decimal(0)) + spent_today) / max(over, Decimal(1))
    return _usd(float(mean * (len(_following(today)) - share)))


def _probability(rest: Array, spent: Decimal, budget: Decimal | None) -> float | None:
    return None if budget is None else float(np.mean(rest > float(budget - spent)))


def _passed(
    course: Sequence[CourseDay], budget: Decimal | None, line: Callable[[CourseDay], Decimal | None]
) -> date | None:
    """The first day at whose end the line is over the budget; on closed days that is what was spent."""
    if budget is None:
        return None
    amounts = ((one.day, line(one)) for one in course)
    return next((day for day, usd in amounts if usd is not None and usd > budget), None)


def _usd(amount: float) -> Decimal:
    """To a millionth: what lies ahead is not known to the last digit."""
    return Decimal(f"{amount:.6f}")
