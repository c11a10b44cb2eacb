"""The connection pool, and the schema's idempotent migration."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from service import guardrails, providers
from service.settings import Settings

Row = dict[str, Any]
Pool = ConnectionPool[Connection[Row]]

MIGRATION_LOCK = 7_301_001
POOL_WAIT_SECONDS = 5.0
OPTIONS = "-c TimeZone=UTC -c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000"


def pool(settings: Settings, *, size: int, name: str) -> Pool:
    """A bounded pool, not yet open. Getting a connection raises PoolTimeout after POOL_WAIT_SECONDS."""
    return ConnectionPool(
        settings.conninfo,
        connection_class=Connection[Row],
        kwargs={
            "row_factory": dict_row,
            "options": OPTIONS,
            "application_name": f"bookgen-{name}",
            "connect_timeout": 5,
        },
        min_size=1,
        max_size=size,
        timeout=POOL_WAIT_SECONDS,
        check=ConnectionPool.check_connection,
        open=False,
        name=name,
    )


def migrate(settings: Settings) -> None:
    """Create what is missing. Processes that start together wait for each other here.

    Statements that have nothing to create still lock their tables, and could deadlock with jobs that are running:
    so they are left out where they were carried out before.
    """
    statements = [files("service").joinpath(name).read_bytes() for name in ("schema.sql", "private.sql")]
    digest = hashlib.sha256(b"".join(statements)).hexdigest()
    with psycopg.connect(settings.conninfo, options=OPTIONS, connect_timeout=5) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        if _migrated_to(connection) != digest:
            for statement in statements:
                connection.execute(statement)
            connection.execute(
                "insert into state (name, value) values ('schema', to_jsonb(%s::text))"
                " on conflict (name) do update set value = excluded.value, at = excluded.at",
                [digest],
            )
        providers.insert_missing(connection)
        guardrails.insert_missing(connection)


def _migrated_to(connection: Connection[Any]) -> str | None:
    """The digest of the statements that made the schema; None for an empty database."""
    if connection.execute("select to_regclass('state')").fetchone() == (None,):
        return None
    row = connection.execute("select value #>> '{}' from state where name = 'schema'").fetchone()
    return None if row is None else str(row[0])
