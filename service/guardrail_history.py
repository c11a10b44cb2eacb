"""What the limits were, since when, and who decided it: guardrail_history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection

MOST_CHANGES = 1000


@dataclass(frozen=True, slots=True)
class Decision:
    """When, until when, by whom and why limits are changed; expires_at is None for good."""

    at: datetime
    expires_at: datetime | None
    actor: str
    reason: str
    request_id: str | None


def remember(connection: Connection[Any], decision: Decision, *, name: str, old: Decimal, new: Decimal) -> None:
    """Write one limit's change down."""
    connection.execute(
        "insert into guardrail_history (at, name, old_value, new_value, expires_at, actor, reason, request_id)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            decision.at,
            name,
            old,
            new,
            decision.expires_at,
            decision.actor,
            decision.reason,
            decision.request_id,
        ],
    )


def settle_expired(connection: Connection[Any], now: datetime | None = None) -> None:
    """Write run-out temporary values into the history. They ceased to hold at expires_at, whenever this runs.

    Rows are locked by name, as a change locks them, so that the two never wait for each other.
    """
    connection.execute(
        "with expired as (select name, value, temporary_value, expires_at from guardrails"
        "   where expires_at <= coalesce(%s, clock_timestamp()) order by name for update),"
        " cleared as (update guardrails g set temporary_value = null, expires_at = null"
        "   from expired e where g.name = e.name)"
        " insert into guardrail_history (at, name, old_value, new_value, actor, reason)"
        " select expires_at, name, temporary_value, value, 'service', 'the temporary value expired' from expired"
        " order by expires_at, name",
        [now],
    )


def recent(
    connection: Connection[dict[str, Any]], *, limit: int, since: datetime | None = None
) -> list[dict[str, Any]]:
    """The body's changes of GET /v1/admin/guardrails/history: the newest first, from since on.

    Settles first, so that a value that ran out a moment ago is among them.
    """
    settle_expired(connection)
    rows = connection.execute(
        "select * from guardrail_history where at >= coalesce(%s::timestamptz, '-infinity')"
        " order by at desc, id desc limit %s",
        [since, limit],
    ).fetchall()
    return [_as_json(row) for row in rows]


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "at": _instant(row["at"]),
        "limit": row["name"],
        "from": number(row["old_value"]),
        "to": number(row["new_value"]),
        "expires_at": None if row["expires_at"] is None else _instant(row["expires_at"]),
        "actor": row["actor"],
        "reason": row["reason"],
        "request_id": row["request_id"],
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def number(value: Decimal) -> int | float:
    """As JSON tells it: jobs are whole, USD need not be."""
    whole = int(value)
    return whole if whole == value else float(value)
