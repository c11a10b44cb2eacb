"""Lines of an audit log that no database holds, chained as the database chains them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from queries.audit_chain import START, hashed
from queries.audit_models import AuditEntry, AuditHead, Phase


def line(number: int = 1, **changes: Any) -> AuditEntry:
    """One that stands in no chain yet."""
    fields: dict[str, Any] = {
        "id": number,
        "at": datetime(2026, 11, 24, 2, 14, 3, 5, tzinfo=UTC),
        "request_id": f"r-{number}",
        "phase": Phase.INTENT,
        "actor": "olga@example.com",
        "role": "operator",
        "action": "job.retry",
        "target_kind": "job",
        "target_id": f"job_{number}",
        "reason": "provider is back",
        "batch_id": None,
        "parameters": '{"from": "start"}',
        "before": '{"status": "failed"}',
        "after": None,
        "result": None,
        "message": None,
        "position": 0,
        "previous": "",
        "hash": "",
    }
    return AuditEntry(**fields | changes)


def chained(lines: Sequence[AuditEntry]) -> list[AuditEntry]:
    """The lines in this order, each with its position and hashes."""
    last, whole = START, []
    for one in lines:
        placed = replace(one, position=last.position + 1, previous=last.hash)
        whole.append(replace(placed, hash=hashed(placed)))
        last = head(whole)
    return whole


def head(lines: Sequence[AuditEntry]) -> AuditHead:
    """Where they end."""
    return AuditHead(lines[-1].position, lines[-1].hash) if lines else START
