"""The emergency switch: whether new jobs are taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json


@dataclass(frozen=True, slots=True)
class Intake:
    """Who opened or closed it, when and why; nobody has while changed_at is None."""

    accepting: bool = True
    reason: str = ""
    changed_by: str | None = None
    changed_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        at = None if self.changed_at is None else self.changed_at.astimezone(UTC).isoformat()
        return {
            "accepting": self.accepting,
            "reason": self.reason,
            "changed_by": self.changed_by,
            "changed_at": at,
        }


def read(connection: Connection[dict[str, Any]]) -> Intake:
    row = connection.execute("select value, at from state where name = 'intake'").fetchone()
    return Intake() if row is None else Intake(**row["value"], changed_at=row["at"])


def switch(connection: Connection[dict[str, Any]], *, accepting: bool, actor: str, reason: str) -> Intake:
    """Open or close the intake for every process at once."""
    value = Json({"accepting": accepting, "reason": reason, "changed_by": actor})
    connection.execute(
        "insert into state (name, value, at) values ('intake', %s, clock_timestamp())"
        " on conflict (name) do update set value = excluded.value, at = excluded.at",
        [value],
    )
    return read(connection)
