"""The timeline of a job (job_events)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json


def record(
    connection: Connection[Any],
    job_id: str,
    attempt: int,
    event: str,
    at: datetime | None = None,
    /,
    *,
    actor: str,
    **detail: object,
) -> None:
    """Append one event; without at, by the database's clock."""
    connection.execute(
        "insert into job_events (job_id, attempt, at, event, detail, actor)"
        " values (%s, %s, coalesce(%s, clock_timestamp()), %s, %s, %s)",
        [job_id, attempt, at, event, Json(detail), actor],
    )
