"""The verbs against the real service: its api, its workers, its database."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from actions import bulks, jobs
from actions.audit import Outcome
from actions.bulks import Order
from actions.client import Request, ServiceClient
from actions.errors import (
    AlreadyFinished,
    JobNotFound,
    NotRetryable,
    RetryLimitReached,
    ServiceRejectedKey,
    ServiceUnreachable,
    StateChanged,
)
from actions.permissions import Actor, Role
from actions.release import Runner
from queries.audit_models import Result
from queries.bulk_models import ItemState
from queries.database import engine
from tests import databases
from tests.actions.bulk_rows import ended, told
from tests.actions.conftest import OPERATOR
from tests.actions.stack import Stack
from tests.service_process import ADMIN_KEY, ServiceProcesses

OTHER = Actor("김영희", Role.OPERATOR)


@pytest.fixture(scope="module")
def stack(
    new_database: Callable[[str], str], store_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    url = new_database(store_template)
    databases.create_newer(url)
    directory: Path = tmp_path_factory.mktemp("service")
    store = engine(url, statement_timeout=timedelta(seconds=5), pool_size=8)
    with (
        ServiceProcesses(url, directory, workers=0, monitor=False) as processes,
        ServiceClient(processes.url, ADMIN_KEY, deadline=timedelta(seconds=20)) as client,
    ):
        yield Stack(url, store, processes, client)
    store.dispose()


def test_what_the_service_offers_can_be_read(stack: Stack) -> None:
    capabilities = stack.client.capabilities()
    assert capabilities is not None
    assert capabilities.actions == {"retry", "cancel", "guardrails", "intake"}
    assert capabilities.max_retries == 3
    limits = stack.client.guardrails()
    assert limits.etag
    assert limits.limits["daily_job_limit_per_user"].value == 20
    assert stack.client.intake().accepting is True
    assert "status" in stack.client.health()


def test_a_retry_queues_the_job_and_names_the_operator(stack: Stack) -> None:
    (job,) = stack.new_jobs()
    outcome = stack.retry(job, "e-1", OTHER, reason="공급자 복구됨")
    assert outcome.result is Result.DONE
    assert outcome.after == {"status": "queued", "attempt": 2, "retry_count": 1}
    (event,) = stack.rows("select actor, detail from job_events where job_id = %s and event = 'retried'", job.id)
    assert (event["actor"], event["detail"]["reason"]) == ("김영희", "공급자 복구됨")
    (after,) = stack.read([job.id])
    assert (after.status, after.retry_count) == ("queued", 1)
    log = stack.rows("select phase, result, before from ops.audit_log where request_id = 'e-1' order by id")
    assert [(row["phase"], row["result"]) for row in log] == [("intent", None), ("outcome", "done")]
    assert log[0]["before"]["status"] == "failed"


def test_a_reason_of_full_length_reaches_the_service(stack: Stack) -> None:
    (job,) = stack.new_jobs()
    assert stack.retry(job, "e-2", reason="가" * 2000).result is Result.DONE


def test_two_operators_on_the_same_job(stack: Stack) -> None:
    (job,) = stack.new_jobs()
    gate = Barrier(2)

    def attempt(actor: Actor) -> Outcome:
        gate.wait()
        return stack.retry(job, f"e-3-{actor.name}", actor)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, (OPERATOR, OTHER)))
    by_result = {outcome.result: outcome for outcome in outcomes}
    assert by_result.keys() == {Result.DONE, Result.SKIPPED}
    assert isinstance(by_result[Result.SKIPPED].error, StateChanged)
    assert "it is queued now. Nothing was done" in by_result[Result.SKIPPED].message
    assert stack.read([job.id])[0].retry_count == 1


def test_retry_against_cancel_on_the_same_job(stack: Stack) -> None:
    (job,) = stack.new_jobs(status="running")
    gate = Barrier(2)

    def retry() -> Outcome:
        gate.wait()
        return stack.retry(job, "e-4-retry")

    def cancel() -> Outcome:
        gate.wait()
        return jobs.cancel(stack.door, stack.client, OTHER, job, reason="abuse", request_id="e-4-cancel")

    with ThreadPoolExecutor(2) as pool:
        results = [future.result().result for future in (pool.submit(retry), pool.submit(cancel))]
    assert sorted(results) == [Result.DONE, Result.SKIPPED]


def test_a_request_that_is_sent_again_does_nothing_again(stack: Stack) -> None:
    """The same idempotency key straight to the service, as after an answer that was lost."""
    (job,) = stack.new_jobs()
    answers = [
        stack.client.retry(
            job.id,
            start="failed_step",
            reason="back",
            expected_status=job.status,
            expected_updated_at=job.updated_at,
            request=Request(OPERATOR.name, "e-5"),
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert stack.read([job.id])[0].retry_count == 1


def test_a_job_that_moved_on_is_left_alone(stack: Stack) -> None:
    (job,) = stack.new_jobs()
    shown = replace(job, updated_at=job.updated_at - timedelta(microseconds=1))
    assert stack.retry(shown, "e-6").result is Result.SKIPPED
    assert stack.read([job.id]) == [job]


@pytest.mark.parametrize(
    ("status", "retry_count", "error"),
    [("done", 0, NotRetryable), ("failed", 3, RetryLimitReached)],
)
def test_what_cannot_be_retried_is_refused(
    stack: Stack, status: str, retry_count: int, error: type[Exception]
) -> None:
    (job,) = stack.new_jobs(status=status, retry_count=retry_count)
    outcome = stack.retry(job, f"e-7-{error.__name__}")
    assert outcome.result is Result.REFUSED
    assert isinstance(outcome.error, error)
    assert stack.read([job.id]) == [job]


@pytest.mark.parametrize("job_id", ["job_none", "a/b", "..", "책 %2e", "x" * 300])
def test_a_job_that_is_not_there(stack: Stack, job_id: str) -> None:
    (job,) = stack.new_jobs()
    outcome = stack.retry(replace(job, id=job_id), f"e-8-{job_id[:20]}")
    assert outcome.result is Result.REFUSED
    if "/" not in job_id and job_id != "..":
        assert isinstance(outcome.error, JobNotFound)


def test_cancel_stops_the_job_and_tells_the_money(stack: Stack) -> None:
    (job,) = stack.new_jobs(status="queued")
    outcome = jobs.cancel(stack.door, stack.client, OPERATOR, job, reason="abuse", request_id="e-9")
    assert outcome.result is Result.DONE
    assert outcome.after["status"] == "cancelled"
    (ended,) = stack.read([job.id])
    assert ended.status == "cancelled"
    again = jobs.cancel(stack.door, stack.client, OPERATOR, ended, reason="abuse", request_id="e-10")
    assert again.result is Result.SKIPPED
    assert isinstance(again.error, AlreadyFinished)


def test_a_wrong_key_does_nothing(stack: Stack) -> None:
    (job,) = stack.new_jobs()
    with ServiceClient(stack.processes.url, "wrong", deadline=timedelta(seconds=20)) as client:
        outcome = jobs.retry(stack.door, client, OPERATOR, job, start="start", reason="back", request_id="e-11")
    assert outcome.result is Result.FAILED
    assert isinstance(outcome.error, ServiceRejectedKey)
    assert stack.read([job.id]) == [job]


def test_a_bulk_of_two_hundred_does_no_job_twice(stack: Stack) -> None:
    selected = stack.new_jobs(200)
    taken = selected[:5]
    for job in taken:
        assert stack.retry(job, f"e-12-{job.id}", OTHER).result is Result.DONE

    order = Order("job.retry", selected, "back", parameters={"from": "failed_step"})
    bulks.start(stack.door, OPERATOR, order, bulk_id="e-13", limit=200)
    runner = Runner(stack.door, lambda: stack.client).start()
    bulk = ended(stack.store, "e-13")
    runner.close()
    assert told(bulk) == {ItemState.DONE: 195, ItemState.SKIPPED: 5}
    ids = [job.id for job in selected]
    events = stack.rows("select job_id from job_events where event = 'retried' and job_id = any(%s)", ids)
    assert Counter(row["job_id"] for row in events) == Counter(ids)
    outcomes = stack.rows(
        "select result, count(*) as jobs from ops.audit_log where phase = 'outcome' and batch_id = 'e-13'"
        " group by result"
    )
    assert {row["result"]: row["jobs"] for row in outcomes} == {"done": 195, "skipped": 5}


def test_a_worker_finishes_what_was_retried(stack: Stack) -> None:
    (job,) = stack.new_jobs()
    stack.rows("update jobs set status = 'cancelled' where status = 'queued' returning id")
    assert stack.retry(job, "e-14").result is Result.DONE
    number = stack.processes.start_worker()
    while stack.read([job.id])[0].status in {"queued", "running"}:
        time.sleep(0.05)
    stack.processes.stop_worker(number)
    assert stack.read([job.id])[0].status == "done"


def test_a_service_that_is_gone_did_nothing(stack: Stack, tmp_path: Path) -> None:
    (job,) = stack.new_jobs()
    with ServiceProcesses(stack.url, tmp_path, workers=0, monitor=False) as processes:
        client = ServiceClient(processes.url, ADMIN_KEY, deadline=timedelta(seconds=20))
        assert client.capabilities() is not None
    outcome = jobs.retry(stack.door, client, OPERATOR, job, start="start", reason="back", request_id="e-15")
    client.close()
    assert outcome.result is Result.FAILED
    assert isinstance(outcome.error, ServiceUnreachable)
    assert "Nothing was done" in outcome.message
    assert stack.read([job.id]) == [job]
