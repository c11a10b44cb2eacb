"""The history in the database and the history in Prometheus are one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from demo.endings import BY_CODE, DONE, LOST, REFUSED
from demo.incidents import Course, course
from demo.loading import TABLES
from demo.names import names
from demo.openmetrics import inside, minutes
from demo.past import Past, past
from demo.rhythm import DAY, MINUTE, Floats, Integers
from tests.demo.conftest import Told

Day = tuple[float, float]


def days(plan: Course) -> list[Day]:
    """From midnight to midnight, the first and the last cut short by the history's ends."""
    midnights = np.arange(np.ceil(plan.start / DAY), np.floor(plan.end / DAY) + 1) * DAY
    return list(pairwise([plan.start, *map(float, midnights), plan.end]))


def growth(told: Told, expression: str, day: Day) -> dict[tuple[str, ...], float]:
    """How much counters grew in a day, by their labels' values; the history's start counts as 0."""
    begin, end = day
    before = {tuple(sorted(labels.items())): value for labels, value in told.values(expression, begin)}
    after = {tuple(sorted(labels.items())): value for labels, value in told.values(expression, end)}
    grown = {key: value - before.get(key, 0.0) for key, value in after.items()}
    return {tuple(value for _, value in key): amount for key, amount in grown.items() if amount}


def test_finished_jobs_of_each_day_agree_by_status_and_error_code(told: Told) -> None:
    for day in days(told.past.course):
        begin, end = (datetime.fromtimestamp(at, UTC) for at in day)
        rows = told.rows(
            "select coalesce(detail ->> 'error_code', ''), event, count(*) from job_events"
            " where event in ('done', 'failed', 'cancelled') and at > %s and at <= %s group by 1, 2",
            begin,
            end,
        )
        expected = {tuple(filter(None, row[:2])): row[2] for row in rows}
        assert growth(told, "sum by (error_code, status) (bookgen_jobs_finished_total)", day) == expected


def test_cost_of_each_day_agrees_by_provider(told: Told) -> None:
    for day in days(told.past.course):
        begin, end = (datetime.fromtimestamp(at, UTC) for at in day)
        rows = told.rows(
            "select provider, sum(cost_usd)::float8 from cost_events"
            " where occurred_at > %s and occurred_at <= %s group by 1 having sum(cost_usd) > 0",
            begin,
            end,
        )
        found = growth(told, "sum by (provider) (bookgen_api_cost_usd_total)", day)
        assert {key[0]: value for key, value in found.items()} == pytest.approx(dict(rows), abs=1e-8)


def test_calls_agree_by_provider_and_outcome(told: Told) -> None:
    rows = told.rows("select outcome, provider, count(*) from cost_events group by 1, 2")
    found = told.values("sum by (outcome, provider) (bookgen_api_requests_total) > 0", told.past.course.end)
    assert {(labels["outcome"], labels["provider"]): value for labels, value in found} == {
        row[:2]: row[2] for row in rows
    }


def test_unpriced_calls_agree(told: Told) -> None:
    ((expected,),) = told.rows("select count(*) from cost_events where cost_usd is null")
    ((_, found),) = told.values("sum(bookgen_api_unpriced_requests_total)", told.past.course.end)
    assert found == expected
    assert expected


def test_jobs_by_status_agree_at_the_end(told: Told) -> None:
    rows = dict(told.rows("select status, count(*) from jobs group by 1"))
    found = {labels["status"]: value for labels, value in told.values("bookgen_jobs > 0", told.past.course.end)}
    assert found == rows


def test_each_job_is_what_its_last_event_says(told: Told) -> None:
    differing = told.rows(
        "select j.id, j.status, last.event from jobs j, lateral (select event, detail, attempt from job_events e"
        " where e.job_id = j.id order by at desc, id desc limit 1) last"
        " where j.status <> case when last.event in ('step', 'progress') then 'running' else last.event end"
        " or j.error_code is distinct from last.detail ->> 'error_code' or j.retry_count <> last.attempt - 1"
    )
    assert differing == []


def test_nobody_is_over_the_daily_limit_and_some_are_at_it(told: Told) -> None:
    ((most,),) = told.rows(
        "select max(made) from (select count(*) as made from jobs group by user_key, created_at::date) days"
    )
    ((_, refused),) = told.values("sum(bookgen_guardrail_rejections_total)", told.past.course.end)
    assert most == 20
    assert refused == len(told.past.rejected) > 0


def test_the_shares_are_believable() -> None:
    """Over a quarter, which is too long to load here."""
    made = past(course(7, 1_795_000_000.0, 90, "UTC"))
    ends = np.bincount(made.attempts.ending[made.final])
    refused = ends[list(REFUSED)].sum()
    counted = len(made) - refused
    assert 450 < len(made) / 90 < 750
    assert 0.94 < ends[DONE] / counted < 0.965
    assert 0.012 < refused / len(made) < 0.03
    assert 0.10 < made.calls.nano.sum() / 1e9 / len(made) < 0.16
    assert 300 < len(np.unique(made.user_of[made.created > made.course.end - 30 * DAY])) < 800


def depth(made: Past, begins: Floats, ends: Floats) -> Integers:
    """How many of these intervals hold each whole minute of the past."""
    at = minutes(made.course.start, made.course.end)
    return inside(begins, ends)(at).astype(np.int64)


def test_a_queue_builds_up_and_no_book_waits_past_its_time() -> None:
    made = past(course(7, 1_795_000_000.0, 30, "UTC"))
    attempts = made.attempts
    queued = depth(made, attempts.asked, attempts.begun)
    assert queued.max() > 20
    assert 0.01 < (queued >= 5).mean() < 0.1
    assert depth(made, attempts.asked, attempts.closed).max() < 100
    found_by_monitor = np.isin(attempts.ending, (LOST, BY_CODE["SLA_BREACH"]))
    assert (attempts.closed - attempts.asked)[~found_by_monitor].max() < 600


def test_the_queue_of_a_minute_is_that_of_the_rows(told: Told) -> None:
    course, attempts = told.past.course, told.past.attempts
    busiest = minutes(course.start, course.end)[depth(told.past, attempts.asked, attempts.begun).argmax()]
    for at in (float(busiest), *(busiest + MINUTE * later for later in range(1, 6))):
        ((waiting,),) = told.rows(
            "select sum(case event when 'started' then -1 else 1 end) from job_events"
            " where event in ('created', 'retried', 'recovered', 'started') and at <= %s",
            datetime.fromtimestamp(at, UTC),
        )
        ((_, found),) = told.values('bookgen_jobs{status="queued"}', at)
        assert found == waiting
        assert at > busiest or found >= 10


def test_the_same_seed_tells_the_same_past() -> None:
    plan = course(11, 1_795_000_000.0, 2, "UTC")
    one, other = past(plan), past(plan)
    for _, rows in TABLES:
        assert rows(one, names(one)).equals(rows(other, names(other)))


def test_another_seed_tells_another_past() -> None:
    one, other = (past(course(seed, 1_795_000_000.0, 2, "UTC")) for seed in (1, 2))
    assert names(one).job_ids.to_pylist() != names(other).job_ids.to_pylist()


def test_nothing_happens_after_the_end(told: Told) -> None:
    latest = told.rows(
        "select (select max(at) from job_events), (select max(occurred_at) from cost_events),"
        " (select max(checked_at) from quality_checks), (select max(updated_at) at time zone 'utc' from jobs)"
    )
    end = datetime.fromtimestamp(told.past.course.end, UTC)
    assert all(end - timedelta(hours=1) < at <= end for at in latest[0])


def test_every_index_of_the_schema_is_there(told: Told) -> None:
    found = {row[0] for row in told.rows("select indexname from pg_indexes where schemaname = 'public'")}
    schema = files("service").joinpath("schema.sql").read_text()
    assert set(re.findall(r"index if not exists (\w+)", schema)) <= found


def test_history_ends_in_an_incident(told: Told) -> None:
    end = told.past.course.end
    stuck = told.rows(
        "select current_step, %s - extract(epoch from updated_at)::float8 from jobs where status = 'running'", end
    )
    assert sorted(step for step, _ in stuck) == ["generate_image_prompts", "generate_images", "generate_story"]
    assert all(20 * 60 < quiet < 45 * 60 for _, quiet in stuck)
    ((last_run,),) = told.rows("select extract(epoch from at)::float8 from state where name = 'job_monitor'")
    assert told.values("bookgen_job_monitor_last_run_timestamp_seconds", end)[0][1] == last_run
    assert end - 45 * 60 < last_run < end - 40 * 60
    rules = {labels["rule"]: value for labels, value in told.values("bookgen_jobs_stuck", end)}
    assert rules == {"monitor_dead": 3, "stuck_running": 0, "stuck_queued": 0, "stalled": 0, "sla_breach": 0}


def test_paid_images_of_the_stuck_book_are_kept(told: Told) -> None:
    ((kept, paid),) = told.rows(
        "select (select count(*) from jsonb_object_keys(r.artefacts -> 'images')),"
        " (select count(*) from cost_events c where c.job_id = j.id and c.kind = 'image')"
        " from jobs j join runs r on r.job_id = j.id"
        " where j.status = 'running' and j.current_step = 'generate_images'"
    )
    assert kept == paid > 0
