"""The Guardrails page as an admin uses it, and what happens to the limits past it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from streamlit.testing.v1 import AppTest

from actions import guardrail_proposals
from actions.answers import Guardrail
from actions.client import Request
from actions.permissions import Actor, Role
from dashboard import connections
from tests.pages.screen import (
    opened,
    press,
    run,
)
from tests.queries.conftest import run as run_sql
from tests.service_process import ServiceProcesses

ADMIN = "Ada Mensah"
SECOND = Actor("Mia Sand", Role.ADMIN)
DAILY, OPEN = "daily_job_limit_per_user", "max_pending_jobs"
REASON = "School event"


def jobs(service: ServiceProcesses, *made: int, days_ago: int = 1) -> None:
    """So many finished jobs of each user on an earlier day of the service."""
    day = f"date_trunc('day', now() at time zone 'utc') - interval '{days_ago} days'"
    for user, number in enumerate(made):
        run_sql(
            service.database_url,
            "insert into jobs (id, status, user_key, created_at, updated_at)"  # noqa: S608
            f" select 'job_{days_ago}_{user}_' || n, 'done', 'key-{user}', {day} + n * interval '1 minute',"
            f" {day} + n * interval '2 minutes' from generate_series(1, {number}) n",
        )


def editor(limit: str = DAILY, value: str = "15", *, person: str = ADMIN) -> AppTest:
    return opened("guardrails", person=person, limit=limit, value=value)


def pressed(at: AppTest, label: str, reason: str = REASON) -> AppTest:
    at.text_area(key="guardrail-reason").set_value(reason)
    return press(at, label)


def limits() -> dict[str, Guardrail]:
    return dict(connections.service().guardrails().limits)


def meanwhile(limit: str, value: int, reason: str = "night") -> None:
    """Somebody else changes a limit, past this console."""
    client = connections.service()
    client.change_guardrails(
        {limit: Decimal(value)},
        reason=reason,
        expires_at=None,
        etag=client.guardrails().etag,
        request=Request(SECOND.name, str(uuid4())),
    )


def acts(service: ServiceProcesses) -> list[tuple[Any, ...]]:
    """What the audit log holds of the newest act."""
    with psycopg.connect(service.database_url) as connection:
        return connection.execute(
            "select action, phase, result, actor, target_id, reason from ops.audit_log where request_id ="
            " (select request_id from ops.audit_log order by id desc limit 1) order by id"
        ).fetchall()


def ordered(service: ServiceProcesses, user: str) -> httpx.Response:
    url, headers = f"{service.url}/v1/books", {"X-User-Key": user}
    return httpx.post(url, json={"title": "Fox"}, headers=headers, trust_env=False)


def press_first(at: AppTest, label: str) -> AppTest:
    next(one for one in at.button if one.label == label).click()
    return run(at)


def propose() -> None:
    guardrail_proposals.propose(
        connections.door(),
        SECOND,
        guardrail=DAILY,
        before=Decimal(20),
        value=Decimal(15),
        lasts=None,
        reason="too many books",
        stake_usd=Decimal(50),
        request_id=str(uuid4()),
    )
