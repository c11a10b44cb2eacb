"""Changes of limits that did not come through this console: each becomes an act in the audit log, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from actions import audit_trail
from actions.answers import SERVICE, GuardrailChange
from actions.client import HISTORY_LIMIT, ServiceClient
from actions.errors import NotOffered
from actions.store import jsonable, writing
from queries.audit_models import Phase, Result
from queries.jobs import any_of
from queries.ops_store import AUDIT_LOG

EXPIRED, OBSERVED = "guardrail.expired", "guardrail.observed"
# A new console's log begins with what happened lately, not with all that a service ever did.
FIRST_LOOK = timedelta(hours=24)


def record(store: sa.Engine, client: ServiceClient) -> int:
    """Look into the service's history of limits; answers how many changes were recorded just now.

    Looked at are the newest HISTORY_LIMIT since the audit log's first line, in an empty log those of FIRST_LOOK.
    0 also where the service offers no history. Harmless when it runs twice, also at once.
    Raises NotRecorded, ServiceError.
    """
    with writing(store) as connection:
        since = _since(connection)
    try:
        # Read before the log: whoever changes a limit through the door is in the log first.
        history = client.guardrail_history(HISTORY_LIMIT, since)
    except NotOffered:
        return 0
    # In one order, so that two consoles wait for each other instead of blocking each other.
    changes = sorted((change for change in history if change.at >= since), key=lambda one: (one.at, one.id))
    with writing(store) as connection:
        added = _recorded(connection, changes)
    audit_trail.tell(added)
    return sum(row["phase"] == Phase.INTENT for row in added)


def _since(connection: Connection) -> datetime:
    started = sa.func.coalesce(sa.func.min(AUDIT_LOG.c.at), sa.func.clock_timestamp() - FIRST_LOOK)
    since: datetime = connection.execute(sa.select(started)).scalar_one()
    return since


def _recorded(connection: Connection, changes: Sequence[GuardrailChange]) -> Sequence[audit_trail.Row]:
    """The rows of those that were not in the log yet."""
    names = {name for change in changes for name in (_request_id(change), change.request_id) if name}
    known = set(
        connection.execute(
            sa.select(AUDIT_LOG.c.request_id).where(AUDIT_LOG.c.request_id == any_of(sorted(names)))
        ).scalars()
    )
    new = [change for change in changes if known.isdisjoint({_request_id(change), change.request_id})]
    if not new:
        return ()
    rows = [row for change in new for row in _rows(change)]
    return audit_trail.added(connection, insert(AUDIT_LOG).on_conflict_do_nothing(), rows)


def _request_id(change: GuardrailChange) -> str:
    return f"guardrail-{change.id}"


def _rows(change: GuardrailChange) -> Iterator[dict[str, object]]:
    """An intent and its outcome, as the door would have written them."""
    told = {
        "request_id": _request_id(change),
        "actor": change.actor or SERVICE,
        "role": SERVICE,
        "action": EXPIRED if change.ran_out else OBSERVED,
        "target_kind": "guardrail",
        "target_id": change.limit,
        "reason": change.reason,
        "parameters": jsonable({"at": change.at, "request_id": change.request_id}),
        "before": jsonable({"value": change.old}),
    }
    after = jsonable({"value": change.new, "expires_at": change.expires_at})
    yield told | {"phase": Phase.INTENT, "after": None, "result": None, "message": None}
    yield told | {"phase": Phase.OUTCOME, "after": after, "result": Result.DONE, "message": _message(change)}


def _message(change: GuardrailChange) -> str:
    if change.ran_out:
        return f"{change.limit} is {change.new:f} again: its temporary value, {change.old:f}, ran out."
    return f"{change.limit} was changed from {change.old:f} to {change.new:f}, not through this console."
