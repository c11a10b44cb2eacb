"""The emergency switch: against the real service, through the door, and against services that answer oddly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions import intake
from actions.answers import Intake
from actions.audit import Door, Outcome
from actions.client import Request, ServiceClient
from actions.errors import (
    AlreadyPerformed,
    IntakeClosedAlready,
    IntakeOpenAlready,
    MalformedAnswer,
    NotOffered,
    PermissionDenied,
    ReadOnly,
    ReasonMissing,
    ServiceRejectedKey,
    ServiceUnavailable,
    ServiceUnreachable,
    recalled,
)
from actions.permissions import Actor, Role
from queries.audit_models import Result
from queries.database import engine
from tests import databases
from tests.actions.acts import LOG
from tests.actions.conftest import OPERATOR, VIEWER, Rows
from tests.actions.odd_service import OddService, hang_up, refusal, status
from tests.actions.stack import Stack
from tests.service_process import ADMIN_KEY, ServiceProcesses

ADMIN = Actor("ada@example.com", Role.ADMIN)
OPENED = Intake(accepting=True, reason="")
STOPPED = Intake(accepting=False, reason="cost explosion")
HOSTILE = "<script>alert(1)</script> '; drop table jobs; -- {x} %s \u202eh\x00\n" + "x" * 1000


@pytest.fixture(scope="module")
def stack(new_database: Any, store_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    url = new_database(store_template)
    databases.create_newer(url)
    store = engine(url, statement_timeout=timedelta(seconds=5))
    directory: Path = tmp_path_factory.mktemp("service")
    with (
        ServiceProcesses(url, directory, workers=0, monitor=False) as processes,
        ServiceClient(processes.url, ADMIN_KEY, deadline=timedelta(seconds=20)) as client,
    ):
        yield Stack(url, store, processes, client)
    store.dispose()


def ordered(stack: Stack) -> httpx.Response:
    """A user asks for a book."""
    headers = {"X-User-Key": "key-of-a-user"}
    return httpx.post(f"{stack.processes.url}/v1/books", json={"title": "Fox"}, headers=headers, trust_env=False)


def close(stack: Stack, request_id: str, actor: Actor = ADMIN, reason: str = "cost explosion") -> Outcome:
    return intake.close(stack.door, stack.client, actor, reason=reason, request_id=request_id, before=OPENED)


def reopen(stack: Stack, request_id: str) -> Outcome:
    return intake.open(stack.door, stack.client, ADMIN, reason="fixed", request_id=request_id, before=STOPPED)


def test_stop_and_resume(stack: Stack) -> None:
    assert ordered(stack).status_code == 202
    stopped = close(stack, "i-1")
    assert (stopped.result, stopped.message) == (
        Result.DONE,
        "Intake is closed: the service takes no new jobs.",
    )
    refused = ordered(stack)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "intake_closed")
    assert int(refused.headers["Retry-After"]) > 0
    now = stack.client.intake()
    assert (now.accepting, now.reason, now.changed_by) == (False, "cost explosion", ADMIN.name)
    assert now.changed_at is not None
    assert abs(datetime.now(UTC) - now.changed_at) < timedelta(minutes=1)
    assert reopen(stack, "i-2").result is Result.DONE
    assert ordered(stack).status_code == 202
    rows = stack.rows(
        "select action, phase, target_kind, target_id, reason, before, after, result from ops.audit_log"
        " where request_id in ('i-1', 'i-2') order by id"
    )
    assert [(row["action"], row["phase"], row["result"]) for row in rows] == [
        ("intake.close", "intent", None),
        ("intake.close", "outcome", "done"),
        ("intake.open", "intent", None),
        ("intake.open", "outcome", "done"),
    ]
    assert {(row["target_kind"], row["target_id"]) for row in rows} == {("service", "intake")}
    assert rows[0]["before"]["accepting"] is True
    assert rows[1]["after"]["accepting"] is False
    assert rows[1]["after"]["changed_by"] == ADMIN.name


def test_who_comes_second_does_nothing_and_is_told_so(stack: Stack) -> None:
    assert close(stack, "i-3").result is Result.DONE
    second = close(stack, "i-4", Actor("mia@example.com", Role.ADMIN), "me too")
    assert second.result is Result.SKIPPED
    assert isinstance(second.error, IntakeClosedAlready)
    assert "closed already" in second.message
    assert "Nothing was done" in second.message
    assert stack.client.intake().reason == "cost explosion"
    assert reopen(stack, "i-5").result is Result.DONE
    again = reopen(stack, "i-6")
    assert isinstance(again.error, IntakeOpenAlready)
    (row,) = stack.rows("select after from ops.audit_log where request_id = 'i-6' and phase = 'outcome'")
    assert isinstance(recalled(row["after"]["error"], row["after"]["fields"]), IntakeOpenAlready)


def test_the_same_request_switches_once(stack: Stack) -> None:
    assert close(stack, "i-7").result is Result.DONE
    with pytest.raises(AlreadyPerformed):
        close(stack, "i-7")
    assert reopen(stack, "i-8").result is Result.DONE
    # As after an answer that was lost: the first answer again, and intake stays open.
    for _ in range(2):
        answer = stack.client.switch_intake(accepting=True, reason="fixed", request=Request(ADMIN.name, "i-8"))
        assert answer.accepting is True
    assert len(stack.rows("select 1 from ops.audit_log where request_id = 'i-7'")) == 2


@pytest.mark.parametrize("actor", [VIEWER, OPERATOR])
def test_only_an_admin_may(stack: Stack, actor: Actor) -> None:
    for switch, before in ((intake.close, OPENED), (intake.open, STOPPED)):
        with pytest.raises(PermissionDenied, match="Ask somebody who is admin"):
            switch(
                stack.door, stack.client, actor, reason="r", request_id=f"{actor.name}-{switch.__name__}",
                before=before,
            )  # fmt: skip
    assert stack.client.intake().accepting is True
    refused = stack.rows("select result from ops.audit_log where actor = %s and phase = 'outcome'", actor.name)
    assert [row["result"] for row in refused] == ["refused", "refused"]


def test_a_reason_is_needed_and_kept_as_text(stack: Stack) -> None:
    with pytest.raises(ReasonMissing):
        close(stack, "i-9", reason=" \n\u202e")
    assert close(stack, "i-10", reason=HOSTILE).result is Result.DONE
    kept = stack.client.intake().reason
    assert kept.startswith("<script>alert(1)</script> '; drop table jobs; -- {x} %s h ")
    assert len(kept) == 300
    assert ordered(stack).status_code == 503
    assert reopen(stack, "i-11").result is Result.DONE


def test_a_wrong_key_and_a_service_that_is_gone(stack: Stack, tmp_path: Path) -> None:
    with ServiceClient(stack.processes.url, "wrong", deadline=timedelta(seconds=20)) as client:
        outcome = intake.close(stack.door, client, ADMIN, reason="r", request_id="i-12", before=OPENED)
    assert isinstance(outcome.error, ServiceRejectedKey)
    with ServiceClient("http://127.0.0.1:1", ADMIN_KEY, deadline=timedelta(seconds=5)) as client:
        outcome = intake.close(stack.door, client, ADMIN, reason="r", request_id="i-13", before=OPENED)
    assert (outcome.result, type(outcome.error)) == (Result.FAILED, ServiceUnreachable)
    assert ordered(stack).status_code == 202


# ---------------------------------------------------------------- services that answer oddly


def test_what_is_sent(service: OddService, client: ServiceClient, door: Door) -> None:
    service.answer(status(200, {"accepting": True}), status(200, {"accepting": False, "reason": "r"}))
    outcome = intake.close(door, client, ADMIN, reason="  r\n", request_id="o-1", before=OPENED)
    assert outcome.result is Result.DONE
    read, written = service.seen
    assert (read.method, written.method, written.path) == ("GET", "PUT", "/v1/admin/intake")
    assert written.body == {"accepting": False, "reason": "r"}
    sent = {name.lower(): value for name, value in written.headers.items()}
    assert sent["x-idempotency-key"] == sent["x-request-id"] == "o-1"
    assert sent["x-operator"] == ADMIN.name


@pytest.mark.parametrize(
    ("answer", "error", "result"),
    [
        (refusal(404, ""), NotOffered, Result.REFUSED),
        (status(405, {"detail": "Method Not Allowed"}), NotOffered, Result.REFUSED),
        (refusal(503, "database_unavailable"), ServiceUnavailable, Result.FAILED),
        (status(200, text="<html>"), MalformedAnswer, Result.FAILED),
        (status(200, {"accepting": "no"}), MalformedAnswer, Result.FAILED),
        (status(200, {"accepting": True}), MalformedAnswer, Result.FAILED),
        (hang_up, ServiceUnavailable, Result.FAILED),
    ],
    ids=["no route", "no method", "503", "html", "text", "says yes and does nothing", "hangs up"],
)
def test_what_is_answered(
    *,
    service: OddService, client: ServiceClient, door: Door, rows: Rows, answer: Any, error: type, result: Result
) -> None:  # fmt: skip
    service.answer(status(200, {"accepting": True}), answer)
    outcome = intake.close(door, client, ADMIN, reason="r", request_id="o-2", before=OPENED)
    assert (type(outcome.error), outcome.result) == (error, result)
    assert [row["result"] for row in rows(LOG)] == [None, result.value]


def test_nothing_is_sent_by_a_read_only_console(service: OddService, client: ServiceClient, door: Door) -> None:
    with pytest.raises(ReadOnly):
        intake.close(Door(door.store, read_only=True), client, ADMIN, reason="r", request_id="o-3", before=OPENED)
    assert service.seen == []


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ({"accepting": True}, Intake(True, "")),
        ({"accepting": False, "reason": None, "changed_by": None, "changed_at": None}, Intake(False, "")),
        (
            {
                "accepting": False,
                "reason": "a\x00b",
                "changed_by": "A\u202e",
                "changed_at": "2026-11-23T03:00:00Z",
            },
            Intake(False, "ab", "A", datetime(2026, 11, 23, 3, tzinfo=UTC)),
        ),
        ({"accepting": False, "changed_at": "yesterday", "changed_by": 7}, Intake(False, "", "7", None)),
        ({"accepting": False, "changed_at": "2026-11-23T03:00:00"}, Intake(False, "")),
    ],
)
def test_what_is_told_beside_is_read_tolerantly(
    service: OddService, client: ServiceClient, answer: dict[str, object], read: Intake
) -> None:
    service.answer(status(200, answer))
    assert client.intake() == read
