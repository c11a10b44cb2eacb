"""The usual time of a step: from completed steps alone, from enough of them, and half and 19 of 20 of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from queries import step_times
from queries.step_times import StepTime
from tests.queries.conftest import connect, run


def usual(url: str) -> dict[str, StepTime]:
    with connect(url) as (connection, schema):
        return step_times.usual(connection, schema)


def complete(url: str, step: str, seconds: float, books: int, ending: str = "step") -> None:
    """Step history: the step begins, is heard of in between, and is followed by ending."""
    run(
        url,
        "insert into job_events (job_id, attempt, at, event, detail)"  # noqa: S608
        f" select '{step}' || n, 1, now() - interval '1 hour' + after * {seconds} * interval '1 s',"
        " event, detail::json"
        f" from generate_series(1, {books}) n, (values (0, 'step', '{{\"step\": \"{step}\"}}'),"
        f" (0.5, 'progress', '{{}}'), (1, '{ending}', '{{}}')) as events(after, event, detail)",
    )


def test_only_what_was_completed_often_enough(newer_url: str) -> None:
    complete(newer_url, "generate_story", 40, 100)
    complete(newer_url, "normalize", 2, 100, "done")
    complete(newer_url, "package", 3, step_times.MINIMUM - 1)
    complete(newer_url, "generate_images", 500, 100, "failed")
    found = usual(newer_url)
    assert step_times.p95(found) == {"generate_story": timedelta(seconds=40), "normalize": timedelta(seconds=2)}


def test_half_and_19_of_20(newer_url: str) -> None:
    run(
        newer_url,
        "insert into job_events (job_id, attempt, at, event, detail)"
        " select 'job' || n, 1, now() - interval '1 hour' + case when event = 'done' then n else 0 end"
        " * interval '1 s', event, '{\"step\": \"normalize\"}'"
        " from generate_series(1, 101) n, unnest(array['step', 'done']) event",
    )
    assert usual(newer_url) == {"normalize": StepTime(timedelta(seconds=51), timedelta(seconds=96))}


@pytest.mark.parametrize("begun", ["created", "retried", "recovered"])
def test_waiting_ends_when_a_worker_starts(newer_url: str, begun: str) -> None:
    run(
        newer_url,
        "insert into job_events (job_id, attempt, at, event, detail)"  # noqa: S608
        " select 'job' || n, 1, now() - interval '1 hour' + after * interval '1 s', event, detail::json"
        f" from generate_series(1, 20) n, (values (0, '{begun}', '{{}}'),"
        " (8, 'started', '{}'), (8, 'step', '{\"step\": \"normalize\"}'), (9, 'done', '{}'))"
        " as events(after, event, detail)",
    )
    found = usual(newer_url)
    assert found["queued"].p50 == timedelta(seconds=8)
    assert found["normalize"].p50 == timedelta(seconds=1)
    assert "queued" not in step_times.p95(found)


def test_who_waits_in_vain_is_no_measure(newer_url: str) -> None:
    complete(newer_url, "generate_story", 40, 20)
    run(newer_url, "update job_events set event = 'created' where event = 'step'")
    assert usual(newer_url) == {}


@pytest.mark.parametrize("statement", ["delete from job_events", "drop table job_events"])
def test_no_history(newer_url: str, statement: str) -> None:
    run(newer_url, statement)
    assert usual(newer_url) == {}
