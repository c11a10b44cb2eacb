"""Ticks of charts that count few things, and the height that a limit is compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.components.chart_lines import Line, few, highest

START = datetime(2026, 11, 23, tzinfo=UTC)


def line(*values: float) -> Line:
    return Line("", "", [(START + place * timedelta(days=1), value) for place, value in enumerate(values)])


def test_lines_add_up() -> None:
    assert highest([line(1, 5, 0), line(2, 0, 4)]) == 5
    assert highest([line(1, 5, 0), line(2, 1, 4)]) == 6
    assert highest([]) == highest([line()]) == 0


@pytest.mark.parametrize(
    ("lines", "answer"),
    [([line(0, 2, 4)], True), ([line(2, 3), line(2, 2)], False), ([line(0.5, 2)], False), ([line(5)], False)],
)
def test_few_things_are_counted_one_by_one(lines: list[Line], answer: bool) -> None:
    assert few(lines) is answer
