"""The demo's one database: the service owns its tables, the console reads them and owns schema ops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError, Popen

import psycopg
from psycopg import sql

from actions import migrations
from demo.postgres import Postgres
from demo.programs import tail
from demo.supervisor import StartFailed
from service import database as service_database
from service.settings import Settings

NAME = "bookgen"
CONSOLE_ROLE = "ops_console"
# What the console may do, in full.
GRANTS = f"""
do $$ begin
    if not exists (select from pg_roles where rolname = '{CONSOLE_ROLE}') then
        create role {CONSOLE_ROLE} login;
    end if;
end $$;
grant usage on schema public to {CONSOLE_ROLE};
grant select on all tables in schema public to {CONSOLE_ROLE};
alter default privileges in schema public grant select on tables to {CONSOLE_ROLE};
create schema if not exists ops authorization {CONSOLE_ROLE};
"""


def start(directory: Path, spawned: Callable[[Popen[bytes]], None]) -> Postgres:
    """Start the server over this data directory; spawned hears of each process. Raises StartFailed."""
    server = Postgres(directory, spawned=spawned)
    try:
        return server.start()
    except (psycopg.OperationalError, CalledProcessError) as error:
        log = directory.with_suffix(".log")
        raise StartFailed(
            f"PostgreSQL does not start ({error}). Its log, {log}, ends with:\n{tail(log)}"
        ) from error


def prepare(server: Postgres) -> None:
    """Create the database and bring the service's tables to their newest form."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [NAME]).fetchone()
        if found is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(NAME)))
    service_database.migrate(Settings(database_url=server.url(NAME)))


def admit_console(server: Postgres) -> None:
    """Give the console's role what it needs and no more, and migrate its own schema as that role."""
    with psycopg.connect(server.url(NAME), autocommit=True) as connection:
        connection.execute(GRANTS.encode())
    migrations.upgrade(console_url(server))


def console_url(server: Postgres) -> str:
    """The database as the console may use it."""
    return server.url(NAME).replace("//postgres@", f"//{CONSOLE_ROLE}@")
