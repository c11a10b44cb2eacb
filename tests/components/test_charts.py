"""What charts are made of: stacked areas, gaps, limits, and the bucket that still fills."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import charts
from dashboard.components.charts import Axis, Line
from dashboard.components.formatting import Zone
from tests.components.drawn import values

START = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AXIS = Axis(START, START + 10 * MINUTE, MINUTE)
ZONE = Zone("UTC", UTC)


def line(name: str, *values: float | None) -> Line:
    """A point a minute; None: a minute without one."""
    points = [(START + place * MINUTE, value) for place, value in enumerate(values) if value is not None]
    return Line(name, charts.BLUE, points)


def figure(draw: Callable[..., None], *args: Any, **named: Any) -> Any:
    """The figure as the browser gets it."""

    def page(draw, args, named):  # type: ignore[no-untyped-def]  # runs apart from this module's names
        draw(*args, key="chart", alt="a chart", **named)

    at = AppTest.from_function(page, args=(draw, args, named)).run()
    assert not at.exception
    return json.loads(at.get("plotly_chart")[0].proto.spec)


@pytest.fixture
def stacked() -> Any:
    drawn = [line("running", 1, 2, None, None, 3), line("waiting", 4, 0, None, None, 9)]
    return figure(charts.areas, drawn, line("limit", 20, 20, 20, 15, 15), zone=ZONE, axis=AXIS)


def test_areas_stand_on_each_other_with_their_own_values_on_hover(stacked: Any) -> None:
    top, bottom, _ = stacked["data"]
    assert (top["name"], values(top["y"])) == ("waiting", [5, 2, None, 12])
    assert values(top["customdata"]) == [4, 0, None, 9]
    assert (bottom["name"], values(bottom["y"])) == ("running", [1, 2, None, 3])


def test_a_limit_is_a_dotted_step_with_its_newest_value(stacked: Any) -> None:
    limit = stacked["data"][2]
    assert (limit["line"]["dash"], limit["line"]["shape"]) == ("dot", "hv")
    assert values(limit["y"]) == [20, 20, 20, 15, 15]
    (note,) = stacked["layout"]["annotations"]
    assert (note["text"], note["y"]) == ("limit 15", 15)


def test_a_limit_far_above_is_only_named(stacked: Any) -> None:
    far = figure(charts.areas, [line("waiting", 1, 2)], line("limit", 100, 100), zone=ZONE, axis=AXIS)
    (note,) = far["layout"]["annotations"]
    assert note["text"] == "↑ limit 100"
    assert far["layout"]["yaxis"]["range"][1] < 5
    assert "range" not in stacked["layout"]["yaxis"]


def test_charts_of_a_column_share_their_time() -> None:
    areas = figure(charts.areas, [line("waiting", 1)], None, zone=ZONE, axis=AXIS)
    lines = figure(charts.lines, [line("p95", 1, None, 2)], zone=ZONE, axis=AXIS)
    bars = figure(charts.bars, [line("arrived", 1, 2)], zone=ZONE, axis=AXIS, grouped=True)
    assert (
        areas["layout"]["xaxis"]["range"] == lines["layout"]["xaxis"]["range"] == bars["layout"]["xaxis"]["range"]
    )
    assert {one["layout"]["margin"]["l"] for one in (areas, lines, bars)} == {charts.AXIS_PIXELS}


def test_the_bucket_that_still_fills_is_lighter_and_bars_lie_within_theirs() -> None:
    grouped = figure(
        charts.bars, [line("arrived", 1, 2, 3), line("finished", 1, 1, 1)], zone=ZONE, axis=AXIS, grouped=True
    )
    assert grouped["layout"]["barmode"] == "group"
    for trace in grouped["data"]:
        assert values(trace["marker"]["opacity"]) == [1, 1, 0.45]
        assert (trace["xperiod"], trace["xperiodalignment"]) == (60_000, "middle")
    stacked = figure(charts.bars, [line("done", 1, 2)], zone=ZONE, unfinished=False)
    assert stacked["layout"]["barmode"] == "stack"
    assert values(stacked["data"][0]["marker"]["opacity"]) == [1, 1]


def test_without_an_axis_nothing_is_cut_and_a_limit_spans_the_chart() -> None:
    plain = figure(charts.lines, [line("waiting", 1, None, None, 4)], zone=ZONE, limit=("limit", 100.0))
    assert values(plain["data"][0]["y"]) == [1, 4]
    assert plain["layout"]["annotations"][0]["text"] == "limit 100"
