"""Changes that did not come through the console: each is in the audit log once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from actions import observed
from actions.client import Request, ServiceClient
from actions.errors import MalformedAnswer, NotRecorded, ServiceUnavailable
from queries import audit_log
from queries.audit_models import AuditFilter, Result
from tests.actions.acts import LOG
from tests.actions.bulk_rows import until
from tests.actions.conftest import Rows
from tests.actions.limits import DAILY, change, log, reset, running
from tests.actions.odd_service import OddService, refusal, status
from tests.actions.stack import Stack


@pytest.fixture(scope="module")
def opened(
    new_database: Callable[[str], str], store_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    with running(new_database(store_template), tmp_path_factory.mktemp("service")) as stack:
        yield stack


@pytest.fixture
def stack(opened: Stack) -> Stack:
    reset(opened)
    return opened


def past_the_console(stack: Stack, value: int, request_id: str) -> None:
    stack.client.change_guardrails(
        {DAILY: Decimal(value)}, reason="by hand", expires_at=None,
        etag=stack.client.guardrails().etag, request=Request("root@example.com", request_id),
    )  # fmt: skip


def twice_at_once(stack: Stack) -> int:
    """How many both recorded together."""
    start = Barrier(2)

    def record() -> int:
        start.wait(10)
        return observed.record(stack.store, stack.client)

    with ThreadPoolExecutor(2) as both:
        return sum(one.result() for one in [both.submit(record), both.submit(record)])


def test_a_change_past_the_console_is_recorded_once(stack: Stack) -> None:
    past_the_console(stack, 30, "curl-1")
    assert observed.record(stack.store, stack.client) == 1
    assert observed.record(stack.store, stack.client) == 0
    (told,) = stack.client.guardrail_history()
    with stack.store.connect() as connection:
        act = audit_log.of_requests(connection, [f"guardrail-{told.id}"])[f"guardrail-{told.id}"]
    assert (act.actor, act.role, act.action) == ("root@example.com", "service", "guardrail.observed")
    assert (act.target_kind, act.target_id, act.reason) == ("guardrail", DAILY, "by hand")
    assert (act.result, act.before) == (Result.DONE, '{"value": "20"}')
    assert act.message == f"{DAILY} was changed from 20 to 30, not through this console."
    intent, outcome = log(stack, f"guardrail-{told.id}")
    assert intent["parameters"] == {"at": str(told.at), "request_id": "curl-1"}
    assert outcome["after"] == {"value": "30", "expires_at": None}


def test_a_change_through_the_door_is_in_the_log_already(stack: Stack) -> None:
    change(stack, 40, request_id="through-the-door")
    assert observed.record(stack.store, stack.client) == 0
    assert len(log(stack, "through-the-door")) == 2


def test_a_value_that_ran_out_is_recorded_once_also_by_two_at_once(stack: Stack) -> None:
    end = datetime.now(UTC) + timedelta(seconds=1.5)
    assert change(stack, 40, expires_at=end, request_id="for-a-moment").result is Result.DONE
    assert observed.record(stack.store, stack.client) == 0
    until(lambda: stack.client.guardrail_history()[0].ran_out)
    assert twice_at_once(stack) == 1
    told = stack.client.guardrail_history()[0]
    intent, outcome = log(stack, f"guardrail-{told.id}")
    assert (intent["actor"], intent["role"], intent["action"]) == ("service", "service", "guardrail.expired")
    assert intent["parameters"] == {"at": str(end), "request_id": None}
    assert (intent["before"], outcome["after"]["value"]) == ({"value": "40"}, "20")
    assert outcome["message"] == f"{DAILY} is 20 again: its temporary value, 40, ran out."
    assert twice_at_once(stack) == 0


def test_many_at_once_are_in_the_log_once_and_in_their_order(stack: Stack) -> None:
    for value in range(21, 61):
        past_the_console(stack, value, f"many-{value}")
    assert twice_at_once(stack) == 40
    rows = stack.rows(
        "select phase, after ->> 'value' as value from ops.audit_log"
        " where parameters ->> 'request_id' like 'many-%%' order by id"
    )
    assert [row["phase"] for row in rows] == ["intent", "outcome"] * 40
    assert [row["value"] for row in rows[1::2]] == [str(value) for value in range(21, 61)]


# ---------------------------------------------------------------- how far back, and odd services


def told(number: int, ago: timedelta, **changes: Any) -> dict[str, Any]:
    at = (datetime.now(UTC) - ago).isoformat()
    entry = {"id": number, "at": at, "limit": "jobs", "from": 1, "to": 2, "actor": "x", "reason": "r"}
    return entry | changes


def test_an_empty_log_begins_with_the_last_day(
    service: OddService, client: ServiceClient, store: sa.Engine, rows: Rows
) -> None:
    # As a service that does not know since.
    service.answer(status(200, {"changes": [told(n, timedelta(hours=n)) for n in (1, 23, 25, 1000)]}))
    assert observed.record(store, client) == 2
    assert [row["request_id"] for row in rows(LOG)][::2] == ["guardrail-23", "guardrail-1"]
    assert "limit=1000&since=" in service.seen[0].path
    assert observed.record(store, client) == 0


def test_after_that_nothing_is_too_old_that_came_after_the_logs_first_line(
    service: OddService, client: ServiceClient, store: sa.Engine, store_url: str
) -> None:
    with psycopg.connect(store_url) as connection:
        connection.execute(
            "insert into ops.audit_log"
            " (at, request_id, phase, actor, role, action, target_kind, target_id, reason)"
            " values (now() - interval '30 days', 'r', 'intent', 'a', 'admin', 'job.retry', 'job', 'j', 'r')"
        )
    service.answer(status(200, {"changes": [told(n, timedelta(days=n)) for n in (1, 29, 31)]}))
    assert observed.record(store, client) == 2


def test_text_from_outside_is_cleaned_and_bounded(
    service: OddService, client: ServiceClient, store: sa.Engine, rows: Rows
) -> None:
    odd = {"limit": "j\x00obs\u202e", "actor": "a\x1b" * 500, "reason": "<b>'\x00" + "x" * 5000, "request_id": 7}
    service.answer(status(200, {"changes": [told(1, timedelta(hours=1), **odd)]}))
    assert observed.record(store, client) == 1
    row = rows(LOG)[0]
    assert (row["target_id"], row["actor"], len(row["reason"])) == ("jobs", "a" * 300, 2000)
    assert row["reason"].startswith("<b>'xxx")
    with store.connect() as connection:
        (act,) = audit_log.acts(connection, AuditFilter(action="guardrail.observed"), before_id=None, limit=9)
    assert act.result is Result.DONE


def test_a_service_without_a_history_is_left_alone(
    service: OddService, client: ServiceClient, store: sa.Engine, rows: Rows
) -> None:
    service.answer(status(404, {"detail": "Not Found"}))
    assert observed.record(store, client) == 0
    assert rows(LOG) == []


def test_what_cannot_be_read_is_not_recorded(
    service: OddService, client: ServiceClient, store: sa.Engine, rows: Rows
) -> None:
    service.answer(status(200, {"changes": [told(1, timedelta(hours=1)), {"id": 2}]}), refusal(503, "down"))
    with pytest.raises(MalformedAnswer):
        observed.record(store, client)
    with pytest.raises(ServiceUnavailable):
        observed.record(store, client)
    assert rows(LOG) == []


def test_without_its_schema_nothing_is_asked(service: OddService, client: ServiceClient, empty_url: str) -> None:
    unmigrated = sa.create_engine(empty_url.replace("postgresql://", "postgresql+psycopg://"))
    with pytest.raises(NotRecorded, match="ops-dashboard migrate"):
        observed.record(unmigrated, client)
    unmigrated.dispose()
    assert service.seen == []
