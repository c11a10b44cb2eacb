"""What burns against what today's limit still allows, in words; and where names stand in a chart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from dashboard.components import chart_labels, cost_burn_words, cost_emergency_words
from dashboard.components.cost_burn_now import BurnNow, Pace
from dashboard.components.cost_emergency_now import EmergencyNow
from dashboard.components.formatting import Zone
from dashboard.components.verdicts import State
from queries.errors import NotConfigured
from queries.models import MoneySource
from tests.dashboard.conftest import Configure

AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
ZONE = Zone("UTC", UTC)
NOT_SET = NotConfigured(what="The service", setting="OPS_SERVICE_URL")


def pace(spent: str, *, limit: str = "500", hours: float = 5, by_service: bool = True) -> Pace:
    return Pace(Decimal(limit), Decimal(spent), timedelta(hours=hours), by_service)


def burning(usd: str) -> BurnNow:
    return BurnNow(Decimal(usd), {"image": Decimal(usd)}, None, AT)


@pytest.fixture(autouse=True)
def _database(configure: Configure) -> None:
    configure(database_url="postgresql://reader@db/books")


LIMIT, THRESHOLD = "The service's limit of $500 a day", "The threshold of $500 a day (OPS_DAILY_COST_CRITICAL)"


@pytest.mark.parametrize(
    ("usd", "allowed", "state", "said"),
    [
        ("20", pace("400"), State.OK, f"{LIMIT} allows $20.00 an hour for the 5 hr left of today."),
        ("50", pace("400"), State.WARNING, "so it is reached in about 2 hr."),
        ("50", pace("500"), State.CRITICAL, f"{LIMIT} is reached: $500.00 were spent today."),
        ("0", pace("0", by_service=False), State.OK, f"{THRESHOLD} allows $100.00 an hour"),
    ],
)
def test_whether_the_limit_bears_it(usd: str, allowed: Pace, state: State, said: str) -> None:
    found, words = cost_burn_words.against(Decimal(usd), allowed)
    assert found is state
    assert said in words.replace("\\", "")


def test_what_burns() -> None:
    by_kind = {"image": Decimal(12), "llm": Decimal("3.5"), "tts": Decimal(0)}
    told = cost_burn_words.now(BurnNow(Decimal("15.5"), by_kind, None, AT), None, ZONE).replace("\\", "")
    assert told.startswith("**$15.50 an hour** are being spent: images $12.00, text $3.50. ")
    assert told.endswith("What today's limit still allows is not known.")
    since = datetime(2026, 11, 23, 13, tzinfo=UTC)
    told = cost_burn_words.now(BurnNow(Decimal(9), {}, MoneySource.ESTIMATED, AT, since), None, ZONE)
    assert "**About \\$9\\.00 an hour** since 13:00, estimated from the price list" in told


def situation(usd: str | None, spent: str) -> EmergencyNow:
    return EmergencyNow(
        burning(usd) if usd else None, pace(spent), NOT_SET, None, NOT_SET, (1, 2, 2, 12)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("usd", "value", "saves"),
    [
        ("20", "400", "Saves about $20.00 an hour for the 5 hr left of today."),
        ("20", "440", "Saves about $20.00 an hour from when it is reached, in about 2 hr."),
        ("20", "500", "Saves nothing today: at the present pace it is not reached."),
        (None, "400", "What it saves is not known."),
        ("0", "400", "Saves about $0.00 an hour for the 5 hr left of today."),
    ],
)
def test_what_a_cost_limit_saves(usd: str | None, value: str, saves: str) -> None:
    found = cost_emergency_words.capping(situation(usd, "400"), Decimal(value))
    assert found.saves.replace("\\", "").replace("*", "") == saves


def test_a_value_that_nobody_knows_saves_what_nobody_knows() -> None:
    now = situation("20", "400")
    assert "not known" in cost_emergency_words.capping(now, None).saves
    assert "not known" in cost_emergency_words.sharing(now, Decimal(2), NOT_SET).saves
    # Why the open jobs are not known is told in their place.
    assert "OPS\\_SERVICE\\_URL" in cost_emergency_words.stopping(now).consequences[1]


def test_the_reason_begins_with_what_the_verdict_says() -> None:
    now = situation("20", "400")
    assert cost_emergency_words.reason(now, "") == "$400.00 were spent today, of $500. $20.00 an hour now."
    assert (
        cost_emergency_words.reason(now, "Twice as much as usual.")
        == "Twice as much as usual. $20.00 an hour now."
    )


def test_names_in_a_pile_do_not_lie_on_each_other() -> None:
    heights = chart_labels.heights([50, 0.1, 0.1, 50], 100.2)
    assert heights[0] == 25
    gaps = [after - before for before, after in pairwise(heights)]
    assert min(gaps) >= chart_labels.LINE_HEIGHT * 100.2 - 1e-9
    assert chart_labels.heights([0.0], 0) == [0]
