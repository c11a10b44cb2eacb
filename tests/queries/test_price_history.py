"""Prices that change: each day has one list, and a span is cut where another one begins."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from queries.days import midnight
from queries.models import PriceList
from queries.price_history import PricedSpan, PriceHistory, PricesFrom
from queries.usage_models import Span

SEOUL = "Asia/Seoul"
OLD, NEW, NEWEST = (PriceList(per_image=Decimal(usd)) for usd in ("0.04", "0.05", "0.06"))
SEPTEMBER, NOVEMBER = date(2026, 9, 1), date(2026, 11, 1)
HISTORY = PriceHistory((PricesFrom(None, OLD), PricesFrom(SEPTEMBER, NEW), PricesFrom(NOVEMBER, NEWEST)), SEOUL)


def test_each_day_has_the_list_that_began_last() -> None:
    days = (date(1990, 1, 1), date(2026, 8, 31), SEPTEMBER, date(2026, 10, 31), NOVEMBER, date(2090, 1, 1))
    assert [HISTORY.on(day) for day in days] == [OLD, OLD, NEW, NEW, NEWEST, NEWEST]


def test_a_day_begins_at_midnight_in_its_zone() -> None:
    assert HISTORY.at(datetime(2026, 8, 31, 14, 59, 59, tzinfo=UTC)) == OLD
    assert HISTORY.at(datetime(2026, 8, 31, 15, 0, tzinfo=UTC)) == NEW


def test_changes_are_told_from_first_to_last_day() -> None:
    assert HISTORY.changes(SEPTEMBER, NOVEMBER) == (SEPTEMBER, NOVEMBER)
    assert HISTORY.changes(date(2026, 9, 2), date(2026, 10, 31)) == ()
    assert PriceHistory.always(OLD).changes(date.min, date.max) == ()


def test_a_span_is_cut_where_prices_change() -> None:
    since, until = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    first, second = midnight(SEPTEMBER, SEOUL), midnight(NOVEMBER, SEOUL)
    assert HISTORY.parts(Span(since, until)) == (
        PricedSpan(Span(since, first), OLD),
        PricedSpan(Span(first, second), NEW),
        PricedSpan(Span(second, until), NEWEST),
    )


def test_a_span_that_begins_or_ends_with_a_change_is_whole() -> None:
    span = Span(midnight(SEPTEMBER, SEOUL), midnight(NOVEMBER, SEOUL))
    assert HISTORY.parts(span) == (PricedSpan(span, NEW),)
    assert PriceHistory.always(OLD).parts(span) == (PricedSpan(span, OLD),)
