"""Money of any span of time, closed hours from the roll-up and the rest live: all that pages ask.

From the ledger; without one estimated from shares of books by the price list in force, and nothing where there is
neither. Each raises DatabaseError where the service's database cannot be read. Without the console's
own store all is read live, and the answer's reading says so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from dashboard import fetch
from dashboard.rolled_reading import STATE_KEPT, Question, Reading, asked_live, read, read_priced
from dashboard.rolled_reading import money_source as source
from queries import cost_calls, cost_rollups
from queries.cost_estimates import estimated
from queries.cost_models import CostDay, CostTally, DayUsd, HourUsd, KindDayCost, KindHourCost, total
from queries.days import days
from queries.models import MoneySource, PriceList
from queries.usage_models import Span

__all__ = ["CostDays", "DayTotals", "HourTotals", "Reading", "by_day", "by_hour", "source", "total_by_day"]


HOUR = timedelta(hours=1)

Row = TypeVar("Row", CostDay, KindDayCost, KindHourCost)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class CostDays:
    """Oldest first; parts without a call on a day are left out."""

    days: tuple[CostDay, ...]
    reading: Reading
    source: MoneySource


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Every day from the first on which money may have been spent, oldest first, 0 where none was.

    unpriced are calls without a price, of all days together.
    """

    days: tuple[DayUsd, ...]
    unpriced: int
    reading: Reading
    source: MoneySource


@dataclass(frozen=True, slots=True)
class HourTotals:
    """Every hour (UTC) from the first in which money may have been spent, oldest first, 0 where none was."""

    hours: tuple[HourUsd, ...]
    reading: Reading
    source: MoneySource


def by_day(span: Span, timezone: str, ttl: timedelta | None = None) -> CostDays:
    """By part and days of timezone (IANA name)."""
    named = {"timezone": timezone}
    asked = Question(cost_rollups.by_part_and_day, asked_live(cost_calls.by_part_and_day, **named), named)
    told, rows, reading = _asked(span, asked, ttl)
    found = _summed(rows, lambda one: (one.day, one.part))
    parts = (CostDay(day, part, tally) for (day, part), tally in found.items())
    return CostDays(tuple(sorted(parts, key=lambda one: (one.day, *_named(one)))), reading, told)


def total_by_day(span: Span, timezone: str, ttl: timedelta | None = None) -> DayTotals:
    """By days of timezone (IANA name) that have begun."""
    named = {"timezone": timezone}
    asked = Question(cost_rollups.by_kind_and_day, asked_live(cost_calls.by_kind_and_day, **named), named)
    told, rows, reading = _asked(span, asked, ttl)
    found = _summed(rows, lambda one: one.day)
    begun = _begun(span, told)
    each = days(timezone, begun.since, begun.until) if begun else ()
    unpriced = total(found.values()).unpriced
    return DayTotals(tuple(DayUsd(day, _usd(found, day)) for day in each), unpriced, reading, told)


def by_hour(span: Span, ttl: timedelta | None = None) -> HourTotals:
    """By hours that have begun; what lies outside of the span is not counted, if it cuts an hour."""
    asked = Question(cost_rollups.by_kind_and_hour, asked_live(cost_calls.by_kind_and_hour))
    told, rows, reading = _asked(span, asked, ttl)
    found = _summed(rows, lambda one: one.hour)
    begun = _begun(span, told)
    each = _hours(begun) if begun else ()
    return HourTotals(tuple(HourUsd(hour, _usd(found, hour)) for hour in each), reading, told)


def _asked(span: Span, question: Question[Row], ttl: timedelta | None) -> tuple[MoneySource, list[Row], Reading]:
    """Nothing is asked where nothing tells."""
    told = source()
    if told is MoneySource.NONE:
        return told, [], Reading(datetime.now(UTC), timedelta(0), timedelta(0))
    if told is MoneySource.LEDGER:
        rows, reading = read(span, question, ttl)
    else:
        rows, reading = read_priced(span, question, ttl, _priced)
    return told, rows, reading


def _priced(prices: PriceList, row: Row) -> Row:
    kind = row.part.kind if isinstance(row, CostDay) else row.kind
    return replace(row, tally=estimated(prices, kind, row.tally.share))


def _begun(span: Span, told: MoneySource) -> Span | None:
    """What of the span is over or under way, and not before the first money of all."""
    if told is MoneySource.NONE:
        return None
    first = fetch.database(cost_calls.first_spent, ttl=STATE_KEPT).value
    if first is None:
        return None
    since, until = max(span.since, first), min(span.until, datetime.now(UTC))
    return Span(since, until) if since < until else None


def _hours(span: Span) -> tuple[datetime, ...]:
    first = span.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return tuple(first + number * HOUR for number in range(-((first - span.until) // HOUR)))


def _summed(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, CostTally]:
    """Calls that are none, such as those of speech that has no price, are left out."""
    found: dict[Key, CostTally] = {}
    for row in rows:
        if row.tally.calls:
            before = found.get(key(row))
            found[key(row)] = row.tally if before is None else before + row.tally
    return found


def _usd(found: dict[Any, CostTally], piece: Any) -> Decimal:
    return found[piece].usd if piece in found else Decimal(0)


def _named(one: CostDay) -> tuple[str, ...]:
    part = one.part
    return part.provider, part.kind, part.step, part.fate, part.error_code
