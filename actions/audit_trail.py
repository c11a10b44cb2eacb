"""Rows of the audit log, each also one line of the structured log: an anchor outside the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import Insert

from actions.store import writing_at_once
from queries.ops_store import AUDIT_LOG

log = structlog.get_logger(__name__)

Row: TypeAlias = Mapping[str, Any]


def record(store: sa.Engine | None, *rows: Row) -> None:
    """Add the rows in one statement, which commits itself: writers queue for the end of the chain.

    Raises AlreadyPerformed on a repeated request id, else NotRecorded.
    """
    with writing_at_once(store) as connection:
        recorded = added(connection, sa.insert(AUDIT_LOG), rows)
    tell(recorded)


def added(connection: sa.Connection, statement: sa.Insert | Insert, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows that the statement added, as the database has them now: with id, at, position and hashes."""
    columns = sorted({name for row in rows for name in row})
    even = [{name: row.get(name) for name in columns} for row in rows]
    return [row._asdict() for row in connection.execute(statement.returning(*AUDIT_LOG.c), even)]


def tell(rows: Sequence[Row]) -> None:
    """Write committed rows into the structured log, in the order of the chain."""
    for row in sorted(rows, key=lambda one: int(one["position"])):
        log.info("audit", **{name: _plain(value) for name, value in row.items() if value is not None})


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
