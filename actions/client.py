"""The service's control API."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from types import TracebackType
from typing import Literal, Self, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx

from actions import answers
from actions.answers import Cancelled, Capabilities, GuardrailChange, Guardrails, Intake, Retried
from actions.errors import MalformedAnswer, NotOffered
from actions.reasons import cleaned
from actions.refusals import accepted
from actions.transport import PAUSE, Transport

T = TypeVar("T")
Start = Literal["failed_step", "start"]

# Who the console is when it asks for itself, not for a person.
CONSOLE = "ops-dashboard"
# The most changes of limits that a service answers at a time.
HISTORY_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """On whose behalf, and the id that makes a repeat harmless and findable in the service's logs."""

    operator: str
    id: str


class ServiceClient:
    """Every call raises ServiceUnavailable, ServiceRejectedKey, MalformedAnswer, NotOffered; close() it."""

    def __init__(
        self, base_url: str, admin_key: str, *, deadline: timedelta, breaker_pause: timedelta = PAUSE
    ) -> None:
        """base_url without /v1; deadline for a whole call. Raises NotConfigured on an address that is none."""
        # A key from a file ends in a line break, which no header may hold.
        key = admin_key.strip()
        headers = {"X-Admin-Key": key, "Accept": "application/json"}
        self._transport = Transport(base_url, headers, secret=key, deadline=deadline, pause=breaker_pause)

    def close(self) -> None:
        self._transport.close()

    @property
    def is_paused(self) -> bool:
        """Whether calls fail at once for a moment, since several in a row were not answered."""
        return self._transport.is_paused

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def capabilities(self) -> Capabilities | None:
        """None: the service has no control API, only its database can be read."""
        return self._get("/v1/admin/capabilities", _capabilities)

    def retry(
        self,
        job_id: str,
        *,
        start: Start,
        reason: str,
        expected_status: str,
        expected_updated_at: datetime,
        request: Request,
    ) -> Retried:
        """Also raises StateChanged, NotRetryable, RetryLimitReached, ProviderUnavailable, JobNotFound."""
        body = {
            "reason": reason,
            "from": start,
            "expected_status": expected_status,
            "expected_updated_at": expected_updated_at.isoformat(),
        }
        answer = self._post_to_job(job_id, "retry", body, request)
        return Retried(
            answers.text(answer, "status"), answers.whole(answer, "attempt"), answers.whole(answer, "retry_count")
        )

    def cancel(
        self,
        job_id: str,
        *,
        reason: str,
        expected_status: str,
        expected_updated_at: datetime,
        request: Request,
    ) -> Cancelled:
        """Also raises StateChanged, AlreadyFinished, JobNotFound."""
        body = {
            "reason": reason,
            "expected_status": expected_status,
            "expected_updated_at": expected_updated_at.isoformat(),
        }
        answer = self._post_to_job(job_id, "cancel", body, request)
        return Cancelled(answers.text(answer, "status"), answers.number(answer, "cost_usd_spent"))

    def guardrails(self) -> Guardrails:
        """Whatever limits the service lists."""
        return self._get("/v1/admin/guardrails", _guardrails)

    def change_guardrails(
        self,
        values: Mapping[str, Decimal],
        *,
        reason: str,
        expires_at: datetime | None,
        etag: str,
        request: Request,
    ) -> Guardrails:
        """Set limits by name, for good or until expires_at (aware), if the limits still have the ETag.

        What holds after it. Also raises GuardrailsChanged, LimitOutOfRange, ExpiryPassed, ExpiryTooLate.
        """
        if not etag or not etag.isascii():
            raise NotOffered(action="a change that nobody else's can cross (its limits have no ETag)")
        headers = _headers(request) | {"X-Idempotency-Key": _header(request.id), "If-Match": etag}
        until = {} if expires_at is None else {"expires_at": expires_at.astimezone(UTC).isoformat()}
        body = {name: _plain(value) for name, value in values.items()} | {"reason": reason} | until
        sent = self._transport.request("PATCH", "/v1/admin/guardrails", headers, body)
        return self._transport.call(sent, _guardrails)

    def guardrail_history(self, limit: int = 200, since: datetime | None = None) -> tuple[GuardrailChange, ...]:
        """The newest changes of any limit, newest first; since (aware) leaves out those before it."""
        asked = {"limit": str(limit)} | ({} if since is None else {"since": since.astimezone(UTC).isoformat()})
        return self._get(f"/v1/admin/guardrails/history?{urlencode(asked)}", _history)

    def intake(self) -> Intake:
        """Whether the service takes new jobs."""
        return self._get("/v1/admin/intake", _intake)

    def switch_intake(self, *, accepting: bool, reason: str, request: Request) -> Intake:
        """Stop or resume taking new jobs; what holds after it."""
        headers = _headers(request) | {"X-Idempotency-Key": _header(request.id)}
        body = {"accepting": accepting, "reason": reason}
        return self._transport.call(self._transport.request("PUT", "/v1/admin/intake", headers, body), _intake)

    def health(self) -> Mapping[str, object]:
        """The service's own report: status, version, services, jobs, warnings, config, as it gives them."""
        return self._get("/health/detailed", _health)

    def _get(self, path: str, read: Callable[[httpx.Response], T]) -> T:
        headers = _headers(Request(CONSOLE, str(uuid4())))
        return self._transport.call(self._transport.request("GET", path, headers), read)

    def _post_to_job(
        self, job_id: str, verb: str, body: Mapping[str, object], request: Request
    ) -> Mapping[str, object]:
        headers = _headers(request) | {"X-Idempotency-Key": _header(request.id)}
        path = f"/v1/admin/jobs/{quote(job_id, safe='', errors='replace')}/{verb}"
        return self._transport.call(
            self._transport.request("POST", path, headers, body),
            lambda response: accepted(response, f"job.{verb}", job_id),
        )


def _headers(request: Request) -> dict[str, str]:
    return {
        "X-Operator": _header(request.operator),
        "X-Request-ID": _header(request.id),
        "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
    }


def _header(value: str) -> str:
    """Percent-encoded where a header could not hold it; an address or an id stays as it is."""
    return quote(value, safe=" @+,:;=()'\"/!*", errors="replace").strip()


def _capabilities(response: httpx.Response) -> Capabilities | None:
    if response.is_success and answers.document(response) is None:
        return None
    try:
        answer = accepted(response, "capabilities")
    except NotOffered:
        return None
    actions = answer.get("actions")
    if not isinstance(actions, list):
        return None
    version = cleaned(str(answer.get("version") or ""))
    return Capabilities(frozenset(map(str, actions)), version, answers.whole(answer, "max_retries"))


def _guardrails(response: httpx.Response) -> Guardrails:
    answer = accepted(response, "guardrails")
    limits = {name: answers.guardrail(name, limit) for name, limit in answer.items() if isinstance(limit, dict)}
    return Guardrails(limits, response.headers.get("ETag", ""))


def _history(response: httpx.Response) -> tuple[GuardrailChange, ...]:
    changes = accepted(response, "a history of its limits").get("changes")
    if not isinstance(changes, list):
        raise MalformedAnswer(detail="no list in changes")
    return tuple(answers.guardrail_change(change if isinstance(change, dict) else {}) for change in changes)


def _plain(value: Decimal) -> int | float:
    """As a JSON number; a limit of jobs takes no other than a whole one."""
    return int(value) if value == value.to_integral_value() else float(value)


def _intake(response: httpx.Response) -> Intake:
    return answers.intake(accepted(response, "intake"))


def _health(response: httpx.Response) -> Mapping[str, object]:
    """An unhealthy service answers 503 with the same report."""
    report = answers.document(response)
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE and report is not None and "status" in report:
        return report
    return accepted(response, "health")
