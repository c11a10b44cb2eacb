"""The limits as the client reads and changes them: what it sends, and what it makes of any answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from actions.answers import Guardrail, GuardrailChange, Guardrails
from actions.client import ServiceClient
from actions.errors import (
    ActionError,
    ExpiryPassed,
    ExpiryTooLate,
    GuardrailsChanged,
    LimitOutOfRange,
    MalformedAnswer,
    NotOffered,
    ServiceRejected,
    ServiceUnavailable,
)
from tests.actions.calls import KEY, REQUEST
from tests.actions.odd_service import Answer, OddService, hang_up, refusal, status

KOREA = timezone(timedelta(hours=9))
UNTIL = datetime(2026, 11, 24, 0, 30, tzinfo=KOREA)
CHANGED = {
    "id": 7,
    "at": "2026-11-23T15:30:00+00:00",
    "limit": "jobs",
    "from": 20,
    "to": 40,
    "expires_at": "2026-11-24T00:30:00+09:00",
    "actor": "ada@example.com",
    "reason": "launch day",
    "request_id": "r-1",
}


def change(client: ServiceClient, etag: str = '"7"', expires_at: datetime | None = UNTIL) -> Guardrails:
    values = {"jobs": Decimal("4E+1"), "usd": Decimal("12.50")}
    return client.change_guardrails(values, reason="출시", expires_at=expires_at, etag=etag, request=REQUEST)


def test_guardrails_are_whatever_the_service_lists(service: OddService, client: ServiceClient) -> None:
    limit = {"value": 20, "min": 0, "max": 1000, "default": 20, "description": "a\x00b", "expires_at": None}
    until = {"value": "12.5", "expires_at": "2026-11-24T00:00:00+09:00"}
    service.answer(status(200, {"jobs": limit, "usd": until}, headers={"ETag": '"7"'}))
    read = client.guardrails()
    assert read.etag == '"7"'
    assert read.limits == {
        "jobs": Guardrail(Decimal(20), Decimal(0), Decimal(1000), Decimal(20), "ab", None),
        "usd": Guardrail(Decimal("12.5"), None, None, None, "", datetime(2026, 11, 23, 15, tzinfo=UTC)),
    }


@pytest.mark.parametrize("limit", [{}, {"value": "many"}, {"value": 1, "expires_at": "tomorrow"}])
def test_a_guardrail_that_cannot_be_read_is_told(
    service: OddService, client: ServiceClient, limit: dict[str, object]
) -> None:
    service.answer(status(200, {"jobs": limit}))
    with pytest.raises(MalformedAnswer):
        client.guardrails()


def test_a_change_says_who_why_until_when_and_on_what_state(service: OddService, client: ServiceClient) -> None:
    service.answer(status(200, {"jobs": {"value": 40}}, headers={"ETag": '"8"'}))
    changed = change(client)
    assert (changed.limits["jobs"].value, changed.etag) == (Decimal(40), '"8"')
    (seen,) = service.seen
    assert (seen.method, seen.path) == ("PATCH", "/v1/admin/guardrails")
    assert seen.body == {"jobs": 40, "usd": 12.5, "reason": "출시", "expires_at": "2026-11-23T15:30:00+00:00"}
    assert isinstance(seen.body["jobs"], int)
    sent = {name.lower(): value for name, value in seen.headers.items()}
    assert sent["if-match"] == '"7"'
    assert sent["x-admin-key"] == KEY
    assert sent["x-operator"] == "olga@example.com"
    assert sent["x-request-id"] == sent["x-idempotency-key"] == "r-1"


def test_a_change_for_good_names_no_end(service: OddService, client: ServiceClient) -> None:
    service.answer(status(200, {"jobs": {"value": 40}}))
    change(client, expires_at=None)
    assert "expires_at" not in service.seen[0].body


@pytest.mark.parametrize("etag", ["", '"é"'])
def test_without_an_etag_nothing_is_changed(service: OddService, client: ServiceClient, etag: str) -> None:
    with pytest.raises(NotOffered, match="no ETag"):
        change(client, etag=etag)
    assert service.seen == []


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (refusal(412, "guardrails_changed"), GuardrailsChanged, "changed the guardrails meanwhile"),
        (status(412, text="<html>precondition failed</html>"), GuardrailsChanged, "Nothing was done"),
        (refusal(422, "out_of_range", limit="jobs", min=0, max=1000), LimitOutOfRange, "jobs may be 0 to 1000"),
        (refusal(422, "out_of_range", min="0.5", max="9.5"), LimitOutOfRange, "The limit may be 0.5 to 9.5"),
        (refusal(422, "out_of_range"), ServiceRejected, "refused: out_of_range"),
        (refusal(422, "expiry_in_the_past"), ExpiryPassed, "in the future"),
        (refusal(422, "expiry_too_late", days=30), ExpiryTooLate, "for 30 days"),
        (refusal(422, "expiry_too_late"), ExpiryTooLate, "for 366 days"),
        (refusal(422, "unknown_limit", limit="jobs"), ServiceRejected, "422 unknown_limit"),
        (status(404, {"detail": "Not Found"}), NotOffered, "does not offer guardrails"),
        (status(405, text=""), NotOffered, "does not offer guardrails"),
        (refusal(503, "database_unavailable"), ServiceUnavailable, "503 database_unavailable"),
        (status(200, text="<html>"), MalformedAnswer, "no JSON object"),
        (status(200, {"jobs": {"value": "many"}}), MalformedAnswer, "no number in jobs.value"),
        (hang_up, ServiceUnavailable, "the connection broke"),
    ],
)
def test_what_is_answered_to_a_change(
    service: OddService, client: ServiceClient, answer: Answer, error: type[ActionError], sentence: str
) -> None:
    service.answer(answer)
    with pytest.raises(error, match=sentence) as caught:
        change(client)
    assert type(caught.value) is error


def test_the_history_is_read_as_it_is_told(service: OddService, client: ServiceClient) -> None:
    service.answer(status(200, {"changes": [CHANGED]}))
    assert client.guardrail_history(7, UNTIL) == (
        GuardrailChange(
            id="7",
            at=datetime(2026, 11, 23, 15, 30, tzinfo=UTC),
            limit="jobs",
            old=Decimal(20),
            new=Decimal(40),
            expires_at=UNTIL,
            actor="ada@example.com",
            reason="launch day",
            request_id="r-1",
        ),
    )
    asked = urlsplit(service.seen[0].path)
    assert asked.path == "/v1/admin/guardrails/history"
    assert parse_qs(asked.query) == {"limit": ["7"], "since": ["2026-11-23T15:30:00+00:00"]}


def test_by_default_the_history_has_no_beginning(service: OddService, client: ServiceClient) -> None:
    service.answer(status(200, {"changes": []}))
    assert client.guardrail_history() == ()
    assert parse_qs(urlsplit(service.seen[0].path).query) == {"limit": ["200"]}


def test_what_the_history_tells_beside_may_be_missing(service: OddService, client: ServiceClient) -> None:
    bare: dict[str, Any] = {name: CHANGED[name] for name in ("id", "at", "limit", "from", "to")}
    odd = bare | {
        "id": 0,
        "expires_at": "soon",
        "actor": None,
        "reason": "a\x00\u202eb" + "c" * 5000,
        "request_id": "",
    }
    service.answer(status(200, {"changes": [bare, odd]}))
    first, second = client.guardrail_history()
    assert (first.actor, first.reason, first.request_id, first.expires_at) == ("", "", None, None)
    assert (second.id, second.actor, second.request_id, second.expires_at) == ("0", "", None, None)
    assert (second.reason[:3], len(second.reason)) == ("abc", 2000)


@pytest.mark.parametrize(
    ("actor", "request_id", "ran_out"), [("service", None, True), ("service", "r-9", False), ("ada", None, False)]
)
def test_who_calls_himself_service_is_not_the_service(
    service: OddService, client: ServiceClient, actor: str, request_id: str | None, *, ran_out: bool
) -> None:
    service.answer(status(200, {"changes": [CHANGED | {"actor": actor, "request_id": request_id}]}))
    assert client.guardrail_history()[0].ran_out is ran_out


@pytest.mark.parametrize(
    "changes",
    [
        None,
        {"id": 1},
        ["changed"],
        *[
            [CHANGED, {name: CHANGED[name] for name in CHANGED if name != missing}]
            for missing in list(CHANGED)[:5]
        ],
        [CHANGED | {"at": "2026-11-23T15:30:00"}],
        [CHANGED | {"to": "many"}],
    ],
)
def test_a_history_with_gaps_is_none(service: OddService, client: ServiceClient, changes: object) -> None:
    service.answer(status(200, {"changes": changes}))
    with pytest.raises(MalformedAnswer):
        client.guardrail_history()


@pytest.mark.parametrize("code", [404, 405])
def test_a_service_without_a_history(service: OddService, client: ServiceClient, code: int) -> None:
    service.answer(status(code, {"detail": "Not Found"}))
    with pytest.raises(NotOffered, match="a history of its limits"):
        client.guardrail_history()
