"""The words about what a book costs and why a week cost more: on whole weeks, first days, one book, none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dashboard.components import cost_change, cost_change_words, cost_terms, cost_unit_trend, cost_units
from dashboard.components.usage_span import Days
from queries.cost_change import Spending, explain, rounded
from queries.cost_models import CostDay, CostPart, CostTally, Fate
from queries.unit_costs import UnitCosts
from queries.usage_models import KindDay, Tally

TODAY = date(2026, 11, 23)
DAYS = Days(date(2026, 11, 17), TODAY, "UTC", TODAY, datetime(2026, 11, 23, 12, tzinfo=UTC))
UNITS = UnitCosts(10, Decimal("1.42"), Decimal("1.21"), {Fate.FAILED: Decimal("0.21")}, Decimal(0), Decimal(0), 0)
IMAGES, TEXT = ("picture-one", "image"), ("word-one", "llm")


def units(**changes: object) -> str:
    return cost_units.headline(replace(UNITS, **changes), DAYS).replace("\\", "")  # type: ignore[arg-type]


def week(jobs: int, images: str, calls: int, text: str) -> Spending:
    """A week's USD for images (so many calls) and for two texts a job."""
    return Spending(
        jobs,
        {IMAGES: CostTally(Decimal(calls), usd=Decimal(images)), TEXT: CostTally(Decimal(200), usd=Decimal(text))},
    )


def change(before: Spending, after: Spending) -> str:
    shown = rounded(explain(before, after))
    return cost_change_words.headline(shown, before, after, 2).replace("\\", "")


def test_a_book_costs_what_went_into_it_and_what_did_not() -> None:
    assert units() == "One finished book costs **$0.142**: $0.121 went into it, $0.021 did not, on average of 10."
    assert units(done=1).startswith("The one finished book costs **$1.42**: $1.21 went into it, $0.21 did not.")
    assert "all of which went into it" in units(usd=Decimal("1.21"), wasted={})


def test_a_gap_too_small_to_tell_is_not_nothing() -> None:
    assert "< $0.001 did not" in units(usd=Decimal("1.2101"))


def test_what_did_not_go_in_is_the_difference_that_is_read() -> None:
    told = units(usd=Decimal("1.3049"), direct_usd=Decimal("1.2551"))
    assert "**$0.130**: $0.126 went into it, $0.004 did not" in told


def test_without_finished_books_nothing_is_divided() -> None:
    assert (
        units(done=0) == "**$1.42** was spent from Nov 17 to Nov 23, but no book that was begun then is finished."
    )
    assert "Nothing was spent from Nov 17 to Nov 23." in units(done=0, usd=Decimal(0))
    assert "nothing was spent" in units(usd=Decimal(0))
    assert "has no price" in units(usd=Decimal(0), unpriced=3)


def test_the_largest_reasons_are_told_first_with_their_signs() -> None:
    told = change(week(100, "300.00", 1200, "60.00"), week(112, "346.00", 1400, "50.00"))
    assert told == (
        "**$36.00 more** than in the 7 days before: 12 % more jobs (+$42.80),"
        " more calls a job for images at picture-one (+$13.17), cheaper text at word-one (−$10.02)."
    )


def test_less_the_same_and_nothing_before() -> None:
    some, none = week(100, "300", 1200, "60"), Spending(0, {})
    assert change(some, some) == "**As much** as in the 7 days before."
    assert change(none, some).startswith("**$360.00** was spent. In the 7 days before there was nothing")
    assert change(none, none) == ":gray[Nothing was spent in these 14 days.]"
    assert change(some, none) == "**$360.00 less** than in the 7 days before: no jobs any more (−$360.00)."
    unbegun = week(0, "300", 1200, "60")
    assert "other money (−$360.00)" in change(unbegun, some)


@pytest.mark.parametrize(
    ("usd", "told"),
    [
        ("0.142", "$0.142"),
        ("0.0123456", "$0.0123"),
        ("12.346", "$12.35"),
        ("0.0000001", "< $0.000001"),
        ("0", "$0.00"),
    ],
)
def test_small_money_keeps_three_figures(usd: str, told: str) -> None:
    assert cost_terms.precise(Decimal(usd)) == told


def test_the_seven_days_are_over_whichever_are_chosen() -> None:
    last = cost_change.chosen(DAYS, cost_change.LAST_DAYS)
    assert (last.first, last.last) == (date(2026, 11, 16), date(2026, 11, 22))
    newest, *_, oldest = cost_change.weeks(TODAY)
    assert (newest, oldest) == ("2026-W47", "2026-W35")
    assert cost_change.chosen(DAYS, newest) == last
    assert cost_change.weeks(date(2026, 1, 7))[:2] == ["2026-W01", "2025-W52"]


def test_a_book_over_time_is_told_by_days_or_whole_weeks() -> None:
    part = CostPart("picture-one", "image", "generate_images", Fate.USED)
    spent = [CostDay(date(2026, 11, day), part, CostTally(usd=Decimal(day))) for day in (15, 16, 22)]
    kinds = [KindDay("job", date(2026, 11, 16), Tally(jobs=9, done=8)), KindDay("audio", TODAY, Tally(done=2))]
    daily = cost_unit_trend.buckets(spent, kinds, weekly=False)
    assert [(one.first.day, int(one.units.usd), one.units.done) for one in daily] == [
        (15, 15, 0), (16, 16, 8), (22, 22, 0), (23, 0, 2),
    ]  # fmt: skip
    weekly = cost_unit_trend.buckets(spent, kinds, weekly=True)
    assert [(one.first.day, int(one.units.usd), one.units.done) for one in weekly] == [
        (9, 15, 0),
        (16, 38, 8),
        (23, 0, 2),
    ]
