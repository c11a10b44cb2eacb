"""The runner in one process: every job once, in its turn; paused, stopped, closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Lock, Semaphore

import pytest
import sqlalchemy as sa

from actions import bulks
from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.release import WORKERS, Runner
from queries.bulk_models import Bulk, BulkState, ItemState
from tests.actions.bulk_rows import at_rest, ended, found, items, many, started, told, until
from tests.actions.conftest import OPERATOR, Rows
from tests.actions.odd_service import Handler, OddService, refusal, status
from tests.actions.releases import RETRIED, SECONDS, Gate, by_job, by_path, running


def test_every_job_has_its_turn_once(
    runner: Runner, door: Door, store: sa.Engine, service: OddService, rows: Rows
) -> None:
    service.answer(RETRIED)
    started(door, many(200))
    runner.wake()
    bulk = ended(store)
    assert (bulk.state, told(bulk), bulk.held) == (BulkState.FINISHED, {ItemState.DONE: 200}, False)
    assert by_job(service) == Counter(job.id for job in many(200))
    logged = rows("select phase, request_id, actor, reason, before from ops.audit_log where batch_id = 'b-1'")
    assert Counter(row["phase"] for row in logged) == {"intent": 200, "outcome": 200}
    assert {row["request_id"] for row in logged} == {item.request_id for item in items(store)}
    assert {(row["actor"], row["reason"], row["before"]["status"]) for row in logged} == {
        (OPERATOR.name, "it is back", "failed")
    }


def test_what_is_sent_is_what_was_decided_on(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    (job,) = many(1)
    service.answer(RETRIED)
    started(door, [job], parameters={"from": "start"})
    ended(store)
    (seen,) = service.seen
    assert seen.body == {
        "reason": "it is back",
        "from": "start",
        "expected_status": job.status,
        "expected_updated_at": job.updated_at.isoformat(),
    }
    assert seen.headers["X-Idempotency-Key"] == items(store)[0].request_id
    assert seen.headers["X-Operator"] == OPERATOR.name


def test_without_a_single_job_it_is_finished(runner: Runner, door: Door, store: sa.Engine) -> None:
    started(door, [])
    assert ended(store).state is BulkState.FINISHED


def test_outcomes_are_kept_by_kind(runner: Runner, door: Door, store: sa.Engine, service: OddService) -> None:
    service.answer(
        by_path(
            {
                "job_1": refusal(409, "state_changed", status="running"),
                "job_2": refusal(409, "retry_limit_reached", limit=3),
                "job_3": status(500, text="broken"),
            }
        )
    )
    started(door, many(5))
    assert told(ended(store)) == {
        ItemState.DONE: 2,
        ItemState.SKIPPED: 1,
        ItemState.REFUSED: 1,
        ItemState.FAILED: 1,
    }
    skipped = items(store, "b-1", ItemState.SKIPPED)[0]
    assert (skipped.job_id, skipped.error and skipped.error.name) == ("job_1", "StateChanged")
    assert "it is running now. Nothing was done" in skipped.message
    assert skipped.began_at is not None
    assert skipped.ended_at is not None
    assert items(store, "b-1", ItemState.DONE)[0].error is None


@pytest.mark.parametrize("action", ["job.cancel", "job.acknowledge", "job.snooze"])
def test_the_other_actions(door: Door, store: sa.Engine, service: OddService, rows: Rows, action: str) -> None:
    service.answer(status(202, {"status": "cancelled", "cost_usd_spent": "0.1"}))
    until_ = datetime(2026, 12, 1, tzinfo=UTC)
    with ServiceClient(service.url, "key", deadline=timedelta(seconds=5)) as client, running(door, lambda: client):
        started(door, many(3), action=action, parameters={"until": until_.isoformat()})
        assert told(ended(store)) == {ItemState.DONE: 3}
    notes = rows("select job_id, actor, snoozed_until from ops.acknowledgements order by job_id")
    if action == "job.cancel":
        assert {seen.path for seen in service.seen} == {f"/v1/admin/jobs/job_{n}/cancel" for n in range(3)}
        assert notes == []
    else:
        assert [note["job_id"] for note in notes] == ["job_0", "job_1", "job_2"]
        assert {note["snoozed_until"] for note in notes} == {until_ if action == "job.snooze" else None}


def test_never_more_under_way_than_workers(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    """All workers meet at a barrier, again and again; one more at a time would be counted."""
    together, lock = Barrier(WORKERS), Lock()
    under_way, most = 0, 0

    def answer(handler: Handler) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait(SECONDS)
        with lock:
            under_way -= 1
        RETRIED(handler)

    service.answer(answer)
    started(door, many(WORKERS * 3))
    assert told(ended(store)) == {ItemState.DONE: WORKERS * 3}
    assert most == WORKERS


def test_a_pause_begins_nothing_more_and_a_resume_goes_on(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    gate = Gate()
    service.answer(gate)
    started(door, many(60))
    gate.wait_for(WORKERS)
    bulks.pause(door, OPERATOR, "b-1", request_id="r-1")
    until(lambda: found(store).counts[ItemState.UNDER_WAY] == WORKERS)
    gate.open()
    bulk = at_rest(store)
    assert (bulk.state, told(bulk)) == (BulkState.PAUSED, {ItemState.DONE: 8, ItemState.WAITING: 52})
    assert len(service.seen) == WORKERS
    bulks.resume(door, OPERATOR, "b-1", request_id="r-2")
    assert told(ended(store)) == {ItemState.DONE: 60}
    assert set(by_job(service).values()) == {1}


def test_a_stop_finishes_what_is_under_way_and_leaves_the_rest(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    gate = Gate()
    service.answer(gate)
    started(door, many(60))
    gate.wait_for(WORKERS)
    assert bulks.stop(door, OPERATOR, "b-1", request_id="r-1").ended_at is None
    until(lambda: found(store).counts[ItemState.UNDER_WAY] == WORKERS)
    gate.open()
    bulk = ended(store)
    assert (bulk.state, told(bulk)) == (BulkState.STOPPED, {ItemState.DONE: 8, ItemState.WAITING: 52})
    assert len(service.seen) == WORKERS


def test_a_small_one_does_not_wait_for_a_large_one(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    """The large one moves by one job at a time, until the small one is through."""
    turns = Semaphore(0)

    def answer(handler: Handler) -> None:
        if "large" in handler.path:
            turns.acquire(timeout=SECONDS)
        RETRIED(handler)

    service.answer(answer)
    started(door, [replace(job, id=f"large_{job.id}") for job in many(400)], "large")
    until(lambda: found(store, "large").counts[ItemState.UNDER_WAY])
    started(door, many(3), "small")

    def through() -> Bulk | None:
        turns.release()
        return bulk if (bulk := found(store, "small")).ended_at else None

    until(through)
    assert found(store, "large").ended_at is None
    turns.release(1000)
    assert told(ended(store, "large")) == {ItemState.DONE: 400}


def test_closing_finishes_what_is_under_way_and_lets_others_go_on_at_once(
    door: Door, store: sa.Engine, service: OddService, client: ServiceClient
) -> None:
    gate = Gate()
    service.answer(gate)
    with running(door, lambda: client, lease=timedelta(hours=1)):
        started(door, many(60))
        gate.wait_for(WORKERS)
        gate.open()
    bulk = found(store)
    assert (bulk.state, bulk.held, bulk.counts[ItemState.UNDER_WAY]) == (BulkState.RUNNING, False, 0)
    assert bulk.ended >= WORKERS
    with running(door, lambda: client):
        assert told(ended(store)) == {ItemState.DONE: 60}
    assert set(by_job(service).values()) == {1}


def test_a_read_only_console_works_nothing_off(door: Door, store: sa.Engine, client: ServiceClient) -> None:
    started(door, many(3))
    with running(replace(door, read_only=True), lambda: client) as idle:
        idle.wake()
    assert (told(found(store)), found(store).held) == ({ItemState.WAITING: 3}, False)


def test_outcomes_are_told(door: Door, store: sa.Engine, service: OddService, client: ServiceClient) -> None:
    heard: list[tuple[str, str]] = []

    def hear(action: str, outcome: Outcome) -> None:
        heard.append((action, outcome.result.value))

    service.answer(by_path({"job_1": refusal(409, "state_changed", status="done")}))
    with running(door, lambda: client, told=hear):
        started(door, many(3))
        ended(store)
    assert sorted(heard) == [("job.retry", "done"), ("job.retry", "done"), ("job.retry", "skipped")]
