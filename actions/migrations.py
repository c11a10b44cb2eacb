"""The console's own schema "ops": brought to a revision, and asked for the one it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from actions.errors import AuditLogLost, NoSuchRevision
from queries.database import engine, translated
from queries.errors import UnknownMigration
from queries.ops_store import AUDIT_LOG, SETTING

SCHEMA = "ops"
# The revision before the first one.
BASE = "base"
# An index over a long audit log takes a while, and so does waiting for another console's migration.
STATEMENT_TIMEOUT = timedelta(minutes=10)
_FOLDER = Path(__file__).parent.parent / "migrations"
# "bookgen-ops" as a number: every console that migrates the same database waits for this one lock.
ADVISORY_LOCK = 0x626F6F6B6F7073


def head() -> str:
    """The newest revision this console knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError(f"no migration in {_FOLDER}")
    return revision


def current(store_url: str) -> str | None:
    """The revision the store has; None where it was never migrated. Raises DatabaseError."""
    with _connected(store_url) as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
    return context.get_current_revision()


def known() -> tuple[str, ...]:
    """BASE and every revision that this console knows, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return (BASE, *reversed([script.revision for script in scripts]))


def upgrade(store_url: str) -> str:
    """Bring the store to head(), creating the schema, also when two do so at once; answers the revision.

    Raises UnknownMigration where a newer console was here, DatabaseError.
    """
    return bring(store_url, head())


def bring(store_url: str, revision: str, *, losing_audit_log: bool = False) -> str:
    """Bring the store up or back to a revision (BASE: to none). What later revisions hold is lost on the way back.

    Raises NoSuchRevision, UnknownMigration, DatabaseError; AuditLogLost where nobody said that this may be.
    """
    steps = known()
    if revision not in steps:
        raise NoSuchRevision(revision=revision, known=", ".join(steps[1:]))
    with _exclusively(store_url) as connection:
        found = _revision(connection) or BASE
        if found not in steps:
            raise UnknownMigration(found=found, newest=steps[-1])
        if steps.index(revision) >= steps.index(found):
            _up(connection, revision)
        else:
            _back(connection, revision, losing_audit_log=losing_audit_log)
    return revision


def _up(connection: sa.Connection, revision: str) -> None:
    if not sa.inspect(connection).has_schema(SCHEMA):
        connection.execute(sa.schema.CreateSchema(SCHEMA))
    if revision != BASE:
        command.upgrade(_config(connection), revision)


def _back(connection: sa.Connection, revision: str, *, losing_audit_log: bool) -> None:
    if revision == BASE and not losing_audit_log:
        rows = connection.execute(sa.select(sa.func.count()).select_from(AUDIT_LOG)).scalar_one()
        if rows:
            raise AuditLogLost(revision=revision, rows=rows)
    command.downgrade(_config(connection), revision)


@contextmanager
def _exclusively(store_url: str) -> Iterator[sa.Connection]:
    """One transaction, and the only one that migrates this database."""
    with _connected(store_url) as connection, connection.begin():
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        yield connection


@contextmanager
def _connected(store_url: str) -> Iterator[sa.Connection]:
    with translated(SETTING):
        store = engine(store_url, statement_timeout=STATEMENT_TIMEOUT, pool_size=1)
        try:
            with store.connect() as connection:
                yield connection
        finally:
            store.dispose()


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
