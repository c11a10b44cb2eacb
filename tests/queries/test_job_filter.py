"""What a filter holds, however it was made."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from queries.job_filter import NONE, Comparison, JobFilter, exactly


def test_values_are_kept_once_and_empty_ones_dropped() -> None:
    comparison = Comparison(">", Decimal("0.20"))
    made = JobFilter(
        statuses=("failed", "", "queued", "failed"), cost=(comparison, Comparison(">", Decimal("0.2")))
    )
    assert made == JobFilter(statuses=("failed", "queued"), cost=(comparison,))
    assert hash(made) == hash(JobFilter(statuses=("failed", "queued"), cost=(comparison,)))
    assert JobFilter(texts=("",)) == JobFilter()


def test_instants_are_kept_in_utc() -> None:
    """Two that a zone's wall clock tells the same way differ, and one that it tells two ways is one."""
    zone = ZoneInfo("America/New_York")
    first, second = (datetime(2026, 11, 1, 1, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    assert JobFilter(since=first) == JobFilter(since=datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
    assert JobFilter(since=first) != JobFilter(since=second)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        JobFilter(created_until=datetime(2026, 11, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (None, NONE),
        ("", NONE),
        ("none", "\\none"),
        ("IMAGE_TIMEOUT", "IMAGE_TIMEOUT"),
        ("100%*", "100%\\*"),
        ("a\\b", "a\\\\b"),
    ],
)
def test_the_pattern_of_one_text(text: str | None, pattern: str) -> None:
    assert exactly(text) == pattern
