"""Jobs in real workers."""

from __future__ import annotations

from decimal import Decimal

from tests.service.driver import Driver

STEPS = [
    "normalize",
    "moderate_input",
    "generate_story",
    "generate_character_sheet",
    "generate_image_prompts",
    "generate_images",
    "moderate_output",
    "package",
]
CALLS = {
    "moderate_input": 1,
    "generate_story": 1,
    "generate_character_sheet": 1,
    "generate_image_prompts": 1,
    "generate_images": 12,
    "moderate_output": 1,
    "package": 1,
}


def calls_by_step(driver: Driver, job_id: str, attempt: int) -> dict[str, int]:
    rows = driver.rows(
        "select step, count(*) as calls from cost_events where job_id = %s and attempt = %s group by step",
        job_id,
        attempt,
    )
    return {row["step"]: row["calls"] for row in rows}


def test_sixty_jobs_on_two_workers_run_every_step_once(working: Driver) -> None:
    jobs = [working.order(f"user-{number % 12}", f"Book {number}") for number in range(60)]
    working.wait(
        lambda: not working.rows("select 1 from jobs where status in ('queued', 'running')"),
        "the queue to be empty",
    )
    assert {working.job(job_id)["status"] for job_id in jobs} == {"done"}
    for job_id in jobs:
        events = working.events(job_id)
        assert [event["detail"]["step"] for event in events if event["event"] == "step"] == STEPS
        assert [event["event"] for event in events if event["event"] not in ("step", "progress")] == [
            "created",
            "started",
            "done",
        ]
        assert calls_by_step(working, job_id, 1) == CALLS
    actors = working.rows("select distinct actor from job_events where event = 'started'")
    assert len(actors) == 2


def test_a_book_costs_about_thirteen_cents_and_passes_its_checks(working: Driver) -> None:
    job_id = working.order(title="The quiet hedgehog")
    job = working.wait_for(job_id, "done")
    assert (job["progress"], job["current_step"], job["error_code"]) == (100, "done", None)
    spent = working.rows("select sum(cost_usd) as usd from cost_events where job_id = %s", job_id)[0]["usd"]
    assert Decimal("0.115") < spent < Decimal("0.145")
    checks = working.rows('select "check", score, passed from quality_checks where job_id = %s', job_id)
    assert {check["check"] for check in checks} == {
        "forbidden_content",
        "text_length",
        "repetition",
        "vocabulary_diversity",
        "character_consistency",
        "placeholder_images",
    }
    assert sum(check["score"] for check in checks) / 6 >= Decimal("0.85")


def test_updated_at_moves_at_step_starts_and_at_the_end_only(working: Driver) -> None:
    job_id = working.order()
    job = working.wait_for(job_id, "done")
    events = working.events(job_id)
    last_image = max(event["at"] for event in events if event["event"] == "progress")
    images = next(event for event in events if event["detail"].get("step") == "generate_images")
    assert images["at"] < last_image
    starts = [event["at"].replace(tzinfo=None) for event in events if event["event"] == "step"]
    assert job["updated_at"] > max(starts)
    assert [event["detail"]["image"] for event in events if event["event"] == "progress"] == list(range(1, 13))


def test_audio_is_bought_only_when_asked_for(working: Driver) -> None:
    silent, spoken = working.order(), working.order(audio=True)
    for job_id in (silent, spoken):
        working.wait_for(job_id, "done")
    kinds = working.rows("select job_id from cost_events where kind = 'tts'")
    assert [row["job_id"] for row in kinds] == [spoken]


def test_refusals_are_decided_by_the_wish(working: Driver) -> None:
    wish, result = working.order(title="A gun for the fox"), working.order(title="The nightmare")
    refused = working.wait_for(wish, "failed")
    assert (refused["error_code"], refused["current_step"]) == ("SAFETY_INPUT", "moderate_input")
    assert refused["moderation_input"]["words"] == ["gun"]
    assert refused["moderation_output"] is None
    refused = working.wait_for(result, "failed")
    assert (refused["error_code"], refused["current_step"]) == ("SAFETY_OUTPUT", "moderate_output")
    assert refused["moderation_input"]["flagged"] is False
    assert refused["moderation_output"]["words"] == ["nightmare"]
    assert calls_by_step(working, wish, 1) == {"moderate_input": 1}


def test_retry_from_the_failed_step_buys_no_image_twice(working: Driver) -> None:
    working.switch("storage-one", "down")
    job_id = working.order()
    failed = working.wait_for(job_id, "failed")
    assert (failed["error_code"], failed["current_step"], failed["progress"]) == (
        "STORAGE_UPLOAD_FAILED",
        "package",
        95,
    )
    working.switch("storage-one", "ok", reset_breaker=True)
    answer = working.act(job_id, "retry", **{"from": "failed_step"})
    assert answer.status_code == 202
    assert answer.json() == {"job_id": job_id, "status": "queued", "attempt": 2, "retry_count": 1}
    job = working.wait_for(job_id, "done")
    assert (job["error_code"], job["retry_count"]) == (None, 1)
    assert calls_by_step(working, job_id, 1) == {**CALLS, "package": 3}
    assert calls_by_step(working, job_id, 2) == {"package": 1}


def test_retry_within_the_image_step_buys_only_what_is_missing(working: Driver) -> None:
    working.switch("storage-one", "down")
    job_id = working.order()
    working.wait_for(job_id, "failed")
    working.database.execute("update jobs set current_step = 'generate_images' where id = %s", [job_id])
    working.database.execute(
        "update runs set artefacts = artefacts #- '{images,7}' #- '{images,12}' where job_id = %s", [job_id]
    )
    working.switch("storage-one", "ok", reset_breaker=True)
    working.act(job_id, "retry")
    working.wait_for(job_id, "done")
    assert calls_by_step(working, job_id, 2)["generate_images"] == 2


def test_retry_from_the_start_buys_everything_again(working: Driver) -> None:
    working.switch("storage-one", "down")
    job_id = working.order()
    working.wait_for(job_id, "failed")
    working.switch("storage-one", "ok", reset_breaker=True)
    working.act(job_id, "retry", **{"from": "start"})
    working.wait_for(job_id, "done")
    assert calls_by_step(working, job_id, 2) == CALLS


def test_rows_of_another_program_run_too(working: Driver) -> None:
    prose = working.insert("series_20261123_001054_c5be9209", "queued", step="재시도 중... (1/3)")
    assert working.wait_for(prose, "done")["progress"] == 100


def test_a_retry_counts_once_and_in_the_timeline(working: Driver) -> None:
    job_id = working.insert("job_failed", "failed", step="표지 그리는 중...", error_code=None)
    before = working.metric("bookgen_job_retries_total", reason="operator")
    working.act(job_id, "retry")
    working.wait_for(job_id, "done")
    assert before is not None
    assert working.metric("bookgen_job_retries_total", reason="operator") == before + 1
    retried = next(event for event in working.events(job_id) if event["event"] == "retried")
    assert (retried["actor"], retried["attempt"]) == ("ann@example.org", 2)
    assert retried["detail"]["reason"] == "a test"
