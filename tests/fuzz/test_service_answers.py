"""Whatever the service answers: a value that can be shown, or one of the declared errors."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.answers import Guardrail
from actions.client import Request, ServiceClient
from actions.errors import ActionError, MalformedAnswer
from actions.transport import LONGEST_ANSWER
from tests.actions.calls import retry
from tests.actions.odd_service import Answer, Handler, OddService, status
from tests.fuzz import hostile
from tests.fuzz.answering import CALLS, client, outcome, service

__all__ = ["client", "service"]

NAMES = (
    *("detail", "error", "code", "message", "details", "status", "actions", "version", "max_retries", "limit"),
    *(
        "value",
        "min",
        "max",
        "default",
        "description",
        "expires_at",
        "unit",
        "reverts_to",
        "changes",
        "at",
        "from",
    ),
    *("to", "id", "actor", "reason", "request_id", "accepting", "changed_by", "changed_at", "attempt", "days"),
    *("retry_count", "cost_usd_spent", "max_pending_jobs"),
)
CODES = (
    *("state_changed", "not_retryable", "already_finished", "retry_limit_reached", "provider_unavailable"),
    *("expiry_too_late", "out_of_range", "expiry_in_the_past", "not_found"),
)
DOCUMENTS = hostile.documents(*NAMES)
ENVELOPES = st.fixed_dictionaries(
    {"error": st.fixed_dictionaries({"code": st.sampled_from(CODES), "details": DOCUMENTS, "message": DOCUMENTS})}
)
OPTIONAL = ("expires_at", "description", "max", "reverts_to", "unit")
LIMITS = st.dictionaries(
    hostile.any_texts(),
    st.fixed_dictionaries({"value": hostile.SCALARS}, optional=dict.fromkeys(OPTIONAL, hostile.SCALARS)),
    max_size=3,
)
CHANGES = st.fixed_dictionaries(
    {
        "changes": st.lists(
            st.fixed_dictionaries(dict.fromkeys(("id", "at", "limit", "from", "to"), hostile.SCALARS))
        )
    }
)
BODIES = st.binary(max_size=40) | (DOCUMENTS | ENVELOPES | LIMITS | CHANGES).map(
    lambda value: json.dumps(value).encode()
)
CODES_OF_HTTP = st.sampled_from(
    [200, 200, 200, 201, 202, 204, 206, 302, 400, 401, 404, 409, 412, 422, 429, 500, 503]
)


def written(code: int, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    """The bytes as they are."""

    def send(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


@given(st.sampled_from(sorted(CALLS)), CODES_OF_HTTP, BODIES)
@hostile.examples(250)
def test_any_answer(service: OddService, client: ServiceClient, name: str, code: int, body: bytes) -> None:
    service.answer(written(code, body, {"Retry-After": "٣", "ETag": '"1"'}))
    found = outcome(client, CALLS[name])
    assert len(str(found)) < 20_000
    for limit in getattr(found, "limits", {}).values():
        showable(limit)


def showable(limit: Guardrail) -> None:
    """No number that takes a page's time, no instant that some zone has no calendar for."""
    for number in (limit.value, limit.min, limit.max, limit.default, limit.reverts_to):
        assert number is None or (number.is_finite() and abs(number) < 10**31)
    assert limit.expires_at is None or limit.expires_at.astimezone().year


@given(LIMITS)
@hostile.examples(100)
def test_any_limits(service: OddService, client: ServiceClient, told: dict[str, Any]) -> None:
    service.answer(written(200, json.dumps(told).encode()))
    for limit in getattr(outcome(client, ServiceClient.guardrails), "limits", {}).values():
        showable(limit)


@pytest.mark.parametrize(
    "number", ["1e400", "1e-400", "9" * 31, "-" + "9" * 31, 10**40, "1E+999999999", 1e308, "0e99"]
)
def test_numbers_that_would_fill_the_memory_are_none(
    service: OddService, client: ServiceClient, number: Any
) -> None:
    service.answer(status(200, {"a": {"value": 1, "max": number}, "b": {"value": 2, "default": number}}))
    found = client.guardrails().limits
    assert found["a"].max is None
    assert found["b"].default is None


@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_beyond_the_calendar_is_no_instant(
    service: OddService, client: ServiceClient, instant: str
) -> None:
    service.answer(status(200, {"a": {"value": 1, "expires_at": instant}}))
    with pytest.raises(MalformedAnswer, match="no instant in expires_at"):
        client.guardrails()


DEEP = b"[" * 100_000
GROWING = gzip.compress(b" " * (LONGEST_ANSWER * 4))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (DEEP, {}),
        (b'{"a":' * 100_000, {}),
        (b'{"value":' + b"9" * 5_000 + b"}", {}),
        (b'{"accepting": true', {}),
        (b"\xff\xfe\x00", {}),
        (b"no", {"Content-Type": "text/html; charset=no-such"}),
        (b"{}", {"Content-Encoding": "gzip"}),
        (GROWING, {"Content-Encoding": "gzip"}),
        (b" " * (LONGEST_ANSWER + 1), {}),
        (b"{}", {"Content-Length": "99"}),
    ],
    ids=["deep-list", "deep-object", "digits", "cut", "no-text", "charset", "no-gzip", "bomb", "long", "length"],
)
@pytest.mark.parametrize("name", ["capabilities", "retry", "guardrails"])
def test_bodies_that_are_no_answer(
    service: OddService, client: ServiceClient, name: str, body: bytes, headers: dict[str, str]
) -> None:
    service.answer(written(200, body, headers))
    assert outcome(client, CALLS[name]) is None or isinstance(outcome(client, CALLS[name]), ActionError)


def test_a_body_without_end_is_left_early(service: OddService, client: ServiceClient) -> None:
    """Long before the deadline, at which a fast service would have sent gigabytes."""
    sent = 0

    def endless(handler: Handler) -> None:
        nonlocal sent
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        try:
            while not handler.server.released.is_set():
                sent += handler.wfile.write(b" " * 65_536)
        except OSError:
            return

    service.answer(endless)
    with pytest.raises(MalformedAnswer, match="longer than"):
        retry(client)
    assert sent < 4 * LONGEST_ANSWER


@given(hostile.any_texts(), hostile.any_texts())
@hostile.examples(60)
def test_names_and_ids_never_become_headers_or_paths(
    service: OddService, client: ServiceClient, operator: str, job_id: str
) -> None:
    service.answer(status(202, {"status": "queued"}))
    outcome(client, lambda opened: retry(opened, job_id=job_id, request=Request(operator, job_id)))
    headers = {name.lower() for name in service.seen[-1].headers}
    assert headers <= {
        *("host", "accept", "accept-encoding", "connection", "user-agent", "x-admin-key", "x-operator"),
        *("x-request-id", "x-idempotency-key", "traceparent", "content-length", "content-type"),
    }
    assert service.seen[-1].path.startswith("/v1/admin/jobs/")
    assert service.seen[-1].path.endswith("/retry")
    assert service.seen[-1].path.count("/") == 5
