"""How spans are marked beside what is usual, and how they are drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import job_facts, job_timeline
from dashboard.components.job_gantt import Look
from queries.job_models import Ending, Span
from queries.step_times import StepTime

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
USUAL = {name: StepTime(timedelta(seconds=4), timedelta(seconds=10)) for name in ("generate_images", "queued")}


def span(seconds: float, ending: Ending = Ending.COMPLETED, name: str = "generate_images") -> Span:
    ended = None if ending is Ending.OPEN else START + timedelta(seconds=seconds)
    return Span(1, name, START, ended, ending)


def look(one: Span, seconds: float = 0) -> Look:
    """How it looks that long after its begin."""
    return job_timeline.look(one, USUAL, START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (span(10), Look.DONE),
        (span(11), Look.DONE),
        (span(11.1), Look.SLOW),
        (span(99, name="a step without history"), Look.DONE),
        (span(99, Ending.FAILED), Look.FAILED),
        (span(99, Ending.CANCELLED), Look.CANCELLED),
        (span(99, Ending.LOST), Look.LOST),
        (span(5, name="queued"), Look.WAITED),
        (span(5, Ending.LOST, "queued"), Look.WAITED),
        (span(99, name="queued"), Look.SLOW),
    ],
)
def test_looks(one: Span, expected: Look) -> None:
    assert look(one) is expected


def test_what_still_runs() -> None:
    assert look(span(0, Ending.OPEN), 5) is Look.RUNNING
    assert look(span(0, Ending.OPEN), 12) is Look.SLOW
    assert look(span(0, Ending.OPEN, "queued"), 5) is Look.WAITED


SCRIPT = """
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from dashboard.components import job_gantt
from dashboard.components.job_gantt import Look
from queries.job_models import Ending, Span
import streamlit as st

start = datetime(2026, 11, 23, 9, tzinfo=UTC)
spans = st.session_state["spans"]
looks = {one: Look.FAILED if one.ending is Ending.FAILED else Look.DONE for one in spans}
job_gantt.show(spans, looks, start + timedelta(minutes=5))
"""


def figure(*spans: Span) -> Any:
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    at.session_state["spans"] = spans
    at.run()
    assert not at.exception
    return next((chart.proto for chart in at.get("plotly_chart")), None)


def attempt(number: int, name: str = "normalize") -> Span:
    began = START + timedelta(hours=number)
    return Span(number, name, began, began + timedelta(seconds=30), Ending.COMPLETED)


def test_one_bar_an_attempt_each_from_its_own_begin() -> None:
    drawn = figure(attempt(1), attempt(2))
    assert '"base":[0.0,0.0]' in drawn.spec.replace(" ", "")
    assert '"Attempt1"' in drawn.spec.replace(" ", "")
    assert drawn.alt == "Time by attempt: 1: normalize 30 sec (done); 2: normalize 30 sec (done)"


def test_attempts_stand_in_their_order_whatever_became_of_them() -> None:
    failed = replace(attempt(1), ending=Ending.FAILED)
    drawn = figure(failed, attempt(2), replace(attempt(3), ending=Ending.FAILED))
    assert json.loads(drawn.spec)["layout"]["yaxis"]["categoryarray"] == ["Attempt 1", "Attempt 2", "Attempt 3"]


def test_a_job_that_is_retried_for_ever_is_not_drawn_for_ever() -> None:
    drawn = figure(*(attempt(number) for number in range(1, 50)))
    assert '"Attempt 49"' in drawn.spec
    assert '"Attempt 41"' not in drawn.spec


def test_a_steps_name_is_no_markup() -> None:
    drawn = figure(attempt(1, "<a href='http://127.0.0.1/x'>x</a> " + "y" * 300))
    assert "<a href" not in drawn.spec
    assert "\\u003ca href" not in drawn.spec
    assert "y" * 60 not in drawn.spec


def test_marks_take_no_time_to_draw() -> None:
    mark = Span(1, "paused", START, START, Ending.MARK)
    assert figure(mark, attempt(1)).alt == "Time by attempt: 1: normalize 30 sec (done)"
    assert figure(mark) is None


@pytest.mark.parametrize(
    ("trace_id", "expected"),
    [
        ("4bf92f35", "https://traces.example/4bf92f35?x={y}"),
        ("../a b?c#d", "https://traces.example/..%2Fa%20b%3Fc%23d?x={y}"),
    ],
)
def test_a_trace_id_stays_in_its_place(trace_id: str, expected: str) -> None:
    assert job_facts.trace_address("https://traces.example/{trace_id}?x={y}", trace_id) == expected


@pytest.mark.parametrize(("job_id", "kind"), [("series_2026_1", "series"), ("0f3a", ""), ("_x", "")])
def test_kinds_of_work(job_id: str, kind: str) -> None:
    assert job_facts.kind_of_work(job_id) == kind
