"""The door: who may pass, what is recorded, and what happens when it cannot be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from structlog.testing import capture_logs

from actions import reasons
from actions.audit import Door, Effect, performed
from actions.errors import (
    ActionError,
    AlreadyFinished,
    AlreadyPerformed,
    NotOffered,
    NotRecorded,
    NotRetryable,
    PermissionDenied,
    ProviderUnavailable,
    ReadOnly,
    ReasonMissing,
    ReasonTooLong,
    RetryLimitReached,
    ServiceUnavailable,
    StateChanged,
    recalled,
)
from actions.permissions import ACTIONS, NEEDED, Actor, Role
from queries.audit_models import Result
from tests.actions.acts import LOG, Act, intent
from tests.actions.conftest import OPERATOR, VIEWER, Rows


def test_what_is_done_leaves_an_intent_and_an_outcome(door: Door, rows: Rows) -> None:
    act = Act()
    outcome = performed(
        door,
        OPERATOR,
        intent(batch_id="b-1", parameters={"from": "start"}, before={"status": "failed"}),
        act,
    )
    assert (outcome.result, outcome.message, outcome.error) == (Result.DONE, "Retried.", None)
    assert act.calls == 1
    first, second = rows(LOG)
    told = {"phase", "id", "at", "after", "result", "message", "position", "previous", "hash"}
    assert {key: first[key] for key in first.keys() - told} == {
        "request_id": "r-1",
        "actor": "olga@example.com",
        "role": "operator",
        "action": "job.retry",
        "target_kind": "job",
        "target_id": "job_1",
        "reason": "provider is back",
        "batch_id": "b-1",
        "parameters": {"from": "start"},
        "before": {"status": "failed"},
    }
    assert {key: first[key] for key in first.keys() - told} == {key: second[key] for key in second.keys() - told}
    assert [first[key] for key in ("phase", "after", "result", "message")] == ["intent", None, None, None]
    assert [second[key] for key in ("phase", "after", "result", "message")] == [
        "outcome",
        {"status": "queued"},
        "done",
        "Retried.",
    ]


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_viewer_is_refused_and_the_refusal_recorded(door: Door, rows: Rows, action: str) -> None:
    act = Act()
    needed = NEEDED[action].label
    with pytest.raises(PermissionDenied, match=rf"vic@example\.com is viewer .* Ask somebody who is {needed}"):
        performed(door, VIEWER, intent(action=action), act)
    assert act.calls == 0
    first, second = rows(LOG)
    assert (first["phase"], first["actor"], first["role"]) == ("intent", "vic@example.com", "viewer")
    assert (second["phase"], second["result"]) == ("outcome", "refused")
    assert second["after"]["error"] == "PermissionDenied"


def test_an_action_that_no_table_names_is_nobodys(door: Door, rows: Rows) -> None:
    act = Act()
    with pytest.raises(PermissionDenied):
        performed(door, Actor("root", Role.ADMIN), intent(action="job.delete"), act)
    assert act.calls == 0
    assert [row["result"] for row in rows(LOG)] == [None, "refused"]


@pytest.mark.parametrize("reason", ["", "x" * 10_000, "\x00"])
def test_a_refusal_is_recorded_whatever_its_reason(door: Door, rows: Rows, reason: str) -> None:
    with pytest.raises(PermissionDenied):
        performed(door, VIEWER, intent(reason=reason), Act())
    assert [len(row["reason"]) for row in rows(LOG)] == [min(reason.count("x"), 2000)] * 2


def test_a_refusal_stands_when_it_cannot_be_recorded() -> None:
    act = Act()
    with capture_logs() as logs, pytest.raises(PermissionDenied):
        performed(Door(None), VIEWER, intent(), act)
    assert act.calls == 0
    assert [entry["event"] for entry in logs] == ["refusal not recorded"]


def test_a_read_only_console_does_nothing(door: Door, rows: Rows) -> None:
    act = Act()
    with pytest.raises(ReadOnly, match="OPS_READ_ONLY"):
        performed(Door(door.store, read_only=True), OPERATOR, intent(), act)
    assert act.calls == 0
    assert rows(LOG) == []


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("", ReasonMissing),
        ("  \n\t ", ReasonMissing),
        ("\x00\x1b\u202e", ReasonMissing),
        ("x" * 2001, ReasonTooLong),
        ("이" * 10_000, ReasonTooLong),
    ],
)
def test_without_a_fit_reason_nothing_happens(
    door: Door, rows: Rows, reason: str, error: type[ActionError]
) -> None:
    act = Act()
    with pytest.raises(error):
        performed(door, OPERATOR, intent(reason=reason), act)
    assert act.calls == 0
    assert rows(LOG) == []


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("x" * 2000, "x" * 2000),
        ("a\x00b\x1b[31m\x7f", "ab[31m"),
        ("first\nsecond\tthird", "first second third"),
        ("harmless\u202eyrter", "harmlessyrter"),
        ("half a pair \ud800", "half a pair"),
        ("공급자 복구됨 👨‍👩‍👧", "공급자 복구됨 👨‍👩‍👧"),
        ("<b>'; drop table ops.audit_log; --</b> %s {x}", "<b>'; drop table ops.audit_log; --</b> %s {x}"),
    ],
)
def test_a_reason_is_kept_as_plain_text(door: Door, rows: Rows, reason: str, kept: str) -> None:
    assert performed(door, OPERATOR, intent(reason=reason), Act()).result is Result.DONE
    assert [row["reason"] for row in rows(LOG)] == [kept, kept]


def test_the_limit_is_the_one_that_the_error_names() -> None:
    with pytest.raises(ReasonTooLong, match="has 2001 characters and may have 2000"):
        reasons.checked("x" * 2001)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (StateChanged(status="running"), Result.SKIPPED),
        (AlreadyFinished(status="done"), Result.SKIPPED),
        (NotRetryable(status="done"), Result.REFUSED),
        (RetryLimitReached(limit=3), Result.REFUSED),
        (ProviderUnavailable(seconds="30"), Result.REFUSED),
        (NotOffered(action="job.retry"), Result.REFUSED),
        (ServiceUnavailable(detail="it answered 500"), Result.FAILED),
        (NotRecorded(detail="gone"), Result.FAILED),
    ],
)
def test_what_the_service_refuses_is_the_outcome(
    door: Door, rows: Rows, error: ActionError, result: Result
) -> None:
    outcome = performed(door, OPERATOR, intent(), Act(error))
    assert (outcome.result, outcome.message, outcome.error) == (result, str(error), error)
    recorded = rows(LOG)[1]
    assert (recorded["result"], recorded["message"]) == (result.value, str(error))
    again = recalled(recorded["after"]["error"], recorded["after"]["fields"])
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_an_error_that_nobody_knows_any_more_is_not_recalled() -> None:
    assert recalled("Gone", {}) is None
    assert recalled("StateChanged", {"state": "the field had another name"}) is None


def test_an_unexpected_exception_is_recorded_as_failed_and_raised(door: Door, rows: Rows) -> None:
    with pytest.raises(ZeroDivisionError):
        performed(door, OPERATOR, intent(), Act(ZeroDivisionError("secret")))
    assert [(row["result"], row["message"]) for row in rows(LOG)] == [
        (None, None),
        ("failed", "ZeroDivisionError"),
    ]


def test_the_same_request_acts_once(door: Door, rows: Rows) -> None:
    act = Act()
    performed(door, OPERATOR, intent(), act)
    with pytest.raises(AlreadyPerformed):
        performed(door, OPERATOR, intent(), act)
    assert act.calls == 1
    assert len(rows(LOG)) == 2


def test_the_same_request_from_everywhere_at_once_acts_once(door: Door, rows: Rows) -> None:
    act, gate = Act(), Barrier(5)

    def attempt(_: int) -> str:
        gate.wait()
        try:
            return performed(door, OPERATOR, intent(), act).result
        except AlreadyPerformed:
            return "already"

    with ThreadPoolExecutor(5) as pool:
        results = sorted(pool.map(attempt, range(5)))
    assert results == ["already"] * 4 + ["done"]
    assert act.calls == 1
    assert len(rows(LOG)) == 2


def test_the_intent_is_committed_before_the_act(door: Door, rows: Rows) -> None:
    seen: list[str] = []

    def act() -> Effect:
        seen.extend(row["phase"] for row in rows(LOG))
        return Effect({}, "Done.")

    performed(door, OPERATOR, intent(), act)
    assert seen == ["intent"]


def test_hostile_ids_are_recorded_as_plain_text(door: Door, rows: Rows) -> None:
    outcome = performed(door, OPERATOR, intent(target_id="job_\x00\ud8001"), Act())
    assert outcome.target_id == "job_1"
    assert {row["target_id"] for row in rows(LOG)} == {"job_1"}


def test_values_that_json_has_no_type_for_are_kept_as_text(door: Door, rows: Rows) -> None:
    performed(door, OPERATOR, intent(parameters={"for": timedelta(minutes=5)}), Act())
    assert rows(LOG)[0]["parameters"] == {"for": "0:05:00"}
