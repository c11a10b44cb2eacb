"""ISO weeks of a zone: from Monday's midnight to the next one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from dashboard.report.errors import NotAWeek
from dashboard.usage_totals import range_span
from queries.rollups import CLOSED_AFTER
from queries.usage_models import Span

DAYS = 7
_DAY = timedelta(days=1)
# Calendars of other millennia end in the middle of what is asked for.
_FORM = re.compile(r"(2\d{3})-?W(\d{2})", re.ASCII | re.IGNORECASE)
# What a person may type by mistake is told back up to here.
_TOLD = 40


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week by its Monday."""

    first: date

    @classmethod
    def of(cls, day: date) -> Self:
        """The week with this day."""
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def parsed(cls, text: str, today: date) -> Self:
        """From 2026-W47. Raises NotAWeek, with the week before today's as the example."""
        found = _FORM.fullmatch(text.strip())
        try:
            if found:
                return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            pass
        raise NotAWeek(text=repr(text[:_TOLD]), example=cls.of(today).before.name)

    @property
    def last(self) -> date:
        return self.first + (DAYS - 1) * _DAY

    @property
    def before(self) -> Self:
        return self.back(1)

    @property
    def name(self) -> str:
        """Such as 2026-W47."""
        year, number, _ = self.first.isocalendar()
        return f"{year:04d}-W{number:02d}"

    def back(self, weeks: int) -> Self:
        return type(self)(self.first - weeks * DAYS * _DAY)

    def days(self) -> tuple[date, ...]:
        return tuple(self.first + number * _DAY for number in range(DAYS))

    def span(self, zone: str) -> Span:
        return range_span(self.first, self.last, zone)

    def is_over(self, zone: str, now: datetime) -> bool:
        """Whether its last rows are there."""
        return now >= self.span(zone).until + CLOSED_AFTER

    def has_begun(self, zone: str, now: datetime) -> bool:
        return now >= self.span(zone).since


def last_closed(zone: str, now: datetime) -> Week:
    """The newest week that is over, in zone (IANA name)."""
    this = Week.of(now.astimezone(ZoneInfo(zone)).date())
    return this.before if this.before.is_over(zone, now) else this.back(2)
