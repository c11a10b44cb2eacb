"""What the history's histograms say of waits, steps and calls is what the rows say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.conftest import Told

# In the histograms, durations are rounded to milliseconds; in the rows, instants to microseconds.
NEAR = 0.001
TIMELINE = """
with timed as (
    select job_id, event, detail ->> 'step' as step, actor,
           lead(event) over own as next, extract(epoch from lead(at) over own - at)::float8 as seconds
    from job_events where event <> 'progress'
    window own as (partition by job_id, attempt order by at, id)
)
"""


def of_timeline(told: Told, question: str, *values: object) -> list[tuple[Any, ...]]:
    """The answer of a question about the table timed."""
    return told.rows(TIMELINE + question, *values)


def histogram(told: Told, name: str, label: str = "") -> dict[str, tuple[float, float]]:
    """Count and sum at the history's end by a label's value, of those that counted anything."""
    counts, sums = (
        {labels.get(label, ""): value for labels, value in told.values(f"{name}_{part}", told.past.course.end)}
        for part in ("count", "sum")
    )
    return {value: (count, sums[value]) for value, count in counts.items() if count}


def about(rows: list[tuple[str, float, float]]) -> dict[str, tuple[float, object]]:
    return {value: (count, pytest.approx(seconds, abs=NEAR * count)) for value, count, seconds in rows}


def test_waits(told: Told) -> None:
    rows = of_timeline(
        told,
        "select '', count(*), sum(seconds) from timed"
        " where event in ('created', 'retried', 'recovered') and next = 'started'",
    )
    assert histogram(told, "bookgen_job_queue_wait_seconds") == about(rows)


def test_completed_steps(told: Told) -> None:
    rows = of_timeline(
        told,
        "select step, count(*), sum(seconds) from timed"
        " where event = 'step' and next in ('step', 'done') group by 1",
    )
    assert len(rows) == 8
    assert histogram(told, "bookgen_job_step_duration_seconds", "step") == about(rows)


def test_calls(told: Told) -> None:
    """A step's calls follow each other from its start to the last one's end."""
    rows = told.rows(
        "select provider, sum(calls), sum(seconds) from ("
        "  select c.provider, count(*) as calls,"
        "         extract(epoch from max(c.occurred_at) - e.at)::float8 as seconds"
        "  from cost_events c join job_events e on e.job_id = c.job_id and e.attempt = c.attempt"
        "       and e.event = 'step' and e.detail ->> 'step' = c.step"
        "  group by c.provider, c.job_id, c.attempt, c.step, e.at) spans group by 1"
    )
    expected = {provider: (int(calls), seconds) for provider, calls, seconds in rows}
    found = histogram(told, "bookgen_api_request_duration_seconds", "provider")
    assert found == about([(provider, *span) for provider, span in expected.items()])
    assert len(found) == 4


@pytest.mark.parametrize("bound", [60, 300])
def test_a_bucket_holds_what_took_at_most_its_bound(told: Told, bound: int) -> None:
    ((expected,),) = of_timeline(
        told,
        "select count(*) from timed"
        " where event in ('created', 'retried', 'recovered') and next = 'started' and seconds <= %s",
        bound,
    )
    query = f'bookgen_job_queue_wait_seconds_bucket{{le="{float(bound)}"}}'
    ((_, found),) = told.values(query, told.past.course.end)
    assert found == expected


def test_each_image_is_kept_when_it_is_paid_for(told: Told) -> None:
    differing = told.rows(
        "select job_id, attempt from ("
        "  select job_id, attempt, at from job_events"
        "  where event = 'progress' and not (detail ->> 'placeholder')::bool"
        "  union all"
        "  select job_id, attempt, occurred_at from cost_events where kind = 'image' and outcome = 'succeeded'"
        ") both_ways group by job_id, attempt, at having count(*) <> 2"
    )
    assert differing == []


def test_a_given_up_image_was_tried_three_times_and_the_fourth_one_fails_the_book(told: Told) -> None:
    rows = told.rows(
        "select e.event, p.given_up, count(*) filter (where c.outcome = 'failed')"
        " from job_events e join cost_events c using (job_id, attempt), lateral ("
        "   select count(*) as given_up from job_events p where p.job_id = e.job_id and p.attempt = e.attempt"
        "   and (p.detail ->> 'placeholder')::bool) p"
        " where c.kind = 'image' and (e.event = 'done' or e.detail ->> 'error_code' like 'IMAGE_%%')"
        " group by e.job_id, e.attempt, e.event, p.given_up"
    )
    assert {row[0] for row in rows} == {"done", "failed"}
    assert all(failed == 3 * (given_up + (event == "failed")) for event, given_up, failed in rows)
    assert max(given_up for _, given_up, _ in rows) == 3


def test_no_image_is_told_twice_of_one_book(told: Told) -> None:
    twice = told.rows(
        "select job_id, detail ->> 'image' from job_events"
        " where event = 'progress' and not (detail ->> 'placeholder')::bool group by 1, 2 having count(*) > 1"
    )
    assert twice == []
