"""The timeline of a job (job_events)."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.types.json import Json


def record(
    connection: Connection[Any], job_id: str, attempt: int, event: str, *, actor: str, **detail: object
) -> None:
    """Append one event, at the database's clock."""
    connection.execute(
        "insert into job_events (job_id, attempt, at, event, detail, actor)"
        " values (%s, %s, clock_timestamp(), %s, %s, %s)",
        [job_id, attempt, event, Json(detail), actor],
    )
