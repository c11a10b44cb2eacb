"""Batches through the real door: what the audit log holds of them."""

from __future__ import annotations

from collections import Counter

from actions import bulk
from actions.audit import Door, Effect, Intent, Outcome, performed
from actions.bulk import WORKERS, Runner
from actions.errors import PermissionDenied, ProviderUnavailable, StateChanged
from queries.models import Job
from tests.actions.conftest import OPERATOR, VIEWER, Rows, job

SECONDS = 60


def many(count: int) -> list[Job]:
    return [job(f"job_{number}") for number in range(count)]


class Recorded:
    """An act through the real door."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.acted: list[str] = []

    def __call__(self, job: Job, request_id: str, batch_id: str = "b-1") -> Outcome:
        intent = Intent("job.retry", "job", job.id, "provider is back", request_id, batch_id)
        return performed(self.door, OPERATOR, intent, lambda: self._act(job))

    def _act(self, job: Job) -> Effect:
        self.acted.append(job.id)
        if job.id.endswith("7"):
            raise StateChanged(status="running")
        if job.id.endswith("8"):
            raise ProviderUnavailable(seconds="30")
        return Effect({"status": "queued"}, "Retried.")


def test_two_hundred_jobs_are_in_the_audit_log(runner: Runner, door: Door, rows: Rows) -> None:
    act = Recorded(door)
    batch = bulk.start(runner, "b-1", many(200), act)
    assert batch.wait(SECONDS)
    progress = batch.progress
    assert (progress.done, progress.skipped, progress.refused, progress.failed) == (160, 20, 20, 0)
    assert Counter(act.acted) == Counter(job.id for job in many(200))
    entries = rows("select phase, result from ops.audit_log where batch_id = 'b-1'")
    assert Counter(entry["phase"] for entry in entries) == {"intent": 200, "outcome": 200}
    assert Counter(entry["result"] for entry in entries) == {
        None: 200,
        "done": 160,
        "skipped": 20,
        "refused": 20,
    }


def test_a_batch_from_another_process_is_not_done_again(runner: Runner, door: Door, rows: Rows) -> None:
    act = Recorded(door)
    assert bulk.start(runner, "b-1", many(40), act).wait(SECONDS)
    other = Runner()
    again = bulk.start(other, "b-1", many(40), act)
    other_finished = again.wait(SECONDS)
    other.close()
    assert other_finished
    assert len(act.acted) == 40
    assert (again.progress.skipped, again.progress.error) == (40, None)
    assert len(rows("select * from ops.audit_log")) == 80


def test_two_processes_at_once_share_the_jobs(door: Door, rows: Rows) -> None:
    runners, act = (Runner(4), Runner(4)), Recorded(door)
    batches = [bulk.start(each, "b-1", many(60), act) for each in runners]
    assert all(batch.wait(SECONDS) for batch in batches)
    for each in runners:
        each.close()
    assert Counter(act.acted) == Counter(job.id for job in many(60))
    assert len(rows("select * from ops.audit_log")) == 120


def test_a_viewers_batch_stops_at_the_door(runner: Runner, door: Door, rows: Rows) -> None:
    acted: list[str] = []

    def effect() -> Effect:
        acted.append("one")
        return Effect({}, "Retried.")

    def act(job: Job, request_id: str) -> Outcome:
        intent = Intent("job.retry", "job", job.id, "provider is back", request_id, "b-1")
        return performed(door, VIEWER, intent, effect)

    batch = bulk.start(runner, "b-1", many(300), act)
    assert batch.wait(SECONDS)
    assert isinstance(batch.progress.error, PermissionDenied)
    assert acted == []
    assert 0 < len(rows("select * from ops.audit_log where result = 'refused'")) <= WORKERS * 3
