"""What the Costs page's verdicts weigh, asked once: by days of the service, in which its limits count."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from dashboard import cost_totals, fetch, situation
from dashboard.components import usage_span
from dashboard.components.chart_lines import floored
from dashboard.components.guardrail_words import DAILY_USD
from dashboard.components.notices import guarded
from dashboard.components.usage_span import ONE_DAY, Days
from dashboard.connections import settings
from dashboard.cost_totals import DayTotals
from dashboard.fetch import Fetched
from queries import cost_anomaly, costs, day_course, forecast
from queries.cost_anomaly import Anomaly
from queries.cost_models import DayUsd, HourUsd
from queries.errors import OpsError
from queries.forecast import MonthForecast
from queries.models import Spend

MINUTE = timedelta(minutes=1)
# What closed days and hours say changes only where they are corrected.
KEPT = timedelta(minutes=5)
# Weekdays and trends of half a year: what the forecast looks back on.
HISTORY_DAYS = 180
# Of earlier ones the course of a day is another time's habit.
COURSE_DAYS = 126
# Where the limit is reached is told to the quarter of an hour.
TOLD_TO = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Course:
    """How much of a usual day (0-1) is spent by now, and what each earlier day had spent by now.

    hours are those of the days that this was learned from.
    """

    share: float
    by_now: tuple[DayUsd, ...]
    hours: tuple[HourUsd, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a day, or a day so far, cost in USD, and whether that is unusual; None: too little history to tell."""

    day: date
    usd: Decimal
    found: Anomaly | None


@dataclass(frozen=True, slots=True)
class CostNow:
    """today is the service's day; past its closed days, oldest first.

    limit is the service's own limit of USD a day; None where it is off, or not known. yesterday and so_far are
    None where nothing is known of the day.
    """

    today: Days
    spend: Fetched[Spend]
    limit: Decimal | None
    past: DayTotals
    course: Course
    yesterday: Judged | None
    so_far: Judged | None

    @property
    def spent(self) -> Decimal | None:
        return self.spend.value.usd

    @property
    def projected(self) -> Decimal | None:
        """Where the day ends if it goes on like a usual one; None while it is too young to tell."""
        if self.spent is None:
            return None
        found = day_course.projected(self.spent, self.course.share)
        return None if found is None else max(found, self.spent)

    @property
    def month_spent(self) -> Decimal | None:
        """USD of this month, today's so far included."""
        if self.spent is None:
            return None
        first = self.today.first.replace(day=1)
        return self.spent + sum((one.usd for one in self.past.days if one.day >= first), Decimal(0))

    @property
    def reached(self) -> datetime | None:
        """When today would reach the limit if it goes on like a usual day; None where it would not."""
        if self.limit is None or self.projected is None or self.projected <= self.limit:
            return None
        first, last = floored(self.today.now, TOLD_TO) + TOLD_TO, self.today.span.until
        ahead = [first + number * TOLD_TO for number in range((last - first) // TOLD_TO)]
        needed = float(self.limit / self.projected)
        place = bisect_left(ahead, needed, key=lambda at: _share(self.course.hours, at, self.today.zone))
        return ahead[place] if place < len(ahead) else last


def ask() -> CostNow:
    """Raises DatabaseError: what the others tell is of no use without the money."""
    here, today = settings(), usage_span.lately(1)
    spend = fetch.database(costs.spent_today, here.prices, here.service_timezone)
    past = closed(today)
    course = fetch.computed(_course, today.first, today.zone, ttl=MINUTE).value
    return CostNow(
        today, spend, limit(), past, course, _yesterday(past.days, today), _so_far(course, today, spend.value.usd)
    )


def closed(today: Days) -> DayTotals:
    """The days before today, as far back as the forecast looks. Raises DatabaseError."""
    return cost_totals.total_by_day(_before(today, HISTORY_DAYS).span, today.zone, ttl=KEPT)


def month() -> MonthForecast:
    """Where the month ends, by all that was spent up to now. Raises DatabaseError."""
    today = usage_span.lately(1)
    return fetch.computed(_month, today.first, today.zone, settings().budget, ttl=MINUTE).value


def limit() -> Decimal | None:
    """The service's own limit of USD a day; None where it is off, or not known."""
    answer = guarded(situation.guardrails)
    rail = None if isinstance(answer, OpsError) else answer.value.limits.get(DAILY_USD)
    return None if rail is None or not rail.value else rail.value


def _before(today: Days, number: int) -> Days:
    yesterday = today.first - ONE_DAY
    return Days(today.first - number * ONE_DAY, yesterday, today.zone, today.today, today.now)


def _course(today: date, zone: str) -> Course:
    days = _before(Days(today, today, zone, today, usage_span.moment()), COURSE_DAYS)
    hours = cost_totals.by_hour(days.span, ttl=KEPT).hours
    return Course(_share(hours, days.now, zone), day_course.up_to_now(hours, days.now, zone), hours)


def _month(day: date, zone: str, budget: Decimal) -> MonthForecast:
    """Asks by itself: keyed by what today costs it would be worked out anew every few seconds."""
    here, today = settings(), Days(day, day, zone, day, usage_span.moment())
    spent = fetch.database(costs.spent_today, here.prices, zone).value.usd or Decimal(0)
    share = fetch.computed(_course, day, zone, ttl=MINUTE).value.share
    return forecast.month(closed(today).days, today=day, spent_today=spent, day_share=share, budget=budget)


def _share(hours: Sequence[HourUsd], at: datetime, zone: str) -> float:
    return day_course.share_by_now(hours, at, zone)


def _yesterday(closed_days: Sequence[DayUsd], today: Days) -> Judged | None:
    if not closed_days or closed_days[-1].day != today.first - ONE_DAY:
        return None
    last = closed_days[-1]
    return Judged(last.day, last.usd, _judge(closed_days, last.day, last.usd))


def _so_far(course: Course, today: Days, usd: Decimal | None) -> Judged | None:
    return None if usd is None else Judged(today.first, usd, _judge(course.by_now, today.first, usd))


def _judge(history: Sequence[DayUsd], day: date, usd: Decimal) -> Anomaly | None:
    return cost_anomaly.judge(history, day, usd, least_usd=settings().anomaly_least_usd)
