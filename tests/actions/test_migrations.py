"""The schema ops: up, down and up again, also when several consoles migrate at once."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from actions import migrations
from demo.postgres import free_port
from queries.errors import DatabaseForbidden, DatabaseUnavailable

SHAPE = """
select 'column' as kind, table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable as name
from information_schema.columns where table_schema = 'ops' and table_name <> 'alembic_version'
union all select 'index', indexdef from pg_indexes where schemaname = 'ops' and tablename <> 'alembic_version'
union all select 'trigger', event_object_table || ' ' || trigger_name || ' ' || event_manipulation
from information_schema.triggers where trigger_schema = 'ops'
union all select 'function', proname from pg_proc where pronamespace = to_regnamespace('ops')
order by 1, 2
"""


def shape(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(SHAPE).fetchall()


def test_an_empty_database_has_no_revision(empty_url: str) -> None:
    assert migrations.current(empty_url) is None
    assert shape(empty_url) == []


def test_up_makes_what_the_searches_need(empty_url: str) -> None:
    assert migrations.upgrade(empty_url) == migrations.head() == migrations.current(empty_url)
    indexes = {name.partition(" USING ")[2] for kind, name in shape(empty_url) if kind == "index"}
    assert indexes == {
        "btree (id)",
        "btree (request_id, phase)",
        "btree (batch_id) WHERE (batch_id IS NOT NULL)",
        "btree (target_id, id)",
        "btree (actor, id)",
        "btree (at)",
        "btree (job_id, id DESC)",
        "btree (request_id)",
        "btree (created_at, id)",
        "btree (id) WHERE (ended_at IS NULL)",
        'btree (bulk_id, "position")',
        "btree (bulk_id, job_id)",
        'btree (bulk_id, state, "position")',
        "btree (bulk_id, ended_at) WHERE (ended_at IS NOT NULL)",
        "btree (name_key) WHERE (removed_at IS NULL)",
        "btree (hour, digest)",
        "btree (digest, hour)",
        "btree (hour, kind)",
        "btree (hour)",
        "btree (hour) WHERE dirty",
        "btree (digest)",
        "btree (single)",
        "btree (name)",
        "btree (digest, id DESC)",
        "btree (at DESC)",
        "btree (hour, provider, kind, step, fate, error_code)",
        "btree (week, zone)",
        "btree (week, zone, target)",
        'btree ("position")',
    }


def test_up_again_changes_nothing(store_url: str) -> None:
    before = shape(store_url)
    assert migrations.upgrade(store_url) == migrations.head()
    assert shape(store_url) == before


def test_the_version_is_kept_in_the_consoles_own_schema(store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        tables = connection.execute(
            "select schemaname from pg_tables where tablename = 'alembic_version'"
        ).fetchall()
    assert tables == [("ops",)]


def test_the_services_tables_are_left_alone(newer_url: str) -> None:
    query = "select table_name from information_schema.tables where table_schema = 'public' order by 1"
    with psycopg.connect(newer_url) as connection:
        before = connection.execute(query).fetchall()
    migrations.upgrade(newer_url)
    with psycopg.connect(newer_url) as connection:
        assert connection.execute(query).fetchall() == before


def test_threads_that_migrate_at_once_wait_for_each_other(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrations.upgrade, [empty_url] * 4)) == [migrations.head()] * 4


def test_processes_that_migrate_at_once_wait_for_each_other(empty_url: str) -> None:
    """Two are seen waiting for the lock that a third, this test, holds; then both succeed."""
    program = "import sys; from actions.migrations import upgrade; print(upgrade(sys.argv[1]))"
    command = [sys.executable, "-c", program, empty_url]
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [migrations.ADVISORY_LOCK])
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        while all(process.poll() is None for process in processes) and waiting(connection) < 2:
            time.sleep(0.02)
        assert waiting(connection) == 2
        assert shape(empty_url) == []
    assert [process.communicate()[0].strip() for process in processes] == [migrations.head()] * 2
    assert migrations.current(empty_url) == migrations.head()


def waiting(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_schema_that_an_administrator_made_is_enough(empty_url: str) -> None:
    """Where the console's role may not create schemas, somebody else creates it and hands it over."""
    role = f"migrator_{empty_url.rpartition('/')[2]}"
    url = empty_url.replace("postgres@", f"{role}@")
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
    with pytest.raises(DatabaseForbidden, match="permission denied"):
        migrations.upgrade(url)
    assert migrations.current(empty_url) is None
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(f"create schema ops authorization {role}".encode())
    assert migrations.upgrade(url) == migrations.head()


@pytest.mark.parametrize("url", ["nonsense", "mysql://127.0.0.1/x", "postgresql://127.0.0.1:{port}/x"])
def test_a_wrong_address_is_told_in_a_sentence(url: str) -> None:
    for call in (migrations.current, migrations.upgrade):
        with pytest.raises(DatabaseUnavailable, match="OPS_STORE_URL"):
            call(url.format(port=free_port()))
