"""The runner in one process: every job once, in its turn, at its pace; paused, stopped, and stopped by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Lock, Semaphore

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from actions import bulks
from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.leases import BURST, due
from actions.release import WORKERS, Runner
from queries.bulk_models import Bulk, BulkState, ItemState
from queries.database import engine
from queries.errors import NotConfigured
from tests.actions.bulk_rows import after, at_rest, change, ended, found, items, many, started, told, until
from tests.actions.conftest import OPERATOR, Rows
from tests.actions.odd_service import Answer, Handler, OddService, refusal, status

SECONDS = 60
POLL = timedelta(milliseconds=50)
RETRIED = status(202, {"status": "queued", "attempt": 2, "retry_count": 1})
DOWN = status(500, text="broken")


@pytest.fixture
def store(store_url: str) -> Iterator[sa.Engine]:
    opened = engine(store_url, statement_timeout=timedelta(seconds=10), pool_size=WORKERS + 2)
    yield opened
    opened.dispose()


@pytest.fixture
def runner(door: Door, client: ServiceClient) -> Iterator[Runner]:
    with running(door, lambda: client) as opened:
        yield opened


@contextmanager
def running(door: Door, client: Callable[[], ServiceClient], **options: object) -> Iterator[Runner]:
    opened = Runner(door, client, poll=POLL, **options).start()  # type: ignore[arg-type]
    try:
        yield opened
    finally:
        opened.close()


def by_job(service: OddService) -> Counter[str]:
    """How often the service was asked for each job."""
    return Counter(seen.path.split("/")[4] for seen in service.seen)


def by_path(answers: dict[str, Answer], otherwise: Answer = RETRIED) -> Answer:
    """An answer a job; each handler is one request."""

    def answer(handler: Handler) -> None:
        answers.get(handler.path.split("/")[4], otherwise)(handler)

    return answer


class Gate:
    """An answer that is given only when somebody lets it through; counts what waits at it."""

    def __init__(self) -> None:
        self.arrived, self.let = Semaphore(0), Semaphore(0)

    def __call__(self, handler: Handler) -> None:
        self.arrived.release()
        self.let.acquire(timeout=SECONDS)
        RETRIED(handler)

    def wait_for(self, number: int) -> None:
        for _ in range(number):
            assert self.arrived.acquire(timeout=SECONDS)

    def open(self) -> None:
        self.let.release(10_000)


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
                "job_3": DOWN,
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


# ---------------------------------------------------------------- pace

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@given(
    per_minute=st.integers(1, 6_000),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 16)), max_size=60),
)
def test_a_pace_is_never_exceeded(per_minute: int, steps: list[tuple[float, int]]) -> None:
    """Whenever it is asked, however long it was not: never more than its share of the time, plus one burst."""
    now, next_at, begun = NOON, NOON, 0
    for seconds, room in steps:
        now += timedelta(seconds=seconds)
        number, next_at = due(per_minute, next_at, now, room)
        assert 0 <= number <= room
        begun += number
        assert begun <= 1 + (now - NOON + BURST) / (MINUTE / per_minute)


@given(per_minute=st.integers(1, 600), seconds=st.integers(1, 120))
def test_a_pace_is_kept(per_minute: int, seconds: int) -> None:
    """Asked often enough, exactly so many begin."""
    now, next_at, begun = NOON, NOON, 0
    end = NOON + timedelta(seconds=seconds)
    while next_at < end:
        now = max(now, next_at)
        number, next_at = due(per_minute, next_at, now, 16)
        begun += number
    assert abs(begun - seconds * per_minute / 60) <= 1


def test_without_a_pace_there_is_only_the_room() -> None:
    assert due(None, NOON, NOON, 16) == (16, NOON)
    assert due(None, NOON + MINUTE, NOON, 16) == (0, NOON + MINUTE)


def test_jobs_begin_at_the_pace(runner: Runner, door: Door, store: sa.Engine, service: OddService) -> None:
    service.answer(RETRIED)
    started(door, many(12), per_minute=600)
    ended(store)
    began = sorted(item.began_at for item in items(store) if item.began_at)
    for position, at in enumerate(began):
        within = sum(at <= other < at + timedelta(milliseconds=500) for other in began[position:])
        assert within <= 5 + 10  # half a second's worth, and a burst after a stall


def test_the_pace_outlasts_a_restart_and_a_new_one_counts_at_once(
    door: Door, store: sa.Engine, service: OddService, client: ServiceClient
) -> None:
    service.answer(RETRIED)
    started(door, many(5), per_minute=1)
    with running(door, lambda: client):
        after(store, 1)
    with running(door, lambda: client):
        until(lambda: found(store).held)
        assert told(found(store)) == {ItemState.DONE: 1, ItemState.WAITING: 4}
        bulks.pause(door, OPERATOR, "b-1", request_id="r-1")
        at_rest(store)
        assert told(found(store)) == {ItemState.DONE: 1, ItemState.WAITING: 4}
        bulks.resume(door, OPERATOR, "b-1", request_id="r-2")
        bulks.pace(door, OPERATOR, "b-1", None, request_id="r-3")
        assert told(ended(store)) == {ItemState.DONE: 5}


# ---------------------------------------------------------------- what stops it


def test_it_does_not_run_into_an_outage(runner: Runner, door: Door, store: sa.Engine, service: OddService) -> None:
    service.answer(DOWN)
    started(door, many(300))
    bulk = at_rest(store)
    assert (bulk.state, bulk.state_by) == (BulkState.PAUSED, "")
    assert bulk.why is not None
    assert bulk.why.name in ("ServiceUnavailable", "ServiceUnreachable")
    assert 3 <= len(service.seen) <= 2 * WORKERS
    assert bulk.untouched >= 300 - 2 * WORKERS
    # What certainly did nothing waits again; what may have done something is for a person to look at.
    assert bulk.counts[ItemState.FAILED] <= len(service.seen)
    assert bulk.untouched + bulk.counts[ItemState.FAILED] == 300


def test_what_an_outage_turned_away_has_its_turn_after_it(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    service.answer(refusal(503, "provider_unavailable", {"Retry-After": "30"}))
    started(door, many(30))
    bulk = at_rest(store)
    assert (bulk.state, told(bulk)) == (BulkState.PAUSED, {ItemState.WAITING: 30})
    assert bulk.why is not None
    assert (bulk.why.name, bulk.why.fields) == ("ProviderUnavailable", {"seconds": 30})
    service.answer(RETRIED)
    resumed = bulks.resume(door, OPERATOR, "b-1", request_id="r-1")
    assert (resumed.why, resumed.state) == (None, BulkState.RUNNING)
    assert told(ended(store)) == {ItemState.DONE: 30}


def test_single_failures_stop_nothing(runner: Runner, door: Door, store: sa.Engine, service: OddService) -> None:
    down = refusal(503, "provider_unavailable", {"Retry-After": "30"})
    service.answer(by_path({f"job_{number}": down for number in range(0, 10, 5)}))
    started(door, many(10), per_minute=1200)
    assert told(ended(store)) == {ItemState.DONE: 8, ItemState.REFUSED: 2}


def test_a_service_that_asks_to_wait_is_waited_for(
    runner: Runner, door: Door, store: sa.Engine, service: OddService, rows: Rows
) -> None:
    service.answer(status(429, {"detail": "slow down"}, headers={"Retry-After": "1"}), RETRIED)
    started(door, many(1))
    assert told(ended(store)) == {ItemState.DONE: 1}
    (item,) = items(store)
    assert item.attempt == 1
    first, second = rows(
        "select intent.at as began, outcome.at as ended, outcome.result from ops.audit_log intent"
        " join ops.audit_log outcome using (request_id) where intent.phase = 'intent'"
        " and outcome.phase = 'outcome' and intent.batch_id = 'b-1' order by intent.id"
    )
    assert (first["result"], second["result"]) == ("failed", "done")
    assert second["began"] - first["ended"] > timedelta(milliseconds=900)


def test_a_service_that_asks_to_wait_for_hours_is_not(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    service.answer(status(429, {"detail": "tomorrow"}, headers={"Retry-After": "36000"}))
    started(door, many(30))
    bulk = at_rest(store)
    assert (bulk.state, bulk.why and bulk.why.name) == (BulkState.PAUSED, "ServiceBusy")
    assert told(bulk) == {ItemState.WAITING: 30}


def test_what_the_door_refuses_to_one_it_refuses_to_all(
    door: Door, store: sa.Engine, service: OddService, client: ServiceClient, rows: Rows
) -> None:
    started(door, many(300))
    change(store, "update ops.bulks set role = 'viewer'")
    with running(door, lambda: client):
        bulk = at_rest(store)
    assert (bulk.why and bulk.why.name, told(bulk)) == ("PermissionDenied", {ItemState.WAITING: 300})
    assert service.seen == []
    assert 0 < len(rows("select * from ops.audit_log where result = 'refused'")) <= WORKERS * 2


def test_what_cannot_be_recorded_is_not_begun(
    door: Door, store: sa.Engine, service: OddService, client: ServiceClient
) -> None:
    started(door, many(300))
    change(store, "alter table ops.audit_log rename to away")
    with running(door, lambda: client):
        bulk = at_rest(store)
        assert (bulk.why and bulk.why.name, told(bulk)) == ("NotRecorded", {ItemState.WAITING: 300})
        assert service.seen == []
        change(store, "alter table ops.away rename to audit_log")
        service.answer(RETRIED)
        bulks.resume(door, OPERATOR, "b-1", request_id="r-1")
        assert told(ended(store)) == {ItemState.DONE: 300}
    assert set(by_job(service).values()) == {1}


def test_a_console_without_the_service_says_so(door: Door, store: sa.Engine) -> None:
    def client() -> ServiceClient:
        raise NotConfigured(what="The service's control API", setting="OPS_SERVICE_URL")

    with running(door, client):
        started(door, many(30))
        bulk = at_rest(store)
    assert (bulk.state, bulk.why and bulk.why.name) == (BulkState.PAUSED, "NotConfigured")
    assert told(bulk) == {ItemState.WAITING: 30}


def test_a_job_that_blows_up_takes_no_other_with_it(runner: Runner, door: Door, store: sa.Engine) -> None:
    with capture_logs() as logs:
        started(door, many(5), action="job.snooze", parameters={"until": "tomorrow"})
        assert told(ended(store)) == {ItemState.FAILED: 5}
    assert {item.message for item in items(store)} == {"ValueError"}
    assert sorted(entry["job_id"] for entry in logs) == [f"job_{number}" for number in range(5)]
