"""Retry and cancel: who may, in which state, and once only."""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import UTC, timedelta
from typing import Any

import pytest

from service import jobs, stuck
from service.database import Pool
from service.errors import NotRetryable
from service.jobs import Expected
from service.settings import Settings
from tests.service.driver import Driver, at_once, refusal

MINUTE = 60


@pytest.mark.parametrize(
    ("status", "columns", "expected"),
    [
        ("failed", {}, 202),
        ("done", {}, "not_retryable"),
        ("cancelled", {}, "not_retryable"),
        ("queued", {}, "not_retryable"),
        ("queued", {"created": 9 * MINUTE, "updated": 9 * MINUTE}, "not_retryable"),
        ("queued", {"created": 11 * MINUTE, "updated": 11 * MINUTE}, 202),
        # nobody holds it
        ("running", {}, 202),
        ("failed", {"retry_count": 2}, 202),
        ("failed", {"retry_count": 3}, "retry_limit_reached"),
    ],
)
def test_what_can_be_retried(idle: Driver, status: str, columns: dict[str, Any], expected: Any) -> None:
    job_id = idle.insert("job_a", status, **columns)
    before = idle.job(job_id)
    answer = idle.act(job_id, "retry")
    if expected == 202:
        assert answer.status_code == 202, answer.text
        assert idle.job(job_id)["status"] == "queued"
    else:
        assert refusal(answer) == (409, expected)
        assert idle.job(job_id) == before


@pytest.mark.parametrize(
    ("quiet", "step_p95", "retryable"),
    [
        (4 * MINUTE, {}, False),
        (6 * MINUTE, {}, True),
        (29, {"generate_images": 10}, False),
        (31, {"generate_images": 10}, True),
        (9, {"generate_images": 0.1}, False),
    ],
)
def test_a_job_in_a_living_workers_hands_is_retried_only_when_stalled(
    *, pool: Pool, settings: Settings, quiet: float, step_p95: dict[str, float], retryable: bool
) -> None:
    """Stalled: three times as long in the step as it takes, at least 10 s, and 5 min where nobody knows."""
    with pool.connection() as connection:
        connection.execute(
            "insert into jobs (id, status, user_key, current_step, updated_at) values ('job_a', 'running', 'user',"
            " 'generate_images', (now() at time zone 'utc') - make_interval(secs => %s))",
            [quiet],
        )
        connection.execute("insert into workers (id, concurrency) values ('alive', 1)")
        connection.execute("insert into runs (job_id, token, worker_id) values ('job_a', 'token', 'alive')")
        with nullcontext() if retryable else pytest.raises(NotRetryable):
            jobs.retry(
                connection,
                settings,
                "job_a",
                step_p95=step_p95,
                start="failed_step",
                expected=Expected(None, None),
                actor="ann",
                reason="a test",
            )


def test_how_long_a_step_takes_comes_from_completed_steps(pool: Pool) -> None:
    with pool.connection() as connection:
        connection.execute(
            "insert into job_events (job_id, attempt, at, event, detail)"
            " select job, 1, at, event, json_build_object('step', step)"
            " from generate_series(1, 20) n, lateral (values"
            "   ('job_' || n, now() - interval '1 hour', 'step', 'package'),"
            "   ('job_' || n, now() - interval '1 hour' + make_interval(secs => n), 'done', null),"
            "   ('lost_' || n, now() - interval '1 hour', 'step', 'package'),"
            "   ('lost_' || n, now() - interval '1 minute', 'failed', null),"
            "   ('rare_' || n % 19, now() - interval '1 hour' - make_interval(secs => n), 'step', 'normalize')"
            " ) as events (job, at, event, step)"
        )
        assert stuck.step_p95(connection) == {"package": pytest.approx(19.05)}


def test_stuck_jobs_are_retried_under_a_new_attempt_that_fences_the_old_worker(idle: Driver) -> None:
    job_id = idle.insert("job_a", "running", created=20 * MINUTE, updated=20 * MINUTE)
    idle.database.execute("insert into runs (job_id, attempt, token) values (%s, 4, 'old')", [job_id])
    assert idle.act(job_id, "retry").json()["attempt"] == 5
    run = idle.rows("select attempt, token, start_step from runs where job_id = %s", job_id)[0]
    assert run == {"attempt": 5, "token": None, "start_step": "generate_images"}


def test_retry_keeps_the_step_or_starts_over(idle: Driver) -> None:
    for job_id in ("job_a", "job_b"):
        idle.insert(job_id, "failed", error_code="IMAGE_FAILED")
    idle.act("job_a", "retry", **{"from": "failed_step"})
    idle.act("job_b", "retry", **{"from": "start"})
    kept, afresh = idle.job("job_a"), idle.job("job_b")
    assert (kept["current_step"], kept["progress"], kept["error_code"]) == ("generate_images", 45, None)
    assert (afresh["current_step"], afresh["progress"]) == ("queued", 0)
    assert kept["last_retry_at"] == kept["updated_at"] or kept["last_retry_at"] <= kept["updated_at"]


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_the_expected_state_is_compared_to_the_microsecond(idle: Driver, verb: str) -> None:
    job_id = idle.insert("job_a", "failed" if verb == "retry" else "queued")
    job = idle.job(job_id)
    seen = job["updated_at"].replace(tzinfo=UTC)
    late = (seen - timedelta(microseconds=1)).isoformat()
    answer = idle.act(job_id, verb, expected_status=job["status"], expected_updated_at=late)
    assert refusal(answer) == (409, "state_changed")
    assert answer.json()["error"]["details"] == {"status": job["status"], "updated_at": seen.isoformat()}
    answer = idle.act(job_id, verb, expected_status="running", expected_updated_at=seen.isoformat())
    assert refusal(answer) == (409, "state_changed")
    elsewhere = seen.astimezone().isoformat()
    assert idle.act(job_id, verb, expected_status=job["status"], expected_updated_at=elsewhere).status_code == 202


def test_of_many_operators_at_once_one_wins(idle: Driver) -> None:
    job_id = idle.insert("job_a", "failed")
    seen = idle.job(job_id)["updated_at"].replace(tzinfo=UTC).isoformat()
    answers = at_once(6, lambda _: idle.act(job_id, "retry", expected_status="failed", expected_updated_at=seen))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 5
    assert idle.job(job_id)["retry_count"] == 1


@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
def test_what_has_ended_cannot_be_cancelled(idle: Driver, status: str) -> None:
    assert refusal(idle.act(idle.insert("job_a", status), "cancel")) == (409, "already_finished")


@pytest.mark.parametrize("job_id", ["job_none", "x" * 300, "%00", "a%2Fb", "%F0%9F%A6%8A"])
@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_job_that_is_none(idle: Driver, verb: str, job_id: str) -> None:
    assert idle.act(job_id, verb).status_code == 404


def test_a_repeat_gets_the_first_answer_and_does_nothing(idle: Driver) -> None:
    job_id = idle.insert("job_a", "failed")
    before = idle.metric("bookgen_job_retries_total", reason="operator") or 0
    first = idle.act(job_id, "retry", key="click-1")
    again = idle.act(job_id, "retry", key="click-1")
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (202, first.json())
    assert idle.job(job_id)["retry_count"] == 1
    assert idle.metric("bookgen_job_retries_total", reason="operator") == before + 1


def test_repeats_at_the_same_time_act_once(idle: Driver) -> None:
    job_id = idle.insert("job_a", "failed")
    answers = at_once(6, lambda _: idle.act(job_id, "retry", key="click-2"))
    assert [answer.status_code for answer in answers] == [202] * 6
    assert len({answer.text for answer in answers}) == 1
    assert idle.job(job_id)["retry_count"] == 1
    assert [event["event"] for event in idle.events(job_id)] == ["retried"]


def test_a_refusal_is_an_answer_too(idle: Driver) -> None:
    job_id = idle.insert("job_a", "done")
    first = idle.act(job_id, "cancel", key="click-3")
    idle.database.execute("update jobs set status = 'queued' where id = %s", [job_id])
    assert idle.act(job_id, "cancel", key="click-3").json()["error"] == first.json()["error"]
    assert idle.job(job_id)["status"] == "queued"


def test_later_is_no_answer_to_keep(idle: Driver) -> None:
    job_id = idle.insert("job_a", "failed")
    idle.database.execute("update providers set breaker = 'open', opened_at = now() where name = 'picture-one'")
    assert refusal(idle.act(job_id, "retry", key="click-4")) == (503, "provider_unavailable")
    idle.switch("picture-one", "ok", reset_breaker=True)
    assert idle.act(job_id, "retry", key="click-4").status_code == 202


def test_a_key_belongs_to_one_request(idle: Driver) -> None:
    first, second = idle.insert("job_a", "failed"), idle.insert("job_b", "failed")
    idle.act(first, "retry", key="click-5")
    assert refusal(idle.act(second, "retry", key="click-5")) == (422, "idempotency_key_reused")
    assert idle.job(second)["status"] == "failed"


def test_an_open_breaker_of_a_provider_that_is_not_needed_next_is_no_obstacle(idle: Driver) -> None:
    idle.database.execute("update providers set breaker = 'open', opened_at = now() where name = 'story-llm'")
    job_id = idle.insert("job_a", "failed", step="generate_images")
    assert idle.act(job_id, "retry").status_code == 202


def test_an_operators_name_survives_the_header(idle: Driver) -> None:
    job_id = idle.insert("job_a", "failed")
    headers = {"X-Operator": "%EA%B9%80%20ann", "X-Admin-Key": idle.service.admin_key}
    idle.public.post(f"/v1/admin/jobs/{job_id}/retry", json={"reason": "a test"}, headers=headers)
    assert idle.events(job_id)[-1]["actor"] == "김 ann"


def test_book_ids_look_like_the_contracts(idle: Driver) -> None:
    assert re.fullmatch(r"job_\d{8}_\d{6}_[0-9a-f]{8}", idle.order())
