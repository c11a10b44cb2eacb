"""The control API's client: what it sends, and what it makes of any answer."""

from __future__ import annotations

import re
import traceback
from datetime import timedelta
from decimal import Decimal
from urllib.parse import unquote

import pytest

from actions.answers import Cancelled, Capabilities, Intake, Retried
from actions.client import Request, ServiceClient
from actions.errors import (
    ActionError,
    AlreadyFinished,
    JobNotFound,
    MalformedAnswer,
    NotOffered,
    NotRetryable,
    ProviderUnavailable,
    RetryLimitReached,
    ServiceBusy,
    ServiceRejected,
    ServiceRejectedKey,
    ServiceUnavailable,
    StateChanged,
)
from tests.actions.calls import KEY, OFFERED, cancel, retry
from tests.actions.odd_service import Answer, OddService, hang_up, refusal, status

# ---------------------------------------------------------------- what is sent


def test_a_retry_says_who_why_and_on_what_state(service: OddService, client: ServiceClient) -> None:
    service.answer(status(202, {"job_id": "job_1", "status": "queued", "attempt": 2, "retry_count": 1}))
    assert retry(client) == Retried("queued", 2, 1)
    (seen,) = service.seen
    assert (seen.method, seen.path) == ("POST", "/v1/admin/jobs/job_1/retry")
    assert seen.body == {
        "reason": "공급자 복구됨",
        "from": "failed_step",
        "expected_status": "failed",
        "expected_updated_at": "2026-11-23T02:14:05.123456+00:00",
    }
    sent = {name.lower(): value for name, value in seen.headers.items()}
    assert sent["x-admin-key"] == KEY
    assert sent["x-operator"] == "olga@example.com"
    assert sent["x-request-id"] == sent["x-idempotency-key"] == "r-1"
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", sent["traceparent"])


def test_a_cancel_tells_what_was_spent(service: OddService, client: ServiceClient) -> None:
    service.answer(status(202, {"job_id": "job_1", "status": "cancelled", "cost_usd_spent": "0.123456789"}))
    assert cancel(client) == Cancelled("cancelled", Decimal("0.123456789"))
    assert service.seen[0].body == {
        "reason": "abuse",
        "expected_status": "running",
        "expected_updated_at": "2026-11-23T02:14:05.123456+00:00",
    }


@pytest.mark.parametrize("spent", [None, "NaN", "a lot", True, {}])
def test_a_cost_that_is_no_number_is_unknown(service: OddService, client: ServiceClient, spent: object) -> None:
    service.answer(status(202, {"status": "cancelled", "cost_usd_spent": spent}))
    assert cancel(client).cost_usd_spent is None


def test_every_call_has_a_trace_of_its_own(service: OddService, client: ServiceClient) -> None:
    service.answer(status(200, OFFERED))
    client.capabilities()
    client.capabilities()
    assert len({seen.headers["traceparent"] for seen in service.seen}) == 2
    assert len({seen.headers["X-Request-ID"] for seen in service.seen}) == 2


@pytest.mark.parametrize("name", ["김영희", "Zoë", "a\r\nX-Admin-Key: b", "100%", "\ud800", "O'Neil, Ann <a@b.c>"])
def test_any_name_fits_into_the_header(service: OddService, client: ServiceClient, name: str) -> None:
    service.answer(status(202, {"status": "queued"}))
    retry(client, request=Request(name, "r-1"))
    sent = service.seen[0].headers["X-Operator"]
    assert sent.isascii()
    assert unquote(sent) == name.replace("\ud800", "?")
    assert service.seen[0].headers["X-Admin-Key"] == KEY


@pytest.mark.parametrize("job_id", ["a/b?c#d", "job 1", "%2e", "../guardrails", "책", "x" * 60])
def test_a_job_id_stays_one_part_of_the_path(service: OddService, client: ServiceClient, job_id: str) -> None:
    service.answer(status(202, {"status": "queued"}))
    retry(client, job_id)
    *start, sent, verb = service.seen[0].path.split("/")
    assert (start, unquote(sent), verb) == (["", "v1", "admin", "jobs"], job_id, "retry")


@pytest.mark.parametrize("key", [KEY, f" {KEY}\n"])
def test_a_key_from_a_file_may_end_in_a_line_break(service: OddService, key: str) -> None:
    service.answer(status(200, OFFERED))
    with ServiceClient(service.url, key, deadline=timedelta(seconds=5)) as opened:
        opened.capabilities()
    assert service.seen[0].headers["X-Admin-Key"] == KEY


def test_an_address_with_a_path_keeps_it(service: OddService) -> None:
    service.answer(status(200, OFFERED))
    with ServiceClient(f"{service.url}/books/", KEY, deadline=timedelta(seconds=5)) as opened:
        opened.capabilities()
    assert service.seen[0].path == "/books/v1/admin/capabilities"


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (refusal(409, "state_changed", status="running"), StateChanged, "it is running now"),
        (refusal(409, "not_retryable", status="done"), NotRetryable, "A job that is done"),
        (refusal(409, "retry_limit_reached", limit=3, retry_count=3), RetryLimitReached, "3 times"),
        (refusal(409, "already_finished", status="done"), AlreadyFinished, "(done)"),
        (refusal(503, "provider_unavailable", {"Retry-After": "27"}), ProviderUnavailable, "wait 27 s"),
        (refusal(503, "provider_unavailable", {"Retry-After": "soon"}), ProviderUnavailable, "wait a few s"),
        (refusal(404, "job_not_found", job_id="job_1"), JobNotFound, "no job job_1"),
        (status(404, {"detail": "Not Found"}), NotOffered, "does not offer job.retry"),
        (status(404, text="<html>nothing here</html>"), NotOffered, "does not offer"),
        (status(405, {"detail": "Method Not Allowed"}), NotOffered, "does not offer"),
        (refusal(401, "admin_key_invalid"), ServiceRejectedKey, "OPS_SERVICE_ADMIN_KEY"),
        (status(403, text="forbidden"), ServiceRejectedKey, "OPS_SERVICE_ADMIN_KEY"),
        (refusal(422, "out_of_range"), ServiceRejected, "refused: out_of_range"),
        (refusal(429, "daily_limit_exceeded"), ServiceRejected, "429 daily_limit_exceeded"),
        (refusal(429, "slow_down", {"Retry-After": "7"}), ServiceBusy, "wait 7 s"),
        (status(429, text="", headers={"Retry-After": "0"}), ServiceBusy, "wait 1 s"),
        (status(429, text="", headers={"Retry-After": "9" * 100}), ServiceRejected, "429"),
        (status(429, text="", headers={"Retry-After": "Tue, 24 Nov 2026 00:00:00 GMT"}), ServiceRejected, "429"),
        (status(422, {"detail": [{"loc": ["body", "from"]}]}), ServiceRejected, "422"),
        (status(302, text="", headers={"Location": "/login"}), ServiceRejected, "302"),
        (status(409, text="<html>conflict</html>"), ServiceRejected, "409"),
        (status(500, text="<html>Traceback</html>"), ServiceUnavailable, "it answered 500"),
        (status(503, text=""), ServiceUnavailable, "it answered 503"),
        (refusal(503, "database_unavailable"), ServiceUnavailable, "503 database_unavailable"),
        (status(502, {"error": "a string", "detail": None}), ServiceUnavailable, "it answered 502"),
        (status(202, text="<html>Welcome</html>"), MalformedAnswer, "no JSON object"),
        (status(202, text=""), MalformedAnswer, "no JSON object"),
        (status(202, text='{"status": "que'), MalformedAnswer, "no JSON object"),
        (status(202, ["queued"]), MalformedAnswer, "no JSON object"),
        (status(202, {"attempt": 2}), MalformedAnswer, "no text in status"),
        (hang_up, ServiceUnavailable, "the connection broke"),
    ],
)
def test_every_answer_has_its_sentence(
    service: OddService, client: ServiceClient, answer: Answer, error: type[ActionError], sentence: str
) -> None:
    service.answer(answer)
    with pytest.raises(error, match=re.escape(sentence)) as caught:
        retry(client)
    assert type(caught.value) is error
    assert len(service.seen) == 1
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_what_the_service_says_is_bounded_and_plain(service: OddService, client: ServiceClient) -> None:
    service.answer(status(409, {"detail": "a\x00\x1b[31m" + "b" * 100_000}))
    with pytest.raises(ServiceRejected) as caught:
        retry(client)
    assert caught.value.fields["detail"].startswith("a[31mbbb")
    assert len(caught.value.fields["detail"]) == 300


def test_capabilities(service: OddService, client: ServiceClient) -> None:
    service.answer(status(200, OFFERED))
    assert client.capabilities() == Capabilities(frozenset({"retry", "cancel"}), "1.4.0")


@pytest.mark.parametrize(
    "answer",
    [
        status(404, {"detail": "Not Found"}),
        refusal(404, "no_such_route"),
        status(404, text="<html>"),
        status(405, text=""),
        status(200, text="<html>the app</html>"),
        status(200, {"hello": "world"}),
    ],
)
def test_a_service_without_a_control_api(service: OddService, client: ServiceClient, answer: Answer) -> None:
    service.answer(answer)
    assert client.capabilities() is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status(401, text=""), ServiceRejectedKey),
        (status(403, text=""), ServiceRejectedKey),
        (status(500, text=""), ServiceUnavailable),
        (status(302, text=""), ServiceRejected),
    ],
)
def test_capabilities_that_cannot_be_asked_are_not_none(
    service: OddService, client: ServiceClient, answer: Answer, error: type[ActionError]
) -> None:
    service.answer(answer)
    with pytest.raises(error):
        client.capabilities()


def test_intake(service: OddService, client: ServiceClient) -> None:
    service.answer(status(200, {"accepting": False, "reason": "cost explosion"}))
    assert client.intake() == Intake(accepting=False, reason="cost explosion")
    service.answer(status(200, {"accepting": "yes"}))
    with pytest.raises(MalformedAnswer):
        client.intake()


@pytest.mark.parametrize("code", [200, 503])
def test_an_unhealthy_service_still_reports(service: OddService, client: ServiceClient, code: int) -> None:
    service.answer(status(code, {"status": "degraded", "jobs": {"stuck": 3}}))
    assert client.health() == {"status": "degraded", "jobs": {"stuck": 3}}


def test_a_gateways_error_is_no_report(service: OddService, client: ServiceClient) -> None:
    service.answer(status(503, text="<html>no upstream</html>"))
    with pytest.raises(ServiceUnavailable):
        client.health()
