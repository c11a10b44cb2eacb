"""Errors become sentences; nothing hangs; nothing leaks a password."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from demo.postgres import Postgres, free_port
from queries import database, jobs
from queries.aliases import Aliases
from queries.errors import (
    DatabaseError,
    DatabaseForbidden,
    DatabaseTimeout,
    DatabaseUnavailable,
    MissingColumn,
    MissingMigration,
    MissingTable,
)
from tests.browser.people import eventually
from tests.queries.conftest import connect, run

SETTING = "OPS_DATABASE_URL"
SHORT = timedelta(milliseconds=200)


@contextmanager
def engine(url: str, timeout: timedelta = SHORT, **options: bool | int | str) -> Iterator[Engine]:
    made = database.engine(url, statement_timeout=timeout, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.dispose()


def ask(url: str, statement: str = "select 1") -> object:
    with database.translated(SETTING), engine(url) as made, made.connect() as connection:
        return connection.execute(sa.text(statement)).scalar()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_addresses_of_every_kind(newer_url: str, scheme: str) -> None:
    assert ask(newer_url.replace("postgresql", scheme, 1)) == 1


def test_the_session_is_ours_whatever_the_address_asks_for(newer_url: str) -> None:
    url = newer_url + "?options=-c%20TimeZone%3DAsia/Seoul%20-c%20work_mem%3D7MB&application_name=theirs"
    names = ("TimeZone", "work_mem", "statement_timeout", "application_name", "default_transaction_read_only")
    with engine(url, read_only=True) as made, made.connect() as connection:
        found = [connection.exec_driver_sql(f"show {name}").scalar() for name in names]
    assert found == ["UTC", "7MB", "200ms", "theirs", "on"]


def test_read_only_refuses_to_write_and_otherwise_not(newer_url: str) -> None:
    statement = sa.text("create table written (n int)")
    with (
        engine(newer_url, read_only=True) as made,
        made.connect() as connection,
        pytest.raises(DatabaseError, match="read-only"),
        database.translated(SETTING),
    ):
        connection.execute(statement)
    with engine(newer_url) as made, made.begin() as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:secret@h/d", "postgresql://u:secret@h:port/d", "http://x"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=f"cannot be read.*{SETTING}") as caught:
        ask(url)
    assert "secret" not in str(caught.value)


def test_nobody_listens() -> None:
    with pytest.raises(DatabaseUnavailable, match="refused") as caught:
        ask(f"postgresql://someone:hunter2@127.0.0.1:{free_port()}/jobs")
    assert "hunter2" not in str(caught.value)
    assert "://" not in str(caught.value)


def test_a_server_that_accepts_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(DatabaseUnavailable):
            ask(f"postgresql://someone:hunter2@127.0.0.1:{port}/jobs?connect_timeout=2")


def test_a_server_that_freezes_amid_a_question(newer_url: str) -> None:
    with engine(newer_url) as made:
        with made.connect() as connection:
            pid = connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
            connection.rollback()
            os.kill(pid, signal.SIGSTOP)
            try:
                with pytest.raises(DatabaseUnavailable, match="no answer within"), database.translated(SETTING):
                    connection.exec_driver_sql("select 2")
            finally:
                os.kill(pid, signal.SIGCONT)
        with made.connect() as connection:
            assert connection.exec_driver_sql("select 3").scalar() == 3


def test_no_such_database(newer_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        ask(newer_url + "_nowhere")


def test_a_slow_statement(newer_url: str) -> None:
    with pytest.raises(DatabaseTimeout, match=r"longer than \d+\.\d s"):
        ask(newer_url, "select pg_sleep(60)")


def test_all_connections_in_use(newer_url: str) -> None:
    with (
        engine(newer_url, pool_size=1) as made,
        made.connect(),
        pytest.raises(DatabaseUnavailable, match="in use"),
        database.translated(SETTING),
        made.connect(),
    ):
        pass


def test_too_many_connections(newer_url: str) -> None:
    name = urlsplit(newer_url).path[1:]
    run(newer_url, f"alter database {name} connection limit 0", "create role plain login")
    with pytest.raises(DatabaseUnavailable, match="too many connections"):
        ask(newer_url.replace("postgres@", "plain@"))
    run(newer_url, "drop role plain")


def test_a_connection_that_was_cut_is_replaced(newer_url: str) -> None:
    with engine(newer_url, timeout=timedelta(seconds=10)) as made:
        with made.connect() as connection:
            pid = connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
        run(newer_url, f"select pg_terminate_backend({pid}, 5000)")
        with made.connect() as connection:
            assert connection.exec_driver_sql("select pg_backend_pid()").scalar_one() != pid


@pytest.fixture
def plain_url(newer_url: str) -> Iterator[str]:
    """A role that may connect, and nothing else."""
    run(newer_url, "create role plain login password 'hunter2'")
    yield newer_url.replace("postgres@", "plain:hunter2@")
    run(newer_url, "drop owned by plain", "drop role plain")


def test_a_role_without_rights(plain_url: str) -> None:
    with pytest.raises(DatabaseForbidden, match="permission denied for table jobs"):
        ask(plain_url, "select 1 from jobs")


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("select 1 from nowhere", MissingTable, "no table nowhere"),
        ("select jobs.colour from jobs", MissingColumn, "table jobs has no column colour"),
        ("select 1 from ops.audit_log", MissingMigration, "ops-dashboard migrate"),
        ("select 1/0", DatabaseError, "division by zero"),
    ],
)
def test_what_is_missing_is_named(newer_url: str, statement: str, error: type[DatabaseError], words: str) -> None:
    with pytest.raises(error, match=words):
        ask(newer_url, statement)


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", "x" * 100_000, "", "'; drop table jobs; --", "%s", "{0}"])
def test_odd_ids(newer_url: str, odd: str) -> None:
    """Either there is no such job, or one sentence says why it cannot be asked for."""
    with connect(newer_url) as (connection, schema):
        try:
            with database.translated(SETTING):
                assert jobs.get(connection, schema, Aliases("k"), odd) is None
        except DatabaseError as error:
            assert "PostgreSQL" in str(error)
            assert odd in ("a\0b", "\ud800")


def test_errors_of_the_driver_itself(postgres: Postgres) -> None:
    with (
        pytest.raises(MissingTable, match="elsewhere"),
        database.translated(SETTING),
        psycopg.connect(postgres.url()) as connection,
    ):
        connection.execute("select 1 from elsewhere")


def test_other_errors_pass(newer_url: str) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    failing: Callable[[], None] = fail
    with pytest.raises(ZeroDivisionError), database.translated(SETTING):
        failing()


def test_a_statements_values_are_not_in_its_error(newer_url: str) -> None:
    with engine(newer_url) as made, made.connect() as connection, pytest.raises(sa.exc.DBAPIError) as caught:
        connection.execute(sa.text("select cast(:n as text)::int"), {"n": "00000000-secret-key"})
    assert "[parameters" not in str(caught.value) or "hidden" in str(caught.value)


def test_an_idle_connection_is_given_less_time_to_show_that_it_lives(older_url: str) -> None:
    made = database.engine(older_url, statement_timeout=timedelta(seconds=10))
    with made.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, psycopg.Connection)
        asked = raw.deadline
    idle = raw.deadline
    with made.connect() as connection:
        assert connection.connection.dbapi_connection is raw
        again = raw.deadline
    made.dispose()
    assert (asked, idle, again) == (12.0, 5.0, 12.0)


def open_connections(url: str, name: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where application_name = %s", [name]
        ).fetchone()
    assert row
    return int(row[0])


def test_a_connection_that_comes_back_to_a_disposed_engine_is_closed(newer_url: str) -> None:
    with engine(newer_url, application_name="late") as made:
        with made.connect() as connection:
            made.dispose()
            assert connection.exec_driver_sql("select 1").scalar() == 1
        eventually(lambda: open_connections(newer_url, "late") == 0)
