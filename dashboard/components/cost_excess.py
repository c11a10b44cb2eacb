"""What made a day dearer than usual: the provider and kind of calls with the largest excess."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from dashboard import cost_totals, usage_totals
from dashboard.components.cost_now import KEPT
from queries import day_course
from queries.cost_models import CostDay, DayUsd

# As far back as a weekday's median looks.
WEEKS = day_course.MEDIAN_WEEKS


@dataclass(frozen=True, slots=True)
class Excess:
    """The provider and kind of calls that cost most above what is usual on the weekday, and by how much (USD)."""

    provider: str
    kind: str
    usd: Decimal


def ask(day: date, zone: str) -> Excess | None:
    """Where a day's money above the usual went; None where it cannot be told. Raises DatabaseError."""
    span = usage_totals.range_span(day - WEEKS * timedelta(weeks=1), day, zone)
    return largest(cost_totals.by_day(span, zone, ttl=KEPT).days, day)


def largest(days: Sequence[CostDay], day: date) -> Excess | None:
    """Of the day's providers and kinds, against the medians of the same weekdays before."""
    above = [
        Excess(*part, spent[day] - (day_course.weekday_median(_filled(spent, days), day) or 0))
        for part, spent in _by_part(days).items()
        if day in spent
    ]
    most = max(above, key=lambda one: one.usd, default=None)
    return most if most is not None and most.usd > 0 else None


def _by_part(days: Iterable[CostDay]) -> dict[tuple[str, str], dict[date, Decimal]]:
    parts: dict[tuple[str, str], dict[date, Decimal]] = {}
    for one in days:
        spent = parts.setdefault((one.part.provider, one.part.kind), {})
        spent[one.day] = spent.get(one.day, Decimal(0)) + one.tally.usd
    return parts


def _filled(spent: dict[date, Decimal], days: Sequence[CostDay]) -> list[DayUsd]:
    """Every day of which anything is known, with 0 where a part had nothing."""
    return [DayUsd(day, spent.get(day, Decimal(0))) for day in sorted({one.day for one in days})]
