"""The stack as the browser tests use it, without the console."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from demo.care import Care
from demo.releases import NEWEST
from demo.stack import Stack
from tests.demo.test_supervisor import gone, until

# There only while a book waits.
OLDEST = "bookgen_oldest_pending_job_timestamp_seconds"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(
        tmp_path_factory.mktemp("stack"),
        workers=1,
        console=False,
        history_days=1,
        service_env={"BOOKGEN_SPEED": "100"},
    ) as running:
        yield running


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def runs_after_tick(care: Care, stack: Stack, name: str) -> bool:
    care.tick()
    return stack.supervisor.running(name)


Labels = frozenset[tuple[str, str]]


def in_history(stack: Stack) -> set[Labels]:
    """Every series of the service at the history's end."""
    marker = stack.state.marker()
    assert marker is not None
    query = {"query": '{__name__=~"bookgen_.+"}', "time": str(marker.end)}
    answer = httpx.get(f"{stack.prometheus_url}/api/v1/query", params=query, trust_env=False)
    found = [series["metric"] for series in answer.json()["data"]["result"]]
    assert {(labels.pop("job"), labels.pop("instance")) for labels in found} == {("bookgen", "service")}
    return {frozenset(labels.items()) for labels in found}


def in_service(stack: Stack) -> set[Labels]:
    """Every series that the service shows; an empty label is none."""
    families = text_string_to_metric_families(httpx.get(f"{stack.service_url}/metrics", trust_env=False).text)
    labels = [{"__name__": sample.name, **sample.labels} for family in families for sample in family.samples]
    return {frozenset((key, value) for key, value in each.items() if value) for each in labels}


def test_the_service_goes_on_with_every_series_of_the_history(stack: Stack) -> None:
    """Else increase() would break at the seam. Codes that the service does not write are the history's alone."""
    history, service = in_history(stack), in_service(stack)
    build = {"__name__": "bookgen_build_info", "version": NEWEST.version, "commit": NEWEST.commit}
    assert frozenset(build.items()) in history & service
    assert {labels["__name__"] for labels in map(dict, service - history)} <= {OLDEST}
    gone = [labels for labels in map(dict, history - service) if labels["__name__"] != OLDEST]
    assert {labels["__name__"] for labels in gone} == {"bookgen_jobs_finished_total"}
    assert {labels.get("error_code") for labels in gone} == {"QUEUE_FAILED", "MANUAL_RECOVERY", None}


def retry(stack: Stack, jobs: list[str]) -> None:
    """Retry these jobs from the step they had come to, and wait until all are done."""
    for job_id in jobs:
        answer = httpx.post(
            f"{stack.service_url}/v1/admin/jobs/{job_id}/retry",
            headers={"X-Admin-Key": stack.admin_key, "X-Operator": "test", "X-Idempotency-Key": job_id},
            json={"reason": "as it should be now", "from": "failed_step"},
            trust_env=False,
        )
        assert answer.status_code == 202, answer.text
    finished = f"select count(*) from jobs where status = 'done' and id in {tuple(jobs)}"  # noqa: S608
    until(lambda: rows(stack.console_database_url, finished) == [(len(jobs),)])


def test_stuck_books_can_be_retried_and_are_finished(stack: Stack) -> None:
    stuck = [
        str(row[0]) for row in rows(stack.console_database_url, "select id from jobs where status = 'running'")
    ]
    assert len(stuck) == 3
    retry(stack, stuck)


def test_what_the_newest_release_broke_is_finished_when_it_is_retried(stack: Stack) -> None:
    broken = rows(
        stack.console_database_url,
        "select id from jobs where status = 'failed' and error_code = 'IMAGE_RATE_LIMIT' and retry_count < 3",
    )
    assert len(broken) > 10
    retry(stack, [str(row[0]) for row in broken])


def test_the_console_may_read_but_not_write(stack: Stack) -> None:
    assert rows(stack.console_database_url, "select count(*) from ops.audit_log") == [(0,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(stack.console_database_url, "update jobs set status = 'done' returning id")


def test_a_killed_worker_comes_back(stack: Stack) -> None:
    pid = stack.kill_worker(0)
    assert gone(pid)
    stack.restart_worker(0)
    assert stack.supervisor.running("worker-0")


def test_prometheus_and_the_database_keep_their_addresses(stack: Stack) -> None:
    prometheus, database = stack.prometheus_url, stack.database_url
    stack.stop_prometheus()
    stack.stop_postgres()
    stack.start_postgres()
    stack.start_prometheus()
    assert (stack.prometheus_url, stack.database_url) == (prometheus, database)
    assert rows(stack.database_url, "select 1") == [(1,)]
    assert httpx.get(f"{prometheus}/-/ready", trust_env=False).status_code == 200


def test_a_paused_database_does_not_answer(stack: Stack) -> None:
    stack.pause("postgres")
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        psycopg.connect(stack.database_url, connect_timeout=2)
    stack.resume("postgres")
    assert rows(stack.database_url, "select 1") == [(1,)]


def test_the_fresh_stack_leaves_the_monitor_to_be_started(stack: Stack) -> None:
    assert not stack.supervisor.running("monitor")
    stack.start_monitor()
    assert stack.supervisor.running("monitor")
    stack.stop_monitor()
    assert not stack.supervisor.running("monitor")


def test_the_demo_restarts_what_died(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.care.RESTART_SECONDS", 0.0)
    said: list[str] = []
    care = Care(stack, said.append)
    stack.kill_worker(0)
    until(lambda: runs_after_tick(care, stack, "worker-0"))
    assert said == ["worker-0 runs again."]


def test_the_demo_brings_the_monitor_back_after_a_while(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.care.MONITOR_BACK_SECONDS", 0.0)
    care = Care(stack, lambda _: None)
    assert not stack.supervisor.running("monitor")
    until(lambda: runs_after_tick(care, stack, "monitor"))
    stack.stop_monitor()
