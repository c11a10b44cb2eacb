"""Limits of the real service, turned by two admins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from actions import guardrail_proposals, guardrails
from actions.answers import Guardrail
from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.permissions import Actor, Role
from queries import guardrail_proposals as proposals
from queries.database import engine
from queries.guardrail_proposals import Proposal
from tests import databases
from tests.actions.stack import Stack
from tests.service_process import ADMIN_KEY, ServiceProcesses

ADA, MIA = Actor("ada@example.com", Role.ADMIN), Actor("mia@example.com", Role.ADMIN)
DAILY, PENDING, USD = "daily_job_limit_per_user", "max_pending_jobs", "daily_cost_limit_usd"

_numbers = count(1)


@contextmanager
def running(url: str, directory: Path) -> Iterator[Stack]:
    """The api over a fresh, migrated store, without workers or monitor."""
    databases.create_newer(url)
    store = engine(url, statement_timeout=timedelta(seconds=5), pool_size=8)
    with (
        ServiceProcesses(url, directory, workers=0, monitor=False) as processes,
        ServiceClient(processes.url, ADMIN_KEY, deadline=timedelta(seconds=20)) as client,
    ):
        yield Stack(url, store, processes, client)
    store.dispose()


def reset(stack: Stack) -> None:
    """Every limit as it was in the beginning, without a past and without proposals."""
    with psycopg.connect(stack.url) as connection:
        for name, value in ((DAILY, 20), (PENDING, 100), (USD, 500)):
            connection.execute(
                "update guardrails set value = %s, temporary_value = null, expires_at = null where name = %s",
                [value, name],
            )
        connection.execute("delete from guardrail_history")
        connection.execute("delete from ops.guardrail_proposals")


def new_id() -> str:
    return f"g-{next(_numbers)}"


def current(stack: Stack, limit: str = DAILY) -> Guardrail:
    return stack.client.guardrails().limits[limit]


def change(
    stack: Stack,
    value: Decimal | int,
    *,
    actor: Actor = ADA,
    limit: str = DAILY,
    expires_at: datetime | None = None,
    reason: str = "launch day",
    request_id: str | None = None,
    client: ServiceClient | None = None,
    **changes: Any,
) -> Outcome:
    """As a page does it, on the state that it reads before."""
    shown = stack.client.guardrails()
    told: dict[str, Any] = {"stake_usd": None, "approval_usd": None, "before": shown.limits.get(limit)}
    told = told | {"etag": shown.etag} | changes
    return guardrails.change(
        stack.door, client or stack.client, actor, limit=limit, value=Decimal(value), expires_at=expires_at,
        reason=reason, request_id=request_id or new_id(), **told,
    )  # fmt: skip


def changes(stack: Stack, limit: str = DAILY) -> list[tuple[int, int]]:
    """From what to what the service turned the limit, oldest first."""
    rows = stack.rows("select old_value, new_value from guardrail_history where name = %s order by at, id", limit)
    return [(int(row["old_value"]), int(row["new_value"])) for row in rows]


def log(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    """What the audit log has of one request: the intent, the outcome."""
    return stack.rows("select * from ops.audit_log where request_id = %s order by id", request_id)


def propose(door: Door, actor: Actor = ADA, **changes: Any) -> Proposal:
    """Ada wants more; the proposal as a page reads it afterwards."""
    wanted: dict[str, Any] = {"guardrail": DAILY, "before": Decimal(20), "value": Decimal(40), "lasts": None}
    wanted = wanted | {"reason": "launch day", "stake_usd": Decimal("812.50"), "request_id": new_id()} | changes
    identity = guardrail_proposals.propose(door, actor, **wanted)
    return read(door, identity, wanted["guardrail"])


def read(door: Door, identity: str, guardrail: str = DAILY) -> Proposal:
    assert door.store is not None
    with door.store.connect() as connection:
        return next(one for one in proposals.of_guardrail(connection, guardrail) if one.id == identity)


def waiting(stack: Stack) -> tuple[Proposal, ...]:
    with stack.store.connect() as connection:
        return proposals.waiting(connection)


def approve(
    stack: Stack, proposal: Proposal, actor: Actor = MIA, *, client: ServiceClient | None = None, **changes: Any
) -> Outcome:
    shown = stack.client.guardrails()
    told: dict[str, Any] = {"etag": shown.etag, "current": shown.limits[DAILY], "request_id": new_id()}
    return guardrail_proposals.approve(
        stack.door, client or stack.client, actor, proposal, reason="looks right", **told | changes
    )


def decline(stack: Stack, proposal: Proposal, actor: Actor = MIA) -> Outcome:
    return guardrail_proposals.decline(stack.door, actor, proposal, reason="too much", request_id=new_id())
