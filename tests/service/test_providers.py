"""Failure modes, breakers, money of failed calls."""

from __future__ import annotations

import pytest

from service.providers import PICTURE_ONE
from tests.service.driver import Driver


@pytest.mark.parametrize(
    ("provider", "mode", "code", "step"),
    [
        ("story-llm", "down", "LLM_TIMEOUT", "generate_story"),
        ("story-llm", "hanging", "LLM_TIMEOUT", "generate_story"),
        ("picture-one", "down", "IMAGE_FAILED", "generate_images"),
        ("picture-one", "rate_limited", "IMAGE_RATE_LIMIT", "generate_images"),
        ("picture-one", "hanging", "IMAGE_TIMEOUT", "generate_images"),
        ("storage-one", "down", "STORAGE_UPLOAD_FAILED", "package"),
    ],
)
def test_a_failing_provider_fails_the_job_at_its_step(
    working: Driver, provider: str, mode: str, code: str, step: str
) -> None:
    working.switch(provider, mode)
    job = working.wait_for(working.order(), "failed")
    assert (job["error_code"], job["current_step"]) == (code, step)
    assert provider in job["error_message"]


def test_an_open_breaker_refuses_the_retry_and_says_when(working: Driver) -> None:
    working.switch("picture-one", "down")
    job_id = working.order()
    working.wait_for(job_id, "failed")
    working.wait_for_gauge(1, "bookgen_circuit_breaker_state", provider="picture-one", state="open")
    answer = working.act(job_id, "retry")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "provider_unavailable")
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert working.job(job_id)["status"] == "failed"
    calls = working.rows("select outcome, cost_usd from cost_events where provider = 'picture-one'")
    assert len(calls) == 5
    assert {(call["outcome"], call["cost_usd"]) for call in calls} == {("failed", 0)}


def test_while_the_breaker_is_open_no_worker_calls(working: Driver) -> None:
    working.switch("story-llm", "down")
    first = working.order(title="One")
    second = working.order(title="Two")
    for job_id in (first, second):
        working.wait_for(job_id, "failed")
    calls = len(working.rows("select 1 from cost_events where provider = 'story-llm'"))
    third = working.order(title="Three")
    assert "circuit breaker is open" in working.wait_for(third, "failed")["error_message"]
    assert len(working.rows("select 1 from cost_events where provider = 'story-llm'")) == calls


def test_after_its_pause_one_success_closes_the_breaker(working: Driver) -> None:
    working.database.execute(
        "update providers set breaker = 'open', failures = 5, opened_at = now() - interval '31 s'"
        " where name = 'picture-one'"
    )
    working.wait_for_gauge(1, "bookgen_circuit_breaker_state", provider="picture-one", state="half_open")
    working.wait_for(working.order(), "done")
    row = working.rows("select breaker, failures from providers where name = 'picture-one'")[0]
    assert row == {"breaker": "closed", "failures": 0}


def test_a_failed_trial_opens_the_breaker_again(working: Driver) -> None:
    working.database.execute(
        "update providers set breaker = 'open', mode = 'down', opened_at = now() - interval '31 s'"
        " where name = 'storage-one'"
    )
    working.wait_for(working.order(), "failed")
    state = working.admin.get("/v1/simulator/providers/storage-one").json()
    assert state["state"] == "open"
    assert state["seconds_to_trial"] > 20


def test_a_few_lost_images_become_placeholders(working: Driver) -> None:
    """The provider fails for three calls, works for one, and fails for three again: images 1 and 3 are lost."""
    working.database.execute(
        "create function lose_images() returns trigger language plpgsql as $$ begin"
        " if (select count(*) from cost_events where step = 'generate_images') in (3, 7) then"
        "   update providers set mode = 'ok', failures = 0, breaker = 'closed' where name = 'picture-one'; end if;"
        " if (select count(*) from cost_events where step = 'generate_images') = 4 then"
        "   update providers set mode = 'down' where name = 'picture-one'; end if;"
        " return new; end $$"
    )
    working.database.execute(
        "create trigger lose_images after insert on cost_events for each row execute function lose_images()"
    )
    try:
        working.switch("picture-one", "down")
        job_id = working.order()
        working.wait_for(job_id, "done")
    finally:
        working.database.execute("drop trigger lose_images on cost_events")
        working.database.execute("drop function lose_images")
    lost = [event["detail"]["image"] for event in working.events(job_id) if event["detail"].get("placeholder")]
    assert lost == [1, 3]
    check = working.rows(
        "select score, passed from quality_checks where job_id = %s and \"check\" = 'placeholder_images'", job_id
    )[0]
    assert (float(check["score"]), check["passed"]) == (0.833, False)
    book = working.public.get(f"/v1/books/{job_id}", headers={"X-User-Key": "user-key-1"}).json()
    assert (book["images"], book["placeholder_images"]) == (10, 2)


def test_unpriced_calls_have_no_price_and_are_counted(working: Driver) -> None:
    before = working.metric("bookgen_api_unpriced_requests_total", provider="picture-one") or 0
    working.switch("picture-one", "unpriced")
    job_id = working.order()
    working.wait_for(job_id, "done")
    rows = working.rows(
        "select count(*) as calls, count(cost_usd) as priced from cost_events where kind = 'image'"
    )
    assert rows == [{"calls": 12, "priced": 0}]
    assert working.metric("bookgen_api_unpriced_requests_total", provider="picture-one") == before + 12


def test_an_expensive_provider_asks_twenty_times_the_price(working: Driver) -> None:
    working.switch("picture-one", "expensive")
    job_id = working.order()
    working.wait_for(job_id, "done")
    rows = working.rows("select outcome, count(*) as calls, sum(cost_usd) as usd from cost_events"
                        " where kind = 'image' group by outcome")  # fmt: skip
    assert rows == [{"outcome": "succeeded", "calls": 12, "usd": 12 * 20 * PICTURE_ONE.unit_price}]


def test_a_mode_that_is_none_is_refused(idle: Driver) -> None:
    assert idle.admin.put("/v1/simulator/providers/picture-one", json={"mode": "angry"}).status_code == 422
    assert idle.admin.put("/v1/simulator/providers/nobody", json={"mode": "ok"}).status_code == 404
