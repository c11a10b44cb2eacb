"""Costs in words: each sentence by the numbers it is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dashboard.components import (
    cost_events,
    cost_excess,
    cost_limits,
    cost_month,
    cost_month_verdict,
    cost_verdict,
)
from dashboard.components.cost_events import Event
from dashboard.components.cost_excess import Excess
from dashboard.components.cost_now import CostNow, Course, Judged
from dashboard.components.formatting import Zone
from dashboard.components.usage_span import Days
from dashboard.components.verdicts import State
from dashboard.cost_totals import DayTotals, Reading
from dashboard.fetch import Fetched
from queries.cost_anomaly import Anomaly
from queries.cost_models import CostDay, CostPart, CostTally, DayUsd, Fate, HourUsd
from queries.forecast import MonthForecast
from queries.models import MoneySource, Spend, Thresholds
from queries.usage_models import Span
from tests.components.guardrail_changes import change
from tests.dashboard.conftest import Configure

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TODAY = date(2026, 11, 11)  # a Wednesday
NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
ZONE = Zone("UTC", UTC)
LIMITS = Thresholds()
READING = Reading(NOON, timedelta(0), timedelta(0))


@pytest.fixture(autouse=True)
def configured(configure: Configure) -> None:
    configure(database_url="postgresql://reader@db/books")


def now(
    spent: str | None,
    *,
    limit: str | None = "500",
    yesterday: Judged | None = None,
    so_far: Judged | None = None,
    source: MoneySource = MoneySource.LEDGER,
    unpriced: int = 0,
) -> CostNow:
    """Noon, where a usual day has spent a half evenly; each of this month's ten days before cost $50."""
    spend = Spend(None if spent is None else Decimal(spent), unpriced, source)
    past = tuple(DayUsd(TODAY - ago * DAY, Decimal(50)) for ago in range(40, 0, -1))
    first = NOON - timedelta(days=40, hours=12)
    hours = tuple(HourUsd(first + number * HOUR, Decimal(1)) for number in range(960))
    return CostNow(
        Days(TODAY, TODAY, "UTC", TODAY, NOON),
        Fetched(spend, NOON, "database"),
        None if limit is None else Decimal(limit),
        DayTotals(past, 0, READING, source),
        Course(0.5, (), hours),
        yesterday,
        so_far,
    )


@pytest.mark.parametrize(
    ("situation", "state", "headline", "detail"),
    [
        (now("40"), State.OK, "$40.00 today (warning at $100), about $80.00 by its end", ""),
        (
            now("120.5"),
            State.WARNING,
            "$120.50 spent today, over the threshold of $100.",
            "About $241 expected by its end. The limit of $500 is not in reach.",
        ),
        (
            now("310"),
            State.WARNING,
            "$310.00 spent today, over the threshold of $100.",
            "About $620 expected by its end. The limit of $500 is reached at about 19:30. "
            "From then on new books are refused.",
        ),
        (
            now("60", limit="84"),
            State.WARNING,
            "Today reaches its limit of $84 at about 17:00.",
            "$60.00 spent so far. About $120 expected by its end. From then on new books are refused.",
        ),
        (
            now("512.4", limit=None),
            State.CRITICAL,
            "$512.40 spent today, over the threshold of $500.",
            "About $1,025 expected by its end.",
        ),
        (
            now("80", limit="80"),
            State.CRITICAL,
            "Today's limit of $80 is reached: $80.00 spent.",
            "The service takes no new books until its day ends at Nov 12 00:00.",
        ),
        (
            now(None, source=MoneySource.NONE),
            State.NOT_OFFERED,
            "What is spent is not known: the service keeps no ledger.",
            "Set prices (OPS_PRICE_PER_IMAGE, OPS_PRICE_PER_LLM_CALL) to see estimates.",
        ),
    ],
)
def test_today_against_its_limits(situation: CostNow, state: State, headline: str, detail: str) -> None:
    told = cost_verdict.today(situation, LIMITS, ZONE)
    assert (told.state, plainly(told.headline), plainly(told.detail)) == (state, headline, detail)


def plainly(markdown: str) -> str:
    return markdown.replace("\\", "")


MONTH = MonthForecast(
    spent=Decimal(540), pace=Decimal(1500), expected=Decimal(1540), low=Decimal(1420), high=Decimal(1660),
    probability=0.03, exhausted=None, exhausted_early=None, exhausted_late=None, closed_days=40, course=(),
)  # fmt: skip
PASSED = replace(
    MONTH, expected=Decimal("2410.4"), low=Decimal(2290), high=Decimal(2540), probability=0.999,
    exhausted=date(2026, 11, 26), exhausted_early=date(2026, 11, 25), exhausted_late=date(2026, 11, 28),
)  # fmt: skip


@pytest.mark.parametrize(
    ("spent", "forecast", "state", "headline", "detail"),
    [
        (
            "40", MONTH, State.OK,
            "November: $540.00 spent, about $1,540 expected of $2,000 (80 %: $1,420 to $1,660; 3 % to pass it)",
            "",
        ),
        (
            "40", PASSED, State.WARNING,
            "November is expected to pass its budget of $2,000 on Nov 26 (between Nov 25 and Nov 28).",
            "$540.00 so far, $51.43 a day. About $2,410 expected by its end (80 %: $2,290 to $2,540). "
            "Probability of passing the budget: over 99 %.",
        ),
        (
            "40", replace(PASSED, exhausted_late=None), State.WARNING,
            "November is expected to pass its budget of $2,000 on Nov 26 (at the earliest Nov 25).", None,
        ),
        ("1600", PASSED, State.WARNING, "November has passed its budget of $2,000: $2,100.00 spent.", None),
        ("4600.01", PASSED, State.CRITICAL, "$5,100.01 spent in November, over the threshold of $5,000.", None),
    ],
)  # fmt: skip
def test_the_month_against_its_budget(
    spent: str, forecast: MonthForecast, state: State, headline: str, detail: str | None
) -> None:
    (told,) = cost_month_verdict.verdicts(now(spent), forecast, LIMITS, Decimal(2000))
    assert (told.state, plainly(told.headline)) == (state, headline)
    assert detail is None or plainly(told.detail) == detail


def test_a_short_history_has_no_band_and_says_why() -> None:
    young = replace(MONTH, low=None, high=None, probability=None, closed_days=12)
    calm, why = cost_month_verdict.verdicts(now("40"), young, LIMITS, Decimal(2000))
    assert plainly(calm.headline) == "November: $540.00 spent, about $1,540 expected of $2,000"
    assert "no band: it needs 28 closed days, and there are 12" in why.headline
    (loud,) = cost_month_verdict.verdicts(now("40"), young, LIMITS, Decimal(1000))
    assert "(no band: it needs 28 closed days, and there are 12)" in loud.detail
    assert "Probability" not in loud.detail


def judged(day: date, usd: str, usual: str, *, unusual: bool = True) -> Judged:
    spent, middle = Decimal(usd), Decimal(usual)
    return Judged(day, spent, Anomaly(unusual, spent > middle, middle, abs(spent - middle), 5.0))


YESTERDAY = TODAY - DAY


@pytest.mark.parametrize(
    ("found", "state", "headline"),
    [
        (judged(YESTERDAY, "212", "104"), State.WARNING, "Yesterday cost $212.00, twice a usual Tuesday ($104)."),
        (
            judged(YESTERDAY, "312", "104"),
            State.WARNING,
            "Yesterday cost $312.00, 3.0 times a usual Tuesday ($104).",
        ),
        (
            judged(YESTERDAY, "156", "104"),
            State.WARNING,
            "Yesterday cost $156.00, 50 % more than a usual Tuesday ($104).",
        ),
        (judged(YESTERDAY, "52", "104"), State.OK, "Yesterday cost $52.00, 50 % less than a usual Tuesday ($104)"),
        (
            judged(YESTERDAY, "12", "0"),
            State.WARNING,
            "Yesterday cost $12.00, where a Tuesday usually costs nothing.",
        ),
    ],
)
def test_a_day_unlike_its_weekday(found: Judged, state: State, headline: str) -> None:
    (told,) = cost_verdict.unusual(now("40", yesterday=found), None)
    assert (told.state, plainly(told.headline)) == (state, headline)


def test_where_the_money_above_the_usual_went() -> None:
    found = now("40", yesterday=judged(YESTERDAY, "212", "104"), so_far=judged(TODAY, "90", "30"))
    yesterday, today = cost_verdict.unusual(found, Excess("picture-one", "image", Decimal("96.2")))
    assert plainly(yesterday.detail) == "Most of it for images by picture-one: $96.20 above the usual."
    assert (
        plainly(today.headline)
        == "Today has cost $90.00 so far, 3.0 times a usual Wednesday ($30.00) by this time."
    )
    assert today.detail == ""


def test_usual_days_take_half_a_line() -> None:
    usual = [judged(day, "50", "49", unusual=False) for day in (YESTERDAY, TODAY)]
    (told,) = cost_verdict.unusual(now("40", yesterday=usual[0], so_far=usual[1]), None)
    assert (told.state, told.headline) == (State.OK, "yesterday and today so far are as usual")
    (unknown,) = cost_verdict.unusual(now("40"), None)
    assert (unknown.state, unknown.headline) == (
        State.NO_DATA,
        "Too little history to tell whether a day is unusual.",
    )


def test_what_is_in_no_figure_and_what_is_only_estimated() -> None:
    assert cost_verdict.unpriced(now("40").spend.value) == []
    assert cost_verdict.origin(now("40")) == []
    (one,) = cost_verdict.unpriced(now("40", unpriced=1).spend.value)
    assert one.headline == "1 call of today has no price and is in no figure here."
    (several,) = cost_verdict.unpriced(now("40", unpriced=16, source=MoneySource.ESTIMATED).spend.value)
    assert several.headline == "16 calls of today have no price and are in no figure here."
    assert "OPS_PRICE_PER_IMAGE" in plainly(several.detail)
    (estimated,) = cost_verdict.origin(now("40", source=MoneySource.ESTIMATED))
    assert estimated.headline == "The service keeps no ledger: every figure is estimated from the price list."


def cost_day(day: date, provider: str, kind: str, usd: str) -> CostDay:
    part = CostPart(provider, kind, "generate_images", Fate.USED)
    return CostDay(day, part, CostTally(calls=Decimal(1), usd=Decimal(usd)))


def test_the_largest_excess_is_against_the_same_weekdays() -> None:
    week = timedelta(weeks=1)
    days = [cost_day(YESTERDAY - ago * week, "a", "image", "100") for ago in range(1, 5)]
    # On other days of the week the words are dear, too.
    days += [cost_day(YESTERDAY - ago * week - DAY, "b", "llm", "500") for ago in range(1, 5)]
    days += [cost_day(YESTERDAY, "a", "image", "130"), cost_day(YESTERDAY, "b", "llm", "40")]
    assert cost_excess.largest(days, YESTERDAY) == Excess("b", "llm", Decimal(40))
    assert cost_excess.largest(days[:-2], YESTERDAY) is None


def test_the_month_before_lies_on_the_days_of_this_one() -> None:
    january = [DayUsd(date(2026, 1, 1) + number * DAY, Decimal(2)) for number in range(31)]
    found = cost_month.last_month(january, date(2026, 2, 10))
    assert (found[0], found[-1]) == (DayUsd(date(2026, 2, 1), Decimal(2)), DayUsd(date(2026, 2, 28), Decimal(56)))
    assert cost_month.last_month(january[1:], date(2026, 2, 10)) == []


def test_a_limit_in_steps() -> None:
    span = Span(NOON - 10 * DAY, NOON)
    newest_first = [
        change(NOON - DAY, "0", "500"),
        change(NOON - 4 * DAY, "300", "0"),
        change(NOON - 20 * DAY, "9", "300"),
    ]
    assert cost_limits.over_time(Decimal(500), newest_first, span) == [
        (span.since, Decimal(300)),
        (NOON - 4 * DAY, None),
        (NOON - DAY, Decimal(500)),
        (span.until, Decimal(500)),
    ]


def test_few_marks_have_a_name() -> None:
    days = Days(TODAY - 29 * DAY, TODAY, "UTC", TODAY, NOON)
    ranks = {0: 2, 1: 0, 9: 2, 20: 4, 21: 1}
    events = [Event(NOON - ago * DAY, rank, f"mark {ago}", "") for ago, rank in ranks.items()]
    events.append(Event(NOON - 9 * DAY + HOUR, 3, "<b>", ""))
    named = {(TODAY - at.date()).days: name for at, name in cost_events.marks(events, days)}
    assert named == {21: "mark 21", 20: "", 9: "mark 9 +1", 1: "mark 1", 0: ""}
