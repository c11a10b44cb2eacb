"""The stack's database, set up for real by its own scripts in the order of its own services."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from dashboard.settings import FILE_VARIABLE, ROOT
from demo.postgres import BIN, Postgres
from tests.actions.test_grants import FORBIDDEN, statements
from tests.container.stack import SERVICES

# Whoever is not the superuser has to know a password.
ACCESS = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
ORDER = ("postgres", "tables", "roles", "migrate", "grants", "console")
GRANTED = """
    select grantee, table_schema || '.' || table_name, privilege_type from information_schema.role_table_grants
    where grantee in ('ops_reader', 'ops_writer') and table_schema in ('public', 'ops')
"""


@dataclass(frozen=True)
class Database:
    """The stack's database on this machine, and its secrets with its address in place of the stack's."""

    server: Postgres
    secrets: Path

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPS_", "PG"))}
        here = {"PGHOST": "127.0.0.1", "PGPORT": str(self.server.port), "PGDATABASE": "books"}
        files = {"SECRETS": str(self.secrets), "DOCUMENT": str(ROOT / "docs" / "operating.md")}
        return {**inherited, **here, **files, "PATH": f"{BIN}:{os.environ['PATH']}", **more}

    def run(self, *command: str, **more: str) -> None:
        ended = subprocess.run(
            command, env=self.environment(**more), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr

    def url(self, setting: str) -> str:
        return str(tomllib.loads((self.secrets / "console.toml").read_text())["ops"][setting])


@pytest.fixture(scope="module")
def database(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("stack")
    with Postgres(folder / "data") as server:
        secrets = folder / "secrets"
        secrets.mkdir()
        for path in made.iterdir():
            (secrets / path.name).write_text(
                path.read_text().replace("@postgres:5432", f"@127.0.0.1:{server.port}")
            )
        (server.directory / "pg_hba.conf").write_text(ACCESS)
        with psycopg.connect(server.url(), autocommit=True) as superuser:
            superuser.execute("select pg_reload_conf()")
            superuser.execute("create database books")
        stack = Database(server, secrets)
        first = ROOT / "deploy" / "service.sql"
        stack.run("psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--username=postgres", f"--file={first}")
        start(stack)
        yield stack


def start(stack: Database) -> None:
    """What runs before the console, each time the stack is started."""
    given = (line.partition("=") for line in (stack.secrets / "service.env").read_text().splitlines())
    stack.run(
        sys.executable, "-m", "service", *SERVICES["tables"]["command"], **{key: value for key, _, value in given}
    )
    script = str(ROOT / "deploy" / "roles.sh")
    stack.run("sh", script, *SERVICES["roles"]["command"])
    settings = {FILE_VARIABLE: str(stack.secrets / "owner.toml")}
    stack.run(sys.executable, "-m", "dashboard.cli", *SERVICES["migrate"]["command"], **settings)
    stack.run("sh", script, *SERVICES["grants"]["command"])


def test_it_is_set_up_in_this_order() -> None:
    for before, after in pairwise(ORDER):
        assert before in SERVICES[after]["depends_on"]


def test_the_roles_may_what_the_document_says_and_no_more(database: Database) -> None:
    reading, making, granting = statements("Database roles")
    with psycopg.connect(database.server.url("books")) as superuser:
        found = {tuple(row) for row in superuser.execute(GRANTED).fetchall()}
        tables = superuser.execute("select 'ops.' || tablename from pg_tables where schemaname = 'ops'").fetchall()
    assert "grant select, insert on tables to ops_writer" in making
    wanted = {("ops_writer", name, what) for (name,) in tables for what in ("SELECT", "INSERT")}
    wanted |= told("grant", reading) | told("grant", granting)
    assert found == wanted - told("revoke", granting)


def told(verb: str, sql: str) -> set[tuple[str, str, str]]:
    """Whom the statements of this verb name, with table and right."""
    found = re.findall(rf"{verb} ([a-z, ]+) on ([a-z_., ]+) (?:to|from) (\w+);", sql)
    return {
        (role, name if "." in name else f"public.{name}", right.upper())
        for rights, names, role in found
        for right in rights.split(", ")
        for name in names.split(", ")
        if not name.startswith("schema ")
    }


def test_the_console_cannot_change_what_is_recorded_nor_what_it_reads(database: Database) -> None:
    for attempt in FORBIDDEN:
        with (
            psycopg.connect(database.url("store_url")) as writer,
            pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)),
        ):
            writer.execute(attempt.encode())
    with psycopg.connect(database.url("database_url")) as reader:
        assert reader.execute("select count(*) from jobs").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("delete from jobs")


@pytest.mark.parametrize("password", ["change-me-1", "change-me-3", "", "wrong"])
def test_the_passwords_of_the_document_open_nothing(database: Database, password: str) -> None:
    for role in ("bookgen", "ops_reader", "ops_owner", "ops_writer"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(
                host="127.0.0.1", port=database.server.port, dbname="books", user=role, password=password
            )


def test_starting_again_changes_nothing_and_grants_what_is_missing(database: Database) -> None:
    with psycopg.connect(database.server.url("books")) as superuser:
        before = set(superuser.execute(GRANTED).fetchall())
        superuser.execute("revoke select on jobs from ops_reader")
        superuser.execute("revoke update on ops.bulks from ops_writer")
    start(database)
    with psycopg.connect(database.server.url("books")) as superuser:
        assert set(superuser.execute(GRANTED).fetchall()) == before
