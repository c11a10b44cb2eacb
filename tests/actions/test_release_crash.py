"""Consoles that are killed, frozen or cut off in the middle: every job is done all the same, and none twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row

from actions import bulks, migrations
from actions.audit import Door
from actions.client import ServiceClient
from actions.jobs import retry
from actions.leases import claim, renew, take
from actions.release import WORKERS, Runner
from demo.postgres import Postgres
from queries.bulk_models import BulkState, ItemState
from queries.database import engine
from queries.models import Job
from tests import databases
from tests.actions.bulk_rows import after, change, ended, found, items, started, told, until
from tests.actions.conftest import OPERATOR
from tests.actions.runner_process import LEASE, POLL, RunnerProcess
from tests.actions.stack import Stack
from tests.service_process import ADMIN_KEY, ServiceProcesses

JOBS = 120


@pytest.fixture(scope="module")
def stack(
    new_database: Callable[[str], str], store_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    url = new_database(store_template)
    databases.create_newer(url)
    directory: Path = tmp_path_factory.mktemp("service")
    store = engine(url, statement_timeout=timedelta(seconds=10), pool_size=WORKERS + 2)
    with (
        ServiceProcesses(url, directory, workers=0, monitor=False) as processes,
        ServiceClient(processes.url, ADMIN_KEY, deadline=timedelta(seconds=20)) as client,
    ):
        yield Stack(url, store, processes, client)
    store.dispose()


@pytest.fixture
def jobs(stack: Stack) -> list[Job]:
    """Jobs that failed; nothing else is left of an earlier test."""
    change(stack.store, "delete from ops.bulk_jobs")
    change(stack.store, "delete from ops.bulks")
    return stack.new_jobs(JOBS)


def each_once(stack: Stack, chosen: list[Job]) -> None:
    """Each job was retried once by the service, and the log has one intent and one outcome of it."""
    ids = [job.id for job in chosen]
    events = stack.rows("select job_id from job_events where event = 'retried' and job_id = any(%s)", ids)
    assert Counter(row["job_id"] for row in events) == Counter(ids)
    once(logged(stack.url, ids), ids)


def logged(url: str, ids: list[str]) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(
            "select target_id, phase, result from ops.audit_log where target_id = any(%s)", [ids]
        ).fetchall()


def once(log: list[dict[str, Any]], ids: list[str]) -> None:
    assert Counter((row["target_id"], row["phase"]) for row in log) == Counter(
        (one, phase) for one in ids for phase in ("intent", "outcome")
    )
    assert {row["result"] for row in log} == {None, "done"}


@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again(stack: Stack, jobs: list[Job], seed: int) -> None:
    """Wherever it is when it dies: after a claim, an intent, a call, an outcome."""
    points = sorted(random.Random(seed).sample(range(1, JOBS - 20), 3))  # noqa: S311
    started(stack.door, jobs)
    for point in points:
        with RunnerProcess(stack.url, stack.processes.url) as console:
            after(stack.store, point)
            console.kill()
        assert found(stack.store).ended_at is None
    with RunnerProcess(stack.url, stack.processes.url):
        bulk = ended(stack.store)
    assert (bulk.state, told(bulk)) == (BulkState.FINISHED, {ItemState.DONE: JOBS})
    each_once(stack, jobs)


def test_two_consoles_share_the_work(stack: Stack, jobs: list[Job]) -> None:
    parts = {f"b-{number}": jobs[number::4] for number in range(4)}
    with RunnerProcess(stack.url, stack.processes.url), RunnerProcess(stack.url, stack.processes.url):
        for bulk_id, part in parts.items():
            started(stack.door, part, bulk_id)
        for bulk_id, part in parts.items():
            assert told(ended(stack.store, bulk_id)) == {ItemState.DONE: len(part)}
    each_once(stack, jobs)


def test_a_frozen_console_that_wakes_up_does_nothing_more(stack: Stack, jobs: list[Job]) -> None:
    started(stack.door, jobs)
    with RunnerProcess(stack.url, stack.processes.url) as zombie:
        after(stack.store, 20)
        zombie.freeze()
        holder = stack.rows("select holder from ops.bulks")[0]["holder"]
        with RunnerProcess(stack.url, stack.processes.url):
            until(lambda: stack.rows("select 1 from ops.bulks where holder <> %s", holder))
            after(stack.store, 60)
            zombie.freeze(frozen=False)
            assert told(ended(stack.store)) == {ItemState.DONE: JOBS}
        each_once(stack, jobs)
        more = stack.new_jobs(10)
        started(stack.door, more, "b-2")
        ended(stack.store, "b-2")  # it lives, and works again
    each_once(stack, [*jobs, *more])


def test_a_stop_finishes_what_a_dead_console_left_in_the_middle(stack: Stack, jobs: list[Job]) -> None:
    started(stack.door, jobs)
    with RunnerProcess(stack.url, stack.processes.url) as console:
        after(stack.store, 20)
        console.kill()
    bulks.stop(stack.door, OPERATOR, "b-1", request_id=f"stop-{jobs[0].id}")
    with RunnerProcess(stack.url, stack.processes.url):
        bulk = ended(stack.store)
    assert bulk.counts[ItemState.UNDER_WAY] == 0
    assert bulk.counts[ItemState.DONE] + bulk.untouched == JOBS
    each_once(stack, [job for job, item in zip(jobs, items(stack.store), strict=True) if item.state == "done"])
    untouched = [job for job, item in zip(jobs, items(stack.store), strict=True) if item.state == "waiting"]
    assert stack.read([job.id for job in untouched]) == untouched


def test_each_point_at_which_a_console_can_die(stack: Stack, jobs: list[Job]) -> None:
    """Its outcome recorded; done, but not recorded; only the intent recorded; only claimed."""
    recorded, done, intended, claimed = chosen = jobs[:4]
    started(stack.door, chosen)
    with stack.store.begin() as connection:
        take(connection, "a dead console", LEASE)
        taken = claim(connection, "a dead console", "b-1", 10)
    assert taken is not None
    requests = {item.job.id: item.request_id for item in taken.items}
    assert set(requests) == {job.id for job in chosen}
    arguments: dict[str, Any] = {"start": "failed_step", "reason": "it is back", "batch_id": "b-1"}
    retry(stack.door, stack.client, OPERATOR, recorded, request_id=requests[recorded.id], **arguments)
    with losing_outcomes(stack):
        retry(stack.door, stack.client, OPERATOR, done, request_id=requests[done.id], **arguments)
    with losing_outcomes(stack), ServiceClient("http://127.0.0.1:9", "k", deadline=LEASE) as nowhere:
        retry(stack.door, nowhere, OPERATOR, intended, request_id=requests[intended.id], **arguments)
    assert stack.read([done.id, intended.id, claimed.id])[1:] == [intended, claimed]
    with RunnerProcess(stack.url, stack.processes.url):
        assert told(ended(stack.store)) == {ItemState.DONE: 4}
    assert {item.message for item in items(stack.store)} == {"Retried: the job is queued."}
    each_once(stack, chosen)


def losing_outcomes(stack: Stack) -> ExitStack:
    """Until it is closed, the store takes intents but no outcomes."""
    change(stack.store, "alter table ops.audit_log add constraint away check (phase = 'intent') not valid")
    closing = ExitStack()
    closing.callback(change, stack.store, "alter table ops.audit_log drop constraint away")
    return closing


def test_who_lost_the_lease_changes_nothing(stack: Stack, jobs: list[Job]) -> None:
    started(stack.door, jobs)
    with stack.store.begin() as connection:
        assert [bulk.id for bulk in take(connection, "first", LEASE)] == ["b-1"]
        assert take(connection, "second", LEASE) == ()
    change(stack.store, "update ops.bulks set leased_until = clock_timestamp() - interval '1 s'")
    with stack.store.begin() as connection:
        assert [bulk.id for bulk in renew(connection, "first", LEASE)] == ["b-1"]  # nobody took it meanwhile
    change(stack.store, "update ops.bulks set leased_until = clock_timestamp() - interval '1 s'")
    with stack.store.begin() as connection:
        assert [bulk.id for bulk in take(connection, "second", LEASE)] == ["b-1"]
        assert renew(connection, "first", LEASE) == ()
        assert claim(connection, "first", "b-1", 10) is None
    assert told(found(stack.store)) == {ItemState.WAITING: JOBS}


def test_a_store_that_is_restarted_in_the_middle(stack: Stack, jobs: list[Job], tmp_path: Path) -> None:
    """The console's own store is in another database; it waits for it and goes on by itself."""
    with Postgres(tmp_path / "data") as server, ExitStack() as closing:
        migrations.upgrade(server.url())
        store = engine(server.url(), statement_timeout=timedelta(seconds=10), pool_size=WORKERS + 2)
        closing.callback(store.dispose)
        runner = Runner(Door(store), lambda: stack.client, lease=LEASE, poll=POLL).start()
        closing.callback(runner.close)
        started(Door(store), jobs)
        for point in (20, 60):
            after(store, point)
            server.stop()
            server.start()
        assert told(ended(store)) == {ItemState.DONE: JOBS}
        ids = [job.id for job in jobs]
        once(logged(server.url(), ids), ids)
    events = stack.rows("select job_id from job_events where event = 'retried' and job_id = any(%s)", ids)
    assert Counter(row["job_id"] for row in events) == Counter(ids)


def test_a_store_that_cuts_its_connections_again_and_again(stack: Stack, jobs: list[Job], tmp_path: Path) -> None:
    """They break wherever they are, at a commit too."""
    with Postgres(tmp_path / "data", options=("synchronous_commit=on",)) as server, ExitStack() as closing:
        migrations.upgrade(server.url())
        store: sa.Engine = engine(server.url(), statement_timeout=timedelta(seconds=10), pool_size=WORKERS + 2)
        closing.callback(store.dispose)
        with RunnerProcess(server.url(), stack.processes.url):
            started(Door(store), jobs)
            after(store, 20)
            for _ in range(5):
                before = found(store).ended
                cut_off(server.url())
                after(store, min(JOBS, before + 10))
            assert told(ended(store)) == {ItemState.DONE: JOBS}
        ids = [job.id for job in jobs]
        once(logged(server.url(), ids), ids)


def cut_off(url: str) -> None:
    """Cut all other connections to the store."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and application_name = 'ops-dashboard'"
        )
