"""The queue in words: each course, each threshold, and what closed intake and dead workers make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.answers import Intake
from dashboard.components import queue_limit, queue_verdict
from dashboard.components.formatting import Zone
from dashboard.components.queue_now import QueueNow
from dashboard.components.verdicts import State, Verdict
from queries.models import OpenJobs, Thresholds
from queries.queue_models import Flow, Flows

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
ZONE = Zone("UTC", UTC)
LIMITS = Thresholds()
MINUTE = timedelta(minutes=1)
CLOSED = Intake(False, "cost explosion", "Ada Mensah", NOW - 12 * MINUTE)


def queue(
    queued: int,
    running: int = 2,
    *,
    short: tuple[int, int] = (10, 10),
    long: tuple[int, int] = (40, 40),
    age: timedelta = timedelta(seconds=12),
    limit: int | None = 100,
    workers: int | None = 2,
) -> QueueNow:
    """short and long: (arrived, finished)."""
    now = OpenJobs(queued, running, NOW - age if queued else None, NOW)
    flows = Flows(Flow(15 * MINUTE, short[0], *short), Flow(60 * MINUTE, long[0], *long))
    return QueueNow(now, flows, limit, Intake(True, ""), workers, {"max_pending_jobs": 7})


def verdicts(now: QueueNow, limits: Thresholds = LIMITS) -> list[Verdict]:
    return queue_verdict.verdicts(now, limits, ZONE)


def course(now: QueueNow, limits: Thresholds = LIMITS) -> Verdict:
    """The verdict on where the queue goes, which stands before the workers'."""
    return verdicts(replace(now, workers=None, intake=None), limits)[0]


@pytest.mark.parametrize(
    ("now", "state", "headline"),
    [
        (
            queue(30, 4, short=(20, 17), long=(56, 44)),
            State.OK,
            "Filling: 12 more an hour arrive than finish; at this pace full (100) in 5 hr 30 min",
        ),
        (
            queue(30, 4, short=(30, 10)),
            State.WARNING,
            "Filling: 80 more an hour arrive than finish; at this pace full (100) in 49 min.",
        ),
        (
            queue(30, 4, short=(20, 17), long=(56, 44), limit=None),
            State.OK,
            "Filling: 12 more an hour arrive than finish; its limit is not known",
        ),
        (
            queue(30, 4, short=(20, 17), long=(56, 44), limit=1000),
            State.OK,
            "Filling: 12 more an hour arrive than finish; not full within a day",
        ),
        (
            queue(8, short=(5, 35)),
            State.OK,
            "Draining: 8 jobs wait, the oldest for 12 sec; at this pace none in about 4 min",
        ),
        (queue(3), State.OK, "Steady: 3 jobs wait, the oldest for 12 sec; 2 run"),
        (queue(0, 1), State.OK, "Steady: nothing waits; 1 runs"),
        (queue(0, 0), State.OK, "Idle: nothing waits and nothing runs"),
        (queue(97, 3), State.CRITICAL, "Full: new requests are refused (system_overloaded)."),
        (
            queue(3, 0, short=(2, 0), long=(5, 4), age=41 * MINUTE),
            State.CRITICAL,
            "Standing still: 3 jobs wait, the oldest for 41 min, and nothing has finished for 15 min.",
        ),
        (
            queue(3, short=(1, 1), long=(2, 2)),
            State.NO_DATA,
            "3 jobs wait, the oldest for 12 sec."
            " Too few jobs came and went in the last hour to tell where the queue goes.",
        ),
    ],
)
def test_the_course_in_words(now: QueueNow, state: State, headline: str) -> None:
    found = course(now)
    assert (found.state, found.headline) == (state, headline)


def test_how_many_were_refused_is_told_where_it_is_known() -> None:
    assert course(queue(97, 3)).detail == "7 requests were refused in the last hour."
    assert course(replace(queue(97, 3), refused={"max_pending_jobs": 1})).detail == (
        "1 request was refused in the last hour."
    )
    for unknown in (None, {}):
        assert course(replace(queue(97, 3), refused=unknown)).detail == ""


@pytest.mark.parametrize(("queued", "state"), [(50, State.OK), (51, State.WARNING), (97, State.WARNING)])
def test_depth_counts_by_its_thresholds_whatever_the_course(queued: int, state: State) -> None:
    found = course(queue(queued))
    assert found.state is state
    if state is State.WARNING:
        assert found.headline == f"Steady: {queued} jobs wait, the oldest for 12 sec; 2 run."
        assert found.detail == f"Queue {queued} % full: {queued} jobs wait, the oldest for 12 sec."


def test_the_thresholds_are_settings() -> None:
    strict = Thresholds(queue_warning=0.1, queue_critical=0.2)
    assert course(queue(11), strict).state is State.WARNING
    assert course(queue(20), strict).state is State.CRITICAL


def test_no_worker_is_alive() -> None:
    _, dead = verdicts(queue(3, workers=0))
    assert (dead.state, dead.headline) == (State.CRITICAL, "No worker is alive: nothing will move.")
    assert dead.detail == (
        "2 jobs count as running, though nobody works on them. Start the workers on the service's side."
    )
    assert verdicts(queue(3, 0, workers=0))[1].detail == "Start the workers on the service's side."


def test_workers_are_told_quietly_or_not_at_all() -> None:
    assert verdicts(queue(3, workers=1))[1] == Verdict(State.OK, "1 worker alive")
    assert len(verdicts(queue(3, workers=None))) == 1


def test_closed_intake_comes_first_with_who_and_why() -> None:
    closed, ahead, _ = verdicts(replace(queue(8, short=(30, 10)), intake=CLOSED))
    assert closed.state is State.CRITICAL
    assert closed.headline == "Intake is closed since 02:48 (12 min ago): new requests are refused."
    assert closed.detail == "Ada Mensah: “cost explosion”"
    # Whatever arrived before, nothing does any more: 40 an hour finish.
    assert ahead.headline == "Draining: 8 jobs wait, the oldest for 12 sec; at this pace none in about 12 min"


def test_closed_intake_of_which_little_is_known() -> None:
    (found,) = queue_verdict.intake(Intake(False, ""), NOW, ZONE)
    assert (found.headline, found.detail, found.link) == (
        "Intake is closed: new requests are refused.",
        "",
        None,
    )
    (elsewhere,) = queue_verdict.intake(Intake(False, ""), NOW, ZONE, alone=True)
    assert elsewhere.link is not None
    assert elsewhere.link.page == "queue"


@pytest.mark.parametrize("found", [None, Intake(True, "resumed", "Ada Mensah", NOW)])
def test_open_or_unknown_intake_needs_no_word(found: Intake | None) -> None:
    assert queue_verdict.intake(found, NOW, ZONE) == []


def test_a_hostile_reason_is_not_interpreted() -> None:
    hostile = Intake(False, "![x](http://127.0.0.1/x) <b> **c**", ":red[d]", NOW)
    (found,) = queue_verdict.intake(hostile, NOW, ZONE)
    for mark in ("![x](", "<b>", "**c**", ":red[d]"):
        assert mark not in found.detail


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (134, "100 more jobs would fit. At the present pace it would be full in 8 hr 20 min."),
        (35, "1 more job would fit. At the present pace it would be full in 5 min."),
        (900, "866 more jobs would fit. At the present pace it would not be full within a day."),
        (
            30,
            "New requests would be refused at once, until 5 of the 34 open jobs have ended."
            " At the present pace that takes 6 min 49 sec.",
        ),
        (
            34,
            "New requests would be refused at once, until 1 of the 34 open jobs has ended."
            " At the present pace that takes 1 min 22 sec.",
        ),
    ],
)
def test_what_another_limit_would_do_to_a_queue_that_fills(limit: int, words: str) -> None:
    assert queue_limit.words(queue(30, 4, short=(20, 17), long=(56, 44)), limit) == words


def test_what_another_limit_would_do_to_a_queue_that_does_not_fill() -> None:
    would_not = "At the present pace it would not fill: no more arrive than finish."
    assert queue_limit.words(queue(3), 50) == f"45 more jobs would fit. {would_not}"
    closed = replace(queue(3), intake=CLOSED)
    assert queue_limit.words(closed, 50) == "45 more jobs would fit. Intake is closed, so it does not fill."
    quiet = queue(3, short=(0, 0), long=(1, 0))
    assert "cannot be told" in queue_limit.words(quiet, 50)
    assert "When that is cannot be told" in queue_limit.words(quiet, 2)
