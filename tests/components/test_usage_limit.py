"""The daily limit on other days, by its changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from actions.answers import GuardrailChange
from dashboard.components.usage_limit import Limit
from queries.usage_models import Span

NOON = datetime(2026, 11, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def change(at: datetime, old: int, new: int) -> GuardrailChange:
    return GuardrailChange("1", at, "daily_job_limit_per_user", Decimal(old), Decimal(new), None, "Ada", "", None)


# From 10 to 20 a week before, to 40 for four hours at noon, and to 30 a week later.
LIMIT = Limit(
    30,
    [
        change(NOON + timedelta(days=7), 20, 30),
        change(NOON + 4 * HOUR, 40, 20),
        change(NOON, 20, 40),
        change(NOON - timedelta(days=7), 10, 20),
    ],
)


@pytest.mark.parametrize(
    ("instant", "value"),
    [
        (NOON - timedelta(days=8), 10),
        (NOON - HOUR, 20),
        (NOON, 40),
        (NOON + 3 * HOUR, 40),
        (NOON + 4 * HOUR, 20),
        (NOON + timedelta(days=8), 30),
    ],
)
def test_the_limit_at_an_instant(instant: datetime, value: int) -> None:
    assert LIMIT.at(instant) == value


@pytest.mark.parametrize(("days", "value"), [(-30, 10), (-7, 20), (-1, 20), (0, 40), (1, 20), (7, 30), (9, 30)])
def test_the_highest_limit_of_a_day(days: int, value: int) -> None:
    midnight = NOON - 12 * HOUR + timedelta(days=days)
    assert LIMIT.highest(Span(midnight, midnight + timedelta(days=1))) == value


def test_a_limit_that_never_changed() -> None:
    assert Limit(20).at(NOON) == 20
    assert Limit(20).highest(Span(NOON, NOON + HOUR)) == 20
