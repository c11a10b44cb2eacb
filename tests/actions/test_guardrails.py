"""Turning limits of the real service, through the door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from actions import guardrails
from actions.audit import Outcome
from actions.client import Request, ServiceClient
from actions.errors import (
    AlreadyPerformed,
    ApprovalNeeded,
    ExpiryPassed,
    ExpiryTooLate,
    GuardrailsChanged,
    LimitOutOfRange,
    PermissionDenied,
    ReasonMissing,
    ServiceRejected,
    ServiceRejectedKey,
    ServiceUnreachable,
    recalled,
)
from queries.audit_models import Result
from tests.actions.bulk_rows import until
from tests.actions.conftest import OPERATOR, VIEWER
from tests.actions.limits import (
    ADA,
    DAILY,
    MIA,
    PENDING,
    USD,
    change,
    changes,
    current,
    log,
    new_id,
    reset,
    running,
)
from tests.actions.stack import Stack
from tests.service_process import ADMIN_KEY

HOSTILE = "<script>alert(1)</script> '; drop table jobs; -- {x} %s \u202eh\x00\n" + "x" * 1000
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)


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


def soon(seconds: float = 3600) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_change_for_good(stack: Stack) -> None:
    done = change(stack, 40, request_id="for-good")
    assert (done.result, done.message) == (Result.DONE, f"{DAILY} is 40.")
    assert current(stack).value == 40
    intent, outcome = log(stack, "for-good")
    assert (intent["actor"], intent["action"], intent["reason"]) == (ADA.name, "guardrail.change", "launch day")
    assert (intent["target_kind"], intent["target_id"]) == ("guardrail", DAILY)
    assert intent["before"] == {"value": "20", "expires_at": None, "reverts_to": None}
    assert intent["parameters"] == {"value": "40", "expires_at": None, "stake_usd": None}
    assert outcome["after"] == {"value": "40", "expires_at": None, "reverts_to": None}
    (told,) = stack.client.guardrail_history()
    assert (told.limit, told.old, told.new, told.expires_at) == (DAILY, Decimal(20), Decimal(40), None)
    assert (told.actor, told.reason, told.request_id) == (ADA.name, "launch day", "for-good")


def test_a_change_for_a_while_goes_back_by_itself(stack: Stack) -> None:
    end = soon(1.5)
    done = change(stack, 40, expires_at=end, request_id="a-while")
    assert (done.result, done.message) == (
        Result.DONE,
        f"{DAILY} is 40 until {end.isoformat(timespec='seconds')}.",
    )
    assert log(stack, "a-while")[1]["after"] == {"value": "40", "expires_at": str(end), "reverts_to": "20"}
    held = current(stack)
    assert held.unit == "jobs"
    assert (held.value, held.expires_at, held.reverts_to) == (Decimal(40), end, Decimal(20))
    until(lambda: current(stack).value == 20)
    back, there = stack.client.guardrail_history()
    assert (back.at, back.old, back.new, back.ran_out) == (end, Decimal(40), Decimal(20), True)
    assert (there.old, there.new, there.ran_out) == (Decimal(20), Decimal(40), False)


def test_money_keeps_its_cents(stack: Stack) -> None:
    done = change(stack, Decimal("123.45"), limit=USD)
    assert (done.result, done.message) == (Result.DONE, f"{USD} is 123.45.")
    assert current(stack, USD).value == Decimal("123.45")
    assert current(stack, USD).unit == "usd"


def test_of_two_admins_at_once_one_wins_and_the_log_tells_both(stack: Stack) -> None:
    for round_ in range(5):
        start = Barrier(2)
        before = int(current(stack).value)
        shown = stack.client.guardrails().etag
        wanted = {ADA: 30 + round_, MIA: 60 + round_}
        ids = {ADA: f"ada-{round_}", MIA: f"mia-{round_}"}

        def turn(actor: Any) -> Outcome:
            start.wait(10)  # noqa: B023
            return change(stack, wanted[actor], actor=actor, request_id=ids[actor], etag=shown)  # noqa: B023

        with ThreadPoolExecutor(2) as both:
            outcomes = dict(zip(wanted, both.map(turn, wanted), strict=True))
        (winner,) = (actor for actor in wanted if outcomes[actor].result is Result.DONE)
        (second,) = (actor for actor in wanted if actor is not winner)
        assert outcomes[second].result is Result.SKIPPED
        assert isinstance(outcomes[second].error, GuardrailsChanged)
        assert current(stack).value == wanted[winner]
        assert changes(stack)[-1] == (before, wanted[winner])
        assert len(changes(stack)) == round_ + 1
        assert [row["result"] for row in log(stack, ids[winner])] == [None, "done"]
        told = log(stack, ids[second])
        assert [row["result"] for row in told] == [None, "skipped"]
        assert (told[0]["actor"], told[0]["parameters"]["value"]) == (second.name, str(wanted[second]))
        assert isinstance(recalled(told[1]["after"]["error"], told[1]["after"]["fields"]), GuardrailsChanged)


def test_another_limits_change_is_a_change_too(stack: Stack) -> None:
    shown = stack.client.guardrails().etag
    assert change(stack, 50, limit=PENDING, actor=MIA).result is Result.DONE
    assert isinstance(change(stack, 40, etag=shown).error, GuardrailsChanged)
    assert change(stack, 40).result is Result.DONE


@pytest.mark.parametrize(
    ("limit", "value", "expires_in", "error", "sentence"),
    [
        (DAILY, Decimal(1001), None, LimitOutOfRange, f"{DAILY} may be 0 to 1000. Nothing was done."),
        (DAILY, Decimal(-1), None, LimitOutOfRange, f"{DAILY} may be 0 to 1000. Nothing was done."),
        (DAILY, Decimal("20.5"), None, ServiceRejected, "takes a whole number"),
        ("no_such_limit", Decimal(1), None, ServiceRejected, "There is no limit no_such_limit"),
        (DAILY, Decimal(40), -60, ExpiryPassed, "must lie in the future"),
        (DAILY, Decimal(40), 367 * 86_400, ExpiryTooLate, "for 366 days at most"),
    ],
)
def test_what_the_service_refuses_is_told_in_words(
    *, stack: Stack, limit: str, value: Decimal, expires_in: float | None, error: type, sentence: str
) -> None:
    end = None if expires_in is None else soon(expires_in)
    refused = change(
        stack, value, limit=limit, expires_at=end, request_id=(key := new_id()), before=current(stack)
    )
    assert type(refused.error) is error
    assert sentence in refused.message
    assert changes(stack) == []
    after = log(stack, key)[1]["after"]
    assert str(recalled(after["error"], after["fields"])) == refused.message


@pytest.mark.parametrize("actor", [VIEWER, OPERATOR])
def test_only_an_admin_may(stack: Stack, actor: Any) -> None:
    with pytest.raises(PermissionDenied, match="Ask somebody who is admin"):
        change(stack, 40, actor=actor, request_id=actor.name)
    assert [row["result"] for row in log(stack, actor.name)] == [None, "refused"]
    assert changes(stack) == []


def test_a_reason_is_needed_and_kept_as_text(stack: Stack) -> None:
    with pytest.raises(ReasonMissing):
        change(stack, 40, reason=" \n\u202e")
    assert change(stack, 40, reason=HOSTILE).result is Result.DONE
    kept = stack.client.guardrail_history()[0].reason
    assert kept.startswith("<script>alert(1)</script> '; drop table jobs; -- {x} %s h ")
    assert kept.endswith("x" * 1000)


def test_the_same_request_changes_once(stack: Stack) -> None:
    shown = stack.client.guardrails().etag
    assert change(stack, 40, request_id="once").result is Result.DONE
    with pytest.raises(AlreadyPerformed):
        change(stack, 40, request_id="once")
    # As after an answer that was lost: the first answer again.
    again = stack.client.change_guardrails(
        {DAILY: Decimal(40)}, reason="launch day", expires_at=None, etag=shown, request=Request(ADA.name, "once")
    )
    assert again.limits[DAILY].value == 40
    assert changes(stack) == [(20, 40)]


def test_a_wrong_key_and_a_service_that_is_gone(stack: Stack) -> None:
    with ServiceClient(stack.processes.url, "wrong", deadline=timedelta(seconds=20)) as client:
        assert isinstance(change(stack, 40, client=client).error, ServiceRejectedKey)
    with ServiceClient("http://127.0.0.1:1", ADMIN_KEY, deadline=timedelta(seconds=5)) as client:
        outcome = change(stack, 40, client=client)
    assert (outcome.result, type(outcome.error)) == (Result.FAILED, ServiceUnreachable)
    assert changes(stack) == []


# ---------------------------------------------------------------- a second person's approval


@pytest.mark.parametrize(
    ("stake", "threshold", "needed"),
    [
        (None, None, False),
        (Decimal(10**6), None, False),
        (None, Decimal(100), True),
        (Decimal(0), Decimal(0), False),
        (Decimal(100), Decimal(100), False),
        (Decimal("100.01"), Decimal(100), True),
    ],
)
def test_more_than_the_threshold_needs_approval(
    stake: Decimal | None, threshold: Decimal | None, *, needed: bool
) -> None:
    assert guardrails.needs_approval(stake, threshold) is needed


@pytest.mark.parametrize("stake", [None, Decimal("100.01")])
def test_without_the_approval_nothing_is_changed(stack: Stack, stake: Decimal | None) -> None:
    refused = change(stack, 40, stake_usd=stake, approval_usd=Decimal(100), request_id=(key := new_id()))
    assert (refused.result, type(refused.error)) == (Result.REFUSED, ApprovalNeeded)
    assert "More than $100 may be at stake" in refused.message
    assert changes(stack) == []
    assert [row["result"] for row in log(stack, key)] == [None, "refused"]
    assert change(stack, 40, stake_usd=Decimal(100), approval_usd=Decimal(100)).result is Result.DONE
