"""Acts without an outcome, as the audit log answers with them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from queries.audit_models import AuditAct


def act(action: str, kind: str, **changes: Any) -> AuditAct:
    """One that was begun long ago."""
    fields: dict[str, Any] = dict.fromkeys(AuditAct.__dataclass_fields__)
    known = {"id": 1, "at": datetime(2026, 11, 23, tzinfo=UTC), "request_id": "r-1", "actor": "Ada Mensah"}
    told = {"action": action, "target_kind": kind, "target_id": "t-1", "under_way": False}
    return AuditAct(**fields | known | told | changes)
