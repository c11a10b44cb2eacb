"""The course of a usual day: how much of its money is spent by this time of day. Pure: works on hours and days.

Hours are UTC, oldest first, an hour that is left out spent nothing; the newest may be unfinished. A day begins
where its zone says, so that it may have 23 or 25 hours; an hour that a midnight cuts is shared out by time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from statistics import fmean, median
from zoneinfo import ZoneInfo

from queries.cost_models import DayUsd, HourUsd
from queries.days import days, midnight

POOLED_DAYS = 28
# So many of the same weekday tell its own course; fewer say less than all days together.
WEEKDAYS_LEAST = 6
# Before so many days tell anything, a day is taken to spend evenly.
DAYS_LEAST = 3
# What less of a day than this, multiplied up, would say is chance.
SHARE_LEAST = 0.1
# What is older than this is another time's habit.
MEDIAN_WEEKS = 8

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def share_by_now(hours: Sequence[HourUsd], now: datetime, timezone: str) -> float:
    """How much of a usual day is spent by this wall-clock time, 0 to 1; timezone is an IANA name.

    The mean of what earlier days had spent by then: of the same weekday where the hours hold WEEKDAYS_LEAST of
    them, else of the last POOLED_DAYS days. The share of the day's time that is over where those are too few.
    """
    by_now = {one.day: one.usd for one in up_to_now(hours, now, timezone)}
    wholes = _sums(hours, now, timezone, lambda day: midnight(day + _DAY, timezone))
    shares = {one.day: float(by_now[one.day] / one.usd) for one in wholes if one.usd}
    today = _today(now, timezone)
    alike = [share for day, share in shares.items() if day.weekday() == today.weekday()]
    if len(alike) >= WEEKDAYS_LEAST:
        return fmean(alike)
    recent = [share for day, share in shares.items() if today - day <= POOLED_DAYS * _DAY]
    return fmean(recent) if len(recent) >= DAYS_LEAST else _time_over(now, today, timezone)


def up_to_now(hours: Sequence[HourUsd], now: datetime, timezone: str) -> tuple[DayUsd, ...]:
    """What each earlier day had spent by this wall-clock time, USD, oldest first.

    From the first day on whose beginning the hours hold; timezone is an IANA name.
    """
    clock = now.astimezone(ZoneInfo(timezone)).time()
    return _sums(hours, now, timezone, lambda day: datetime.combine(day, clock, ZoneInfo(timezone)))


def projected(spent: Decimal, share: float) -> Decimal | None:
    """Where a day ends that has spent so much by the time when a usual day has spent this share (0-1) of its sum.

    None under SHARE_LEAST.
    """
    return spent / Decimal(share) if share >= SHARE_LEAST else None


def weekday_median(days: Sequence[DayUsd], day: date) -> Decimal | None:
    """The median of the same weekday in the MEDIAN_WEEKS weeks before the day, USD; None where there is none."""
    since = day - MEDIAN_WEEKS * 7 * _DAY
    alike = [one.usd for one in days if since <= one.day < day and one.day.weekday() == day.weekday()]
    return median(alike) if alike else None


def _sums(
    hours: Sequence[HourUsd], now: datetime, timezone: str, until: Callable[[date], datetime]
) -> tuple[DayUsd, ...]:
    """Each day before today from its beginning until the instant that is named for it."""
    if not hours:
        return ()
    start = cache(lambda day: midnight(day, timezone))
    end = cache(lambda day: until(day).astimezone(UTC))
    first, today = hours[0].hour, _today(now, timezone)
    sums = {day: Decimal(0) for day in days(timezone, first, start(today)) if start(day) >= first}
    for one in hours:
        for day in days(timezone, one.hour, one.hour + _HOUR):
            if day in sums:
                sums[day] += one.usd * _part(one.hour, min(one.hour + _HOUR, now), start(day), end(day))
    return tuple(DayUsd(day, usd) for day, usd in sums.items())


def _part(since: datetime, until: datetime, start: datetime, end: datetime) -> Decimal:
    """How much of [since, until) lies in [start, end), 0 to 1."""
    within = min(until, end) - max(since, start)
    if within <= timedelta():
        return Decimal(0)
    return Decimal(within // timedelta.resolution) / Decimal((until - since) // timedelta.resolution)


def _time_over(now: datetime, today: date, timezone: str) -> float:
    start = midnight(today, timezone)
    return (now - start) / (midnight(today + _DAY, timezone) - start)


def _today(now: datetime, timezone: str) -> date:
    return now.astimezone(ZoneInfo(timezone)).date()
