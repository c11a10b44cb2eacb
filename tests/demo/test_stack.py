"""The stack as the browser tests use it, without the console."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from demo.care import Care
from demo.stack import Stack
from tests.demo.test_supervisor import gone, until


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


def test_stuck_books_can_be_retried_and_are_finished(stack: Stack) -> None:
    headers = {"X-Admin-Key": stack.admin_key, "X-Operator": "test"}
    stuck = [
        str(row[0]) for row in rows(stack.console_database_url, "select id from jobs where status = 'running'")
    ]
    assert len(stuck) == 3
    for job_id in stuck:
        answer = httpx.post(
            f"{stack.service_url}/v1/admin/jobs/{job_id}/retry",
            headers={**headers, "X-Idempotency-Key": job_id},
            json={"reason": "the worker died", "from": "failed_step"},
            trust_env=False,
        )
        assert answer.status_code == 202, answer.text
    finished = f"select count(*) from jobs where status = 'done' and id in {tuple(stuck)}"  # noqa: S608
    until(lambda: rows(stack.console_database_url, finished) == [(3,)])


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
