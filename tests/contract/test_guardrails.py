"""Contract, section 2: the limits. What changes them runs only where it may, and puts back what was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.conftest import OPERATOR, WAIT_SECONDS, Subject, assert_envelope, order

GUARDRAILS = "/v1/admin/guardrails"
HISTORY = f"{GUARDRAILS}/history"
DAILY = "daily_job_limit_per_user"


def first_limit(subject: Subject) -> tuple[str, dict[str, Any], str]:
    """Name and description of some limit, and the ETag."""
    answer = subject.admin("GET", GUARDRAILS)
    name, limit = next(iter(answer.json().items()))
    return name, limit, answer.headers["ETag"]


def other_than(limit: dict[str, Any]) -> float:
    """Another value that the limit may have."""
    lowest: float = limit["min"]
    return lowest if limit["value"] != lowest else limit["max"]


def patch(subject: Subject, etag: str | None, **body: Any) -> httpx.Response:
    headers = {"X-Request-ID": f"contract-{uuid4()}", **({} if etag is None else {"If-Match": etag})}
    return subject.admin("PATCH", GUARDRAILS, json={"reason": "contract suite", **body}, headers=headers)


@contextmanager
def changed(subject: Subject, name: str, value: float, lasting: timedelta) -> Iterator[httpx.Response]:
    """The limit has another value in the block, but no longer than lasting."""
    before = subject.admin("GET", GUARDRAILS)
    limit = before.json()[name]
    expiry = (datetime.now(UTC) + lasting).isoformat()
    answer = patch(subject, before.headers["ETag"], **{name: value, "expires_at": expiry})
    assert answer.status_code == 200, answer.text
    try:
        yield answer
    finally:
        now = subject.admin("GET", GUARDRAILS)
        if now.json()[name] != limit:
            was = {name: limit["value"], "expires_at": limit["expires_at"]}
            back = patch(subject, now.headers["ETag"], **was)
            assert back.status_code == 200, back.text


def history(subject: Subject, **asked: Any) -> list[dict[str, Any]]:
    answer = subject.admin("GET", HISTORY, params=asked)
    if answer.status_code == 404:
        pytest.skip("the guardrails' history is not offered by this service")
    assert answer.status_code == 200, answer.text
    changes: list[dict[str, Any]] = answer.json()["changes"]
    return changes


def until(condition: Callable[[], Any], what: str) -> Any:
    """What the condition gives as soon as it holds."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {WAIT_SECONDS} s for {what}"
        time.sleep(0.1)
    return found


def test_guardrails_are_described(subject: Subject) -> None:
    answer = subject.admin("GET", GUARDRAILS)
    assert answer.headers["ETag"]
    for limit in answer.json().values():
        assert limit["min"] <= limit["value"] <= limit["max"]
        assert limit["min"] <= limit["default"] <= limit["max"]
        assert limit["description"]
        assert limit["expires_at"] is None or datetime.fromisoformat(limit["expires_at"]).tzinfo


def test_guardrails_refuse_what_is_outdated_or_out_of_range(subject: Subject) -> None:
    current = subject.admin("GET", GUARDRAILS)
    name, limit = next(iter(current.json().items()))
    body = {name: limit["value"], "reason": "contract suite"}
    outdated = subject.admin("PATCH", GUARDRAILS, json=body, headers={"If-Match": '"contract-suite"'})
    assert_envelope(outdated, 412)
    for value in (limit["min"] - 1, limit["max"] + 1):
        headers = {"If-Match": current.headers["ETag"]}
        assert_envelope(subject.admin("PATCH", GUARDRAILS, json={**body, name: value}, headers=headers), 422)
    assert subject.admin("GET", GUARDRAILS).json() == current.json()


def test_a_change_needs_the_state_that_it_was_decided_on(subject: Subject) -> None:
    name, limit, _ = first_limit(subject)
    assert patch(subject, None, **{name: limit["value"]}).status_code in (412, 428)
    assert_envelope(patch(subject, '"contract-suite"', **{name: limit["value"]}), 412)
    assert subject.admin("GET", GUARDRAILS).json()[name] == limit


def test_the_history_is_told_newest_first(subject: Subject) -> None:
    told = history(subject, limit=50)
    instants = [datetime.fromisoformat(change["at"]) for change in told]
    assert all(at.tzinfo for at in instants)
    assert instants == sorted(instants, reverse=True)
    assert len({change["id"] for change in told}) == len(told) <= 50
    for change in told:
        assert {"limit", "from", "to", "expires_at", "actor", "reason", "request_id"} <= set(change)
    assert history(subject, limit=1) == told[:1]
    assert history(subject, since=(datetime.now(UTC) + timedelta(days=1)).isoformat()) == []


def test_a_limit_changes_at_once_and_stands_in_the_history(changeable: Subject) -> None:
    name, limit, etag = first_limit(changeable)
    other = other_than(limit)
    with changed(changeable, name, other, timedelta(minutes=5)) as answer:
        assert answer.headers["ETag"] != etag
        assert changeable.admin("GET", GUARDRAILS).json()[name]["value"] == other
        assert_envelope(patch(changeable, etag, **{name: limit["value"]}), 412)
        change = next(change for change in history(changeable) if change["limit"] == name)
        assert (change["from"], change["to"], change["actor"]) == (limit["value"], other, OPERATOR)
        assert (change["reason"], change["request_id"]) == ("contract suite", answer.headers["X-Request-ID"])
        assert datetime.fromisoformat(change["expires_at"]) > datetime.fromisoformat(change["at"])
    assert changeable.admin("GET", GUARDRAILS).json()[name]["value"] == limit["value"]


def test_a_temporary_value_reverts_by_itself(changeable: Subject) -> None:
    name, limit, _ = first_limit(changeable)
    other = other_than(limit)
    with changed(changeable, name, other, timedelta(seconds=3)) as answer:
        expiry = datetime.fromisoformat(answer.json()[name]["expires_at"])
        until(
            lambda: changeable.admin("GET", GUARDRAILS).json()[name]["value"] == limit["value"],
            f"{name} to revert",
        )
        outdated = patch(changeable, answer.headers["ETag"], **{name: other})
        assert_envelope(outdated, 412)
    end = next(change for change in history(changeable) if change["limit"] == name)
    assert (end["from"], end["to"], end["actor"]) == (other, limit["value"], "service")
    assert datetime.fromisoformat(end["at"]) == expiry


def test_a_refused_book_names_the_limit_and_is_counted(changeable: Subject) -> None:
    if DAILY not in changeable.admin("GET", GUARDRAILS).json():
        pytest.skip(f"{DAILY} is not offered by this service")
    user = f"contract-suite-{uuid4()}"
    with changed(changeable, DAILY, 0, timedelta(minutes=5)):
        refused = order(changeable, **{"X-User-Key": user})
    assert assert_envelope(refused, 429, "daily_limit_exceeded")["limit"] == 0
    assert int(refused.headers["Retry-After"]) > 0
    if changeable.rows("select to_regclass('guardrail_rejections') as found") == [{"found": None}]:
        pytest.skip("guardrail_rejections is not offered by this service")
    rows = until(
        lambda: changeable.rows("select guardrail, requests from guardrail_rejections where user_key = %s", user),
        "the refusal to be counted",
    )
    assert rows == [{"guardrail": DAILY, "requests": 1}]
