"""Writing into the console's own tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from psycopg.errors import InsufficientPrivilege, UniqueViolation
from sqlalchemy.dialects.postgresql import JSONB

from actions.errors import AlreadyPerformed, NotKept, NotRecorded
from queries.database import translated
from queries.errors import DatabaseError
from queries.ops_store import SETTING


@contextmanager
def writing(store: sa.Engine | None) -> Iterator[sa.Connection]:
    """One committed transaction. Raises AlreadyPerformed on a repeated request id, else NotRecorded."""
    with _recording(store) as engine, engine.begin() as connection:
        yield connection


@contextmanager
def writing_at_once(store: sa.Engine | None) -> Iterator[sa.Connection]:
    """Each statement commits itself: a process that is frozen after it holds no lock. Raises as writing()."""
    with _recording(store) as engine, engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _recording(store: sa.Engine | None) -> Iterator[sa.Engine]:
    if store is None:
        raise NotRecorded(detail=f"no store is configured: set {SETTING}")
    try:
        with translated(SETTING):
            yield store
    except DatabaseError as error:
        if isinstance(getattr(error.__cause__, "orig", None), UniqueViolation):
            raise AlreadyPerformed from error
        raise NotRecorded(detail=error.fields.get("detail") or str(error)) from error


@contextmanager
def keeping(store: sa.Engine) -> Iterator[sa.Connection]:
    """One committed transaction of what goes on by itself. Raises NotKept without the rights, DatabaseError."""
    with translated(SETTING):
        try:
            with store.begin() as connection:
                yield connection
        except (sa.exc.DBAPIError, InsufficientPrivilege) as error:
            refusal = getattr(error, "orig", error)
            if not isinstance(refusal, InsufficientPrivilege):
                raise
            raise NotKept(detail=refusal.diag.message_primary, setting=SETTING) from error


def recordset(
    rows: Sequence[Mapping[str, object]], columns: Sequence[sa.ColumnClause[Any]]
) -> sa.TableValuedAlias:
    """The rows as a table of these columns, in one bind: much faster than an array a column."""
    document = sa.bindparam(None, jsonable(rows), type_=JSONB)
    typed = (sa.column(column.name, column.type) for column in columns)
    return sa.func.jsonb_to_recordset(document).table_valued(*typed, name="new").render_derived(with_types=True)


def jsonable(value: object) -> Any:
    """As JSON can hold it: amounts and instants as text."""
    return json.loads(json.dumps(value, default=str))
