"""Bulk actions read back: counted by state in one statement, paged, and by the plans of their own indexes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from actions import migrations
from queries import bulks, saved_views
from queries.bulk_models import BulkState, Failure, ItemState
from queries.database import engine
from queries.errors import MissingMigration
from tests.queries.conftest import connect

BULK = """
insert into ops.bulks (id, created_at, state_at, actor, role, action, reason, total, state, state_by, per_minute,
                       why, parameters)
select 'b-' || n, clock_timestamp() - n * interval '1 min', clock_timestamp() - n * interval '1 min', 'ann',
       'operator', 'job.retry', 'why', %(jobs)s, %(state)s, 'ann', %(per_minute)s, %(why)s, '{"from": "start"}'
from generate_series(1, %(bulks)s) as n
"""
JOBS = """
insert into ops.bulk_jobs (bulk_id, position, job_id, expected, state, ended_at)
select 'b-' || bulk, n, 'job_' || n, '{"status": "failed", "step": "generate_images"}',
       case when n <= %(done)s then 'done' when n = %(done)s + 1 then 'under_way' else 'waiting' end,
       case when n <= %(done)s then clock_timestamp() - n * interval '1 s' end
from generate_series(1, %(bulks)s) as bulk, generate_series(1, %(jobs)s) as n
"""


@pytest.fixture(scope="module")
def store_template(new_database: Callable[[str], str]) -> str:
    url = new_database("template1")
    migrations.upgrade(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture
def url(new_database: Callable[[str], str], store_template: str) -> str:
    return new_database(store_template)


@pytest.fixture
def connection(url: str) -> Iterator[sa.Connection]:
    made = engine(url, statement_timeout=timedelta(seconds=10), read_only=True)
    with made.connect() as opened:
        yield opened
    made.dispose()


def fill(url: str, **values: Any) -> None:
    given = {"bulks": 1, "jobs": 100, "done": 30, "state": "running", "per_minute": None, "why": None} | values
    with psycopg.connect(url) as writer:
        for statement in (BULK, JOBS):
            writer.execute(statement.encode(), given)


def test_one_as_it_stands(url: str, connection: sa.Connection) -> None:
    fill(url, why=json.dumps({"error": "NotRecorded", "fields": {"detail": "x"}}))
    bulk = bulks.get(connection, "b-1")
    assert bulk is not None
    assert {state: number for state, number in bulk.counts.items() if number} == {
        ItemState.DONE: 30,
        ItemState.UNDER_WAY: 1,
        ItemState.WAITING: 69,
    }
    assert (bulk.ended, bulk.untouched, bulk.going_on, bulk.last_minute) == (30, 69, True, 30)
    assert (bulk.why, bulk.parameters) == (Failure("NotRecorded", {"detail": "x"}), {"from": "start"})
    assert bulks.get(connection, "b-2") is None


@pytest.mark.parametrize(
    ("values", "minutes"),
    [
        ({"per_minute": 7}, 10),
        ({}, 70 / 30),
        ({"done": 0}, None),
        ({"state": "paused", "per_minute": 7}, None),
        ({"state": "paused"}, None),
    ],
    ids=["at its pace", "as it was in the last minute", "not known yet", "paused", "paused without a pace"],
)
def test_how_long_it_will_take(
    url: str, connection: sa.Connection, values: dict[str, Any], minutes: float | None
) -> None:
    fill(url, **values)
    bulk = bulks.get(connection, "b-1")
    assert bulk is not None
    expected = None if minutes is None else pytest.approx(minutes * 60, rel=0.02)
    assert (bulk.remaining and bulk.remaining.total_seconds()) == expected


def test_a_young_one_is_measured_over_its_life(url: str, connection: sa.Connection) -> None:
    fill(url)
    with psycopg.connect(url) as writer:
        writer.execute(b"update ops.bulks set state_at = clock_timestamp() - interval '30 s'")
    bulk = bulks.get(connection, "b-1")
    assert bulk is not None
    assert bulk.per_minute_now == pytest.approx(60, rel=0.02)


def test_the_newest_first(url: str, connection: sa.Connection) -> None:
    fill(url, bulks=5, jobs=3, done=1)
    found = bulks.recent(connection, limit=3)
    assert [bulk.id for bulk in found] == ["b-1", "b-2", "b-3"]
    assert [bulk.counts[ItemState.DONE] for bulk in found] == [1, 1, 1]
    assert len(bulks.recent(connection, limit=10**9)) == 5


def test_jobs_by_state_and_page(url: str, connection: sa.Connection) -> None:
    fill(url)

    def positions(*states: ItemState, after: int, limit: int) -> list[int]:
        page = bulks.items(connection, "b-1", states, after_position=after, limit=limit)
        return [item.position for item in page]

    assert positions(*ItemState, after=0, limit=3) == [1, 2, 3]
    assert positions(*ItemState, after=29, limit=3) == [30, 31, 32]
    assert positions(ItemState.DONE, after=28, limit=10) == [29, 30]
    assert positions(ItemState.UNDER_WAY, ItemState.WAITING, after=0, limit=2) == [31, 32]
    assert positions(ItemState.FAILED, after=0, limit=2) == []
    (item,) = bulks.items(connection, "b-1", (ItemState.UNDER_WAY,), after_position=0, limit=1)
    assert (item.job_id, item.status, item.step) == ("job_31", "failed", "generate_images")


def test_without_jobs_every_count_is_nothing(url: str, connection: sa.Connection) -> None:
    fill(url, jobs=0)
    bulk = bulks.get(connection, "b-1")
    assert bulk is not None
    assert (set(bulk.counts.values()), bulk.state, bulk.last_minute) == ({0}, BulkState.RUNNING, 0)


@pytest.mark.parametrize(
    "question",
    [
        lambda connection: bulks.get(connection, "b-1"),
        lambda connection: bulks.recent(connection, limit=1),
        lambda connection: bulks.items(connection, "b-1", tuple(ItemState), after_position=0, limit=1),
        saved_views.all,
    ],
)
def test_no_migration_yet(newer_url: str, question: Callable[[sa.Connection], object]) -> None:
    with connect(newer_url) as (connection, _), pytest.raises(MissingMigration, match="ops-dashboard migrate"):
        question(connection)


def test_large_ones_are_counted_and_paged_by_index(url: str, connection: sa.Connection) -> None:
    """Of 20 bulk actions of 10,000 jobs each, none of the questions reads a table from end to end."""
    fill(url, bulks=20, jobs=10_000, done=5_000)
    with psycopg.connect(url, autocommit=True) as writer:
        writer.execute(b"vacuum analyze ops.bulk_jobs")
        writer.execute(b"vacuum analyze ops.bulks")
    statements: list[tuple[str, Any]] = []
    sa.event.listen(
        connection,
        "before_cursor_execute",
        lambda _c, _cu, statement, parameters, *_: statements.append((statement, parameters)),
    )
    bulks.get(connection, "b-7")
    bulks.items(connection, "b-7", (ItemState.WAITING,), after_position=9_000, limit=50)
    bulks.recent(connection, limit=10)
    assert len(statements) == 3
    for statement, parameters in tuple(statements):
        plan = connection.exec_driver_sql(f"explain {statement}", parameters).scalars().all()
        assert not [line for line in plan if "Seq Scan on bulk_jobs" in line], "\n".join(plan)
