"""From events to spans: what each lasted, what ended it, who let the job wait; in whatever order they come."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries import job_timeline
from queries.job_models import Ending, JobEvent, Span

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def event(attempt: int, second: float, name: str, actor: str | None = None, **detail: str) -> JobEvent:
    return JobEvent(attempt, at(second), name, detail, actor)


def told(events: list[JobEvent], status: str = "done", updated: float = 100) -> list[Span]:
    return list(job_timeline.spans(events, status, at(updated)))


def brief(spans: list[Span]) -> list[tuple[Any, ...]]:
    """Attempt, name, begin, length, ending."""
    return [
        (one.attempt, one.name, (one.began - START).seconds, one.lasted(at(1000)).seconds, one.ending.value)
        for one in spans
    ]


BOOK = [
    event(1, 0, "created", "user"),
    event(1, 8, "started", "worker", step="normalize"),
    event(1, 8, "step", "worker", step="normalize", progress="2"),
    event(1, 10, "step", "worker", step="generate_images"),
    event(1, 12, "progress", "worker", image="1", of="12", placeholder="false"),
    event(1, 14, "progress", "worker", image="2", of="12", placeholder="true"),
    event(1, 30, "failed", "worker", error_code="IMAGE_TIMEOUT"),
    event(2, 60, "retried", "Mina Park", reason="provider is back"),
    event(2, 65, "started", "worker", step="generate_images"),
    event(2, 65, "step", "worker", step="generate_images"),
    event(2, 80, "done", "worker"),
]
TOLD = [
    (1, "queued", 0, 8, "completed"),
    (1, "normalize", 8, 2, "completed"),
    (1, "generate_images", 10, 20, "failed"),
    (2, "queued", 60, 5, "completed"),
    (2, "generate_images", 65, 15, "completed"),
]


def test_a_retried_book() -> None:
    spans = told(BOOK)
    assert brief(spans) == TOLD
    ordered, _, images, retried, _ = spans
    assert (ordered.cause, ordered.by) == ("created", "user")
    assert (images.why, images.images, images.total, images.placeholders) == ("IMAGE_TIMEOUT", 2, 12, 1)
    assert (retried.cause, retried.by, retried.why) == ("retried", "Mina Park", "provider is back")


@given(st.randoms(use_true_random=False))
def test_events_may_come_in_any_order(shuffled: random.Random) -> None:
    events = BOOK.copy()
    shuffled.shuffle(events)
    assert brief(told(events)) == TOLD


def test_what_still_runs_lasts_until_now() -> None:
    running = told(BOOK[:4], "running")[-1]
    assert (running.ended, running.ending) == (None, Ending.OPEN)
    assert running.lasted(at(25)) == timedelta(seconds=15)
    waiting = told(BOOK[:1], "queued")[-1]
    assert (waiting.name, waiting.ended) == ("queued", None)


@pytest.mark.parametrize(
    ("status", "ending"),
    [("done", "completed"), ("failed", "failed"), ("cancelled", "cancelled"), ("odd", "lost")],
)
def test_where_no_event_tells_of_the_end_the_row_does(status: str, ending: str) -> None:
    assert brief(told(BOOK[:4], status, updated=40))[-1] == (1, "generate_images", 10, 30, ending)


def test_a_lost_worker() -> None:
    events = [*BOOK[:4], event(2, 600, "recovered", "monitor", step="generate_images")]
    spans = told(events, "queued")
    assert brief(spans)[-2:] == [(1, "generate_images", 10, 590, "lost"), (2, "queued", 600, 400, "open")]
    assert (spans[-1].cause, spans[-1].by) == ("recovered", "monitor")


def test_a_worker_that_was_shut_down_hands_back_within_the_attempt() -> None:
    events = [
        *BOOK[:4],
        event(1, 20, "recovered", "worker", reason="the worker was shut down"),
        event(1, 22, "started", step="generate_images"),
        event(1, 22, "step", step="generate_images"),
        event(1, 40, "done"),
    ]
    assert brief(told(events))[2:] == [
        (1, "generate_images", 10, 10, "lost"),
        (1, "queued", 20, 2, "completed"),
        (1, "generate_images", 22, 18, "completed"),
    ]


def test_who_cancelled_and_why() -> None:
    cancelled = told([*BOOK[:4], event(1, 20, "cancelled", "Ada Mensah", reason="abuse")], "cancelled")[-1]
    assert (cancelled.ending, cancelled.by, cancelled.why) == (Ending.CANCELLED, "Ada Mensah", "abuse")


def test_time_between_start_and_first_step_is_the_steps() -> None:
    events = [event(1, 0, "started"), event(1, 5, "step", step="normalize"), event(1, 9, "done")]
    assert brief(told(events)) == [(1, "normalize", 0, 9, "completed")]


def test_an_unknown_event_is_a_mark_and_ends_nothing() -> None:
    spans = told([*BOOK[:4], event(1, 20, "paused", "somebody", by="x"), event(1, 30, "done")])
    mark = next(one for one in spans if one.ending is Ending.MARK)
    assert (mark.name, mark.by, mark.why, mark.lasted(at(99))) == ("paused", "somebody", "by: x", timedelta(0))
    assert (1, "generate_images", 10, 20, "completed") in brief(spans)


def test_an_end_without_anything_before_it() -> None:
    assert brief(told([event(1, 5, "failed", error_code="QUEUE_FAILED")], "failed")) == [
        (1, "failed", 5, 0, "failed")
    ]


def test_clocks_that_disagree_give_no_negative_time() -> None:
    events = [event(1, 50, "step", step="normalize"), event(2, 10, "retried"), event(2, 11, "started")]
    assert all(one.lasted(at(60)) >= timedelta(0) for one in told(events, "running"))
    assert told(events, "failed", updated=0)[-1].lasted(at(60)) == timedelta(0)


def test_nothing_from_nothing() -> None:
    assert told([]) == []
