"""Writing into the console's own tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from psycopg.errors import UniqueViolation

from actions.errors import AlreadyPerformed, NotRecorded
from queries.database import translated
from queries.errors import DatabaseError
from queries.ops_store import SETTING


@contextmanager
def writing(store: sa.Engine | None) -> Iterator[sa.Connection]:
    """One committed transaction. Raises AlreadyPerformed on a repeated request id, else NotRecorded."""
    if store is None:
        raise NotRecorded(detail=f"no store is configured: set {SETTING}")
    try:
        with translated(SETTING), store.begin() as connection:
            yield connection
    except DatabaseError as error:
        if isinstance(getattr(error.__cause__, "orig", None), UniqueViolation):
            raise AlreadyPerformed from error
        raise NotRecorded(detail=error.fields.get("detail") or str(error)) from error
