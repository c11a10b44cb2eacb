"""Instants at the ends of the calendar and numbers at the ends of their range, in rows and in metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard import navigation
from tests.dashboard.conftest import Configure
from tests.fuzz import shown
from tests.fuzz.hostile_rows import JOB
from tests.fuzz.test_prometheus_answers import running
from tests.pages.guardrail_screen import ADMIN
from tests.pages.screen import opened
from tests.queries.conftest import run

PAGES = [entry.name for entries in navigation.CONTENTS.values() for entry in entries]
ZONES = ("Pacific/Kiritimati", "Etc/GMT+12")
INSTANTS = ("0001-01-01", "9999-12-31 23:59:59.999999", "-infinity", "294276-12-31")
JOBS = """
insert into jobs (id, status, progress, retry_count, current_step, error_code, user_key, created_at, updated_at)
values ('{job}', 'failed', 2147483647, -2147483648, 'x', 'X', 'k1', '{at}', '{at}'),
       ('{job}-2', 'running', -1, 2147483647, 'x', 'X', 'k1', '{at}', now()),
       ('{job}-3', 'queued', 0, 0, 'x', 'X', 'k2', now(), '{at}'),
       ('{job}-4', 'done', 0, 0, 'x', 'X', 'k2', now(), now())
"""
CALLS = """
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
values ('a', now(), '{job}', 2147483647, 'k1', 'p', 'llm', 'm', 's', 'failed', 1e30, 999999999.999999999),
       ('b', now(), '{job}', -2147483648, 'k1', 'p', 'llm', 'm', 's', 'failed', 'NaN', -999999999.999999999),
       ('c', now(), '{job}-4', 1, 'k2', 'p', 'llm', 'm', 's', 'succeeded', 'Infinity', null)
"""
NUMBERS = ("NaN", "1e308", "-1e308", "1e11", "-1e11")


@pytest.fixture
def extreme(newer: str) -> Callable[[str], str]:
    def filled(at: str) -> str:
        run(
            newer,
            "delete from jobs",
            "delete from cost_events",
            JOBS.format(job=JOB, at=at),
            CALLS.format(job=JOB),
        )
        return newer

    return filled


@pytest.mark.parametrize("at", INSTANTS)
def test_instants_and_amounts_in_rows(extreme: Callable[[str], str], configure: Configure, at: str) -> None:
    """Shown, or told as what cannot be read: no page ends in an exception."""
    url = extreme(at)
    for place, page in enumerate(PAGES):
        configure(database_url=url, timezone=ZONES[place % 2], service_timezone=ZONES[place % 2])
        shown.safe(opened(page, person=ADMIN, **({"job": JOB} if page == "job" else {})))


def numbers(handler: BaseHTTPRequestHandler, value: str) -> bytes:
    """One line with this value at every point that is asked for."""
    asked = parse_qs(urlsplit(handler.path).query)
    labels = {"provider": "p", "status": "failed", "limit": "max_pending_jobs", "state": "open", "kind": "llm"}
    if "start" in asked:
        start, end, step = (float(asked[name][0].rstrip("s")) for name in ("start", "end", "step"))
        points = [[start + place * step, value] for place in range(int((end - start) // step) + 1)]
        result: list[dict[str, Any]] = [{"metric": labels, "values": points}]
    else:
        result = [{"metric": labels, "value": [1.7e9, value]}]
    return json.dumps({"status": "success", "data": {"result": result, "groups": []}}).encode()


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers_in_metrics(newer: str, configure: Configure, value: str) -> None:
    with running() as server:
        server.answer = lambda handler: numbers(handler, value)
        configure(prometheus_url=f"http://127.0.0.1:{server.server_address[1]}")
        for page in PAGES:
            shown.safe(opened(page, person=ADMIN))
