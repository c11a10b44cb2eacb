"""The roles of docs/operating.md, made by its own statements: what the console may do with its audit log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from actions import migrations
from actions.audit import Door, performed
from queries.audit_chain import head, lines
from queries.audit_models import Result
from queries.audit_proof import proved
from queries.database import engine
from tests.actions.acts import Act, intent
from tests.actions.conftest import OPERATOR

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"
ROLES = ("ops_reader", "ops_owner", "ops_writer")
COLUMNS = "request_id, phase, actor, role, action, target_kind, target_id, reason"
# What the console's role tries, and what PostgreSQL refuses it.
FORBIDDEN = (
    "update ops.audit_log set reason = 'mine'",
    "delete from ops.audit_log",
    "truncate ops.audit_log",
    "select * from ops.audit_log for update",
    "insert into ops.audit_log (request_id, phase) values ('r-1', 'intent')"
    " on conflict (request_id, phase) do update set reason = 'mine'",
    "merge into ops.audit_log log using (select 1) as one on true when matched then delete",
    "alter table ops.audit_log disable trigger all",
    "alter table ops.audit_log disable trigger append_only",
    "alter table ops.audit_log drop column hash",
    "drop trigger chain on ops.audit_log",
    "drop table ops.audit_log",
    "create rule away as on insert to ops.audit_log do instead nothing",
    "create trigger mine before insert on ops.audit_log for each row execute function ops.refuse_change()",
    "set session_replication_role = replica",
    "update ops.audit_head set position = 0",
    "insert into ops.audit_head (single, position, hash) values (true, 0, '') on conflict do nothing",
    "delete from ops.audit_head",
    "truncate ops.audit_head",
    "select * from ops.audit_head for update",
    "create or replace function ops.audit_hash(entry ops.audit_log) returns text language sql as 'select null'",
    "create function ops.mine() returns int language sql as 'select 1'",
    "create temp table mine (like ops.audit_head);"
    " create trigger head after insert on mine for each row execute function ops.move_audit_head()",
    "create temp table mine (like ops.audit_log);"
    " create trigger chain before insert on mine for each row execute function ops.chain_audit()",
    "set role ops_owner",
)


def statements(section: str) -> list[str]:
    """The blocks of SQL in one section of the document."""
    text = DOCUMENT.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [block for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) if "create index" not in block]


@pytest.fixture
def writer(newer_url: str) -> Iterator[str]:
    """The console's address of a store that was set up as the document says, with one act in its log."""
    reading, making, granting = statements("Database roles")
    as_superuser(newer_url, reading, making)
    migrations.upgrade(newer_url.replace("postgres@", "ops_owner@"))
    with psycopg.connect(newer_url.replace("postgres@", "ops_owner@")) as owner:
        owner.execute(granting.encode())
    url = newer_url.replace("postgres@", "ops_writer@")
    store = engine(url, statement_timeout=timedelta(seconds=5))
    assert performed(Door(store), OPERATOR, intent(), Act()).result is Result.DONE
    store.dispose()
    yield url
    as_superuser(newer_url, *(f"drop owned by {role} cascade; drop role {role}" for role in ROLES))


def as_superuser(url: str, *told: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in told:
            connection.execute(statement.encode())


def test_what_is_recorded_cannot_be_changed_by_the_console(writer: str) -> None:
    """One database for all: making its roles takes longer than the tries."""
    for attempt in FORBIDDEN:
        with (
            psycopg.connect(writer) as connection,
            pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)),
        ):
            connection.execute(attempt.encode())
            pytest.fail(f"may do this: {attempt}")
    with psycopg.connect(writer) as connection:
        connection.execute(
            f"insert into ops.audit_log ({COLUMNS}, position, previous, hash)"  # noqa: S608
            " values ('forged', 'intent', '', '', '', '', '', '', 90, repeat('f', 64), repeat('f', 64))"
        )
        # Names that hide those which the triggers mean.
        connection.execute("create temp table audit_head as select 7 as position, 'f' as hash")
        connection.execute("create function pg_temp.sha256(bytea) returns bytea language sql as $$ select $1 $$")
        connection.execute("set search_path = pg_temp, ops, pg_catalog")
        connection.execute(
            f"insert into ops.audit_log ({COLUMNS}) values ('hidden', 'intent', '', '', '', '', '', '')"  # noqa: S608
        )
    store = engine(writer, statement_timeout=timedelta(seconds=5))
    with store.begin() as reader:
        found = proved(lines(reader), head(reader))
    store.dispose()
    assert (found.lines, found.broken) == (4, None)
