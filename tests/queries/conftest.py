"""Connections as the console makes them, and the real rows moved to a known distance from the database's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection

from queries import database, schema
from queries.aliases import Aliases
from queries.schema import ServiceSchema

Connect = Callable[[str], AbstractContextManager[tuple[Connection, ServiceSchema]]]

TIMEOUT = timedelta(seconds=10)


@contextmanager
def connect(url: str, jobs_table: str = "jobs") -> Iterator[tuple[Connection, ServiceSchema]]:
    """A read-only connection of the console, and what it found there."""
    engine = database.engine(url, statement_timeout=TIMEOUT, read_only=True)
    try:
        with database.translated("OPS_DATABASE_URL"), engine.connect() as connection:
            yield connection, schema.discover(connection, jobs_table)
    finally:
        engine.dispose()


def run(url: str, *statements: str) -> None:
    """Prepare a database behind the console's back, in UTC."""
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        for statement in statements:
            connection.execute(statement.encode())


def set_clock(url: str, clock: str) -> None:
    """Move the older deployment's rows so that the database's clock stands at clock, in the rows' own time."""
    shift = f"(now() at time zone 'utc') - timestamp '{clock}'"
    run(url, f"update jobs set created_at = created_at + ({shift}), updated_at = updated_at + ({shift})")  # noqa: S608


@pytest.fixture
def aliases() -> Aliases:
    return Aliases("a key for tests")


OPS_SCHEMA = """
create schema ops;
create table ops.audit_log (
    id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp(),
    request_id text not null, phase text not null, actor text not null, role text not null, action text not null,
    target_kind text not null, target_id text not null, reason text not null, batch_id text,
    parameters jsonb not null default '{}', before jsonb, after jsonb, result text, message text,
    unique (request_id, phase));
create table ops.acknowledgements (
    id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp(),
    job_id text not null, actor text not null, note text not null, snoozed_until timestamptz);
"""


@pytest.fixture
def store_url(newer_url: str) -> str:
    """A database with the console's own tables, empty."""
    run(newer_url, OPS_SCHEMA)
    return newer_url
