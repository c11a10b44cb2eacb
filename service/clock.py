"""The database's clock: all processes of the service go by it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection


def now(connection: Connection[dict[str, Any]]) -> datetime:
    """This instant, not the transaction's start: a lock may have been waited for since."""
    row = connection.execute("select clock_timestamp() as now").fetchone()
    if row is None:
        raise LookupError("the clock gave no row")
    instant: datetime = row["now"]
    return instant
