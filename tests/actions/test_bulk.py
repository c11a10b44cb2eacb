"""One action on many jobs: bounded, stoppable, no job twice, none lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from threading import Barrier, Event, Lock, Semaphore

import pytest
from structlog.testing import capture_logs

from actions import bulk
from actions.audit import Outcome
from actions.bulk import BATCHES_KEPT, BULK_LIMIT, WORKERS, Runner
from actions.errors import NotRecorded, TooManyJobs
from queries.audit_models import Result
from queries.models import Job
from tests.actions.conftest import job

SECONDS = 60


def many(count: int) -> list[Job]:
    return [job(f"job_{number}") for number in range(count)]


def outcome(job: Job, request_id: str, result: Result = Result.DONE) -> Outcome:
    return Outcome(request_id, job.id, result, "", {})


class Calls:
    """An act that is done at once and remembers on which jobs, under which request ids."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.request_ids: list[str] = []

    def __call__(self, job: Job, request_id: str) -> Outcome:
        self.jobs.append(job.id)
        self.request_ids.append(request_id)
        return outcome(job, request_id)


def test_every_job_has_its_turn_once(runner: Runner) -> None:
    calls = Calls()
    batch = bulk.start(runner, "b-1", many(BULK_LIMIT), calls)
    assert batch.wait(SECONDS)
    assert Counter(calls.jobs) == Counter(job.id for job in many(BULK_LIMIT))
    assert len(set(calls.request_ids)) == BULK_LIMIT
    progress = batch.progress
    assert (progress.total, progress.done, progress.untouched) == (BULK_LIMIT, BULK_LIMIT, 0)
    assert (progress.finished, progress.stopping, progress.error) == (True, False, None)
    assert len(batch.outcomes) == BULK_LIMIT


def test_a_job_that_is_named_twice_has_one_turn(runner: Runner) -> None:
    calls = Calls()
    batch = bulk.start(runner, "b-1", [job("job_1"), job("job_2"), job("job_1")], calls)
    assert batch.wait(SECONDS)
    assert sorted(calls.jobs) == ["job_1", "job_2"]
    assert batch.progress.total == 2


def test_an_empty_batch_is_finished(runner: Runner) -> None:
    batch = bulk.start(runner, "b-1", [], Calls())
    assert batch.wait(SECONDS)
    assert batch.progress.total == 0


def test_too_many_jobs_are_refused_as_a_whole(runner: Runner) -> None:
    calls = Calls()
    with pytest.raises(TooManyJobs, match="1001 jobs are more than the 1000"):
        bulk.start(runner, "b-1", many(BULK_LIMIT + 1), calls)
    assert calls.jobs == []
    assert runner.batch("b-1") is None


def test_request_ids_follow_from_batch_and_job() -> None:
    assert bulk.request_id("b-1", "job_1") == bulk.request_id("b-1", "job_1")
    ids = {bulk.request_id(batch, job) for batch in ("b-1", "b-2") for job in ("job_1", "job_2")}
    assert len(ids) == 4


def test_never_more_under_way_than_workers(runner: Runner) -> None:
    """All workers meet at a barrier, again and again; one more at a time would be counted."""
    together, lock = Barrier(WORKERS), Lock()
    under_way, most = 0, 0

    def act(job: Job, request_id: str) -> Outcome:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait(SECONDS)
        with lock:
            under_way -= 1
        return outcome(job, request_id)

    batch = bulk.start(runner, "b-1", many(WORKERS * 5), act)
    assert batch.wait(SECONDS)
    assert batch.progress.done == WORKERS * 5
    assert most == WORKERS


def test_results_are_counted_by_kind(runner: Runner) -> None:
    kinds = list(Result)

    def act(job: Job, request_id: str) -> Outcome:
        return outcome(job, request_id, kinds[int(job.id.removeprefix("job_")) % 4])

    batch = bulk.start(runner, "b-1", many(10), act)
    assert batch.wait(SECONDS)
    progress = batch.progress
    assert (progress.done, progress.skipped, progress.refused, progress.failed) == (3, 3, 2, 2)


def test_a_batch_that_runs_is_not_started_again(runner: Runner) -> None:
    calls, go = Calls(), Event()

    def act(job: Job, request_id: str) -> Outcome:
        go.wait(SECONDS)
        return calls(job, request_id)

    first = bulk.start(runner, "b-1", many(20), act)
    second = bulk.start(runner, "b-1", many(20), act)
    go.set()
    assert first is second is runner.batch("b-1")
    assert first.wait(SECONDS)
    assert bulk.start(runner, "b-1", many(20), act) is first
    assert len(calls.jobs) == 20


def test_a_batch_that_is_stopped_leaves_the_rest_alone(runner: Runner) -> None:
    started, go = Semaphore(0), Event()
    calls = Calls()

    def act(job: Job, request_id: str) -> Outcome:
        started.release()
        go.wait(SECONDS)
        return calls(job, request_id)

    batch = bulk.start(runner, "b-1", many(100), act)
    for _ in range(WORKERS):
        started.acquire()
    batch.stop()
    assert (batch.progress.stopping, batch.progress.finished) == (True, False)
    go.set()
    assert batch.wait(SECONDS)
    progress = batch.progress
    assert len(calls.jobs) == progress.done == WORKERS
    assert (progress.untouched, progress.finished, progress.error) == (100 - WORKERS, True, None)


def test_a_job_that_blows_up_takes_no_other_with_it(runner: Runner) -> None:
    def act(job: Job, request_id: str) -> Outcome:
        if job.id == "job_7":
            raise ZeroDivisionError("secret")
        return outcome(job, request_id)

    with capture_logs() as logs:
        batch = bulk.start(runner, "b-1", many(50), act)
        assert batch.wait(SECONDS)
    assert (batch.progress.done, batch.progress.failed, batch.progress.error) == (49, 1, None)
    (failed,) = (each for each in batch.outcomes if each.result is Result.FAILED)
    assert (failed.target_id, failed.message) == ("job_7", "ZeroDivisionError")
    assert [entry["job_id"] for entry in logs] == ["job_7"]


def test_a_batch_that_cannot_be_recorded_stops(runner: Runner) -> None:
    tried: list[str] = []

    def act(job: Job, request_id: str) -> Outcome:
        tried.append(job.id)
        raise NotRecorded(detail="the disk is full")

    batch = bulk.start(runner, "b-1", many(500), act)
    assert batch.wait(SECONDS)
    assert len(tried) <= WORKERS * 2
    assert isinstance(batch.progress.error, NotRecorded)
    assert (batch.progress.untouched, batch.progress.failed) == (500, 0)


def test_a_small_batch_does_not_wait_for_a_large_one(runner: Runner) -> None:
    """The large one moves by one job at a time, until the small one is through."""
    turns = Semaphore(0)

    def slow(job: Job, request_id: str) -> Outcome:
        turns.acquire()
        return outcome(job, request_id)

    large = bulk.start(runner, "large", many(BULK_LIMIT), slow)
    small = bulk.start(runner, "small", many(3), Calls())
    while not small.wait(0.01):
        turns.release()
    assert not large.progress.finished
    turns.release(BULK_LIMIT)
    assert large.wait(SECONDS)
    assert (large.progress.done, small.progress.done) == (BULK_LIMIT, 3)


def test_finished_batches_are_forgotten_in_time(runner: Runner) -> None:
    for number in range(BATCHES_KEPT + 5):
        assert bulk.start(runner, f"b-{number}", many(1), Calls()).wait(SECONDS)
    assert runner.batch("b-4") is None
    assert runner.batch("b-5") is not None
    assert runner.batch(f"b-{BATCHES_KEPT + 4}") is not None


def test_closing_stops_what_runs() -> None:
    runner, started, go = Runner(), Semaphore(0), Event()

    def act(job: Job, request_id: str) -> Outcome:
        started.release()
        go.wait(SECONDS)
        return outcome(job, request_id)

    batch = bulk.start(runner, "b-1", many(100), act)
    started.acquire()
    batch.stop()
    go.set()
    runner.close()
    assert batch.progress.finished
    assert batch.progress.done <= WORKERS


def test_progress_can_be_read_while_it_runs(runner: Runner) -> None:
    go = Semaphore(0)

    def act(job: Job, request_id: str) -> Outcome:
        go.acquire()
        return outcome(job, request_id)

    batch = bulk.start(runner, "b-1", many(20), act)
    seen = [batch.progress]
    go.release(20)
    assert batch.wait(SECONDS)
    seen.append(batch.progress)
    assert [(each.done, each.untouched, each.finished) for each in seen] == [(0, 20, False), (20, 0, True)]
    assert seen[0] == replace(seen[0])
