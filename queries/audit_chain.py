"""The chain of the audit log: read in order, and computed again past the database's own functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.audit_log import entries, entry
from queries.audit_models import AuditEntry, AuditHead
from queries.database_errors import translated
from queries.ops_store import AUDIT_HEAD, AUDIT_LOG, SETTING

# What is held in memory at once, of lines of a kilobyte or two.
BATCH = 1_000
START = AuditHead(0, "0" * 64)


def head(connection: Connection) -> AuditHead | None:
    """Where the database says that the chain ends; None where somebody took that away.

    Raises MissingMigration, DatabaseError.
    """
    with translated(SETTING):
        row = connection.execute(sa.select(AUDIT_HEAD.c.position, AUDIT_HEAD.c.hash)).one_or_none()
    return None if row is None else AuditHead(row.position, row.hash)


def lines(connection: Connection) -> Iterator[AuditEntry]:
    """Every line in the order of the chain, BATCH at a time; the connection must be in a transaction.

    Raises MissingMigration, DatabaseError.
    """
    question = entries().order_by(AUDIT_LOG.c.position, AUDIT_LOG.c.id)
    with translated(SETTING), connection.execute(question, execution_options={"yield_per": BATCH}) as found:
        yield from map(entry, found)


def counterpart(connection: Connection, line: AuditEntry) -> AuditEntry | None:
    """The outcome of an intent, the intent of an outcome. Raises MissingMigration, DatabaseError."""
    log = AUDIT_LOG.c
    question = entries().where(log.request_id == line.request_id, log.id != line.id).limit(1)
    with translated(SETTING):
        row = connection.execute(question).one_or_none()
    return None if row is None else entry(row)


def hashed(line: AuditEntry) -> str:
    """The SHA-256 that the line must carry, in hexadecimal."""
    return sha256(canonical(line).encode()).hexdigest()


def canonical(line: AuditEntry) -> str:
    """The line as the one text that is hashed: each field as length in characters, colon, text, comma.

    A field that is null is a hyphen. Instants are in UTC with microseconds, documents as PostgreSQL writes them.
    """
    fields = (
        *(str(line.position), line.previous, str(line.id), _instant(line.at), line.request_id, line.phase),
        *(line.actor, line.role, line.action, line.target_kind, line.target_id, line.reason, line.batch_id),
        *(line.parameters, line.before, line.after, line.result, line.message),
    )
    return "".join("-," if field is None else f"{len(field)}:{field}," for field in fields)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
