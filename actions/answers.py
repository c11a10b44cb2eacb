"""What the service answers with, read tolerantly: JSON, an error envelope, or something else altogether."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import cast

import httpx

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
from actions.reasons import cleaned

KEY_SETTING = "OPS_SERVICE_ADMIN_KEY"
# A sentence for the operator; more is a page of HTML or a traceback.
DETAIL_LIMIT = 300
# Eleven days; a longer number of seconds is nonsense.
WAIT_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the service's control API offers. max_retries is None where the service does not say."""

    actions: frozenset[str]
    version: str
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Retried:
    status: str
    attempt: int | None
    retry_count: int | None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """cost_usd_spent is None where the service could not tell."""

    status: str
    cost_usd_spent: Decimal | None


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One limit; expires_at is when a temporary value reverts, None for a lasting one."""

    value: Decimal
    min: Decimal | None
    max: Decimal | None
    default: Decimal | None
    description: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Guardrails:
    """The service's limits by name, and the ETag that a change must name."""

    limits: Mapping[str, Guardrail]
    etag: str


@dataclass(frozen=True, slots=True)
class Intake:
    """Whether the service takes new jobs, and why not; who switched it last and when, where the service tells."""

    accepting: bool
    reason: str
    changed_by: str | None = None
    changed_at: datetime | None = None


def document(response: httpx.Response) -> Mapping[str, object] | None:
    """The answer's JSON object, or None where it is something else."""
    try:
        value = response.json()
    except ValueError:
        return None
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def accepted(response: httpx.Response, action: str, job_id: str = "") -> Mapping[str, object]:
    """The JSON object of a 2xx answer; raises the ActionError that any other answer means."""
    if not response.is_success:
        raise _refusal(response, action, job_id)
    answer = document(response)
    if answer is None:
        raise MalformedAnswer(detail=f"{response.status_code}, but no JSON object")
    return answer


def text(answer: Mapping[str, object], name: str) -> str:
    """A string field; raises MalformedAnswer."""
    value = answer.get(name)
    if not isinstance(value, str):
        raise MalformedAnswer(detail=f"no text in {name}")
    return cleaned(value)[:DETAIL_LIMIT]


def whole(answer: Mapping[str, object], name: str) -> int | None:
    value = answer.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(answer: Mapping[str, object], name: str) -> Decimal | None:
    """A number, also one that came as a string; None where there is none."""
    value = answer.get(name)
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def instant(answer: Mapping[str, object], name: str) -> datetime | None:
    """An instant with its zone; raises MalformedAnswer on anything else but null."""
    found = instant_or_none(answer, name)
    if found is None and answer.get(name) is not None:
        raise MalformedAnswer(detail=f"no instant in {name}")
    return found


def instant_or_none(answer: Mapping[str, object], name: str) -> datetime | None:
    """As instant(), but None where it is anything else, too: for what is only told beside."""
    try:
        found = datetime.fromisoformat(str(answer.get(name)))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def guardrail(name: str, limit: object) -> Guardrail:
    """Raises MalformedAnswer when the limit has no value."""
    fields = cast("Mapping[str, object]", limit) if isinstance(limit, dict) else {}
    value = number(fields, "value")
    if value is None:
        raise MalformedAnswer(detail=f"no number in {name}.value")
    return Guardrail(
        value=value,
        min=number(fields, "min"),
        max=number(fields, "max"),
        default=number(fields, "default"),
        description=cleaned(str(fields.get("description") or "")),
        expires_at=instant(fields, "expires_at"),
    )


def intake(answer: Mapping[str, object]) -> Intake:
    """Raises MalformedAnswer where it does not say whether new jobs are taken; the rest may be missing."""
    accepting = answer.get("accepting")
    if not isinstance(accepting, bool):
        raise MalformedAnswer(detail="no true or false in accepting")
    who = short(answer.get("changed_by"))
    return Intake(accepting, short(answer.get("reason")), who or None, instant_or_none(answer, "changed_at"))


def short(value: object) -> str:
    """Any value as one plain, bounded line; "" for None."""
    return cleaned(str(value or ""))[:DETAIL_LIMIT]


def part(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An object within the answer; empty where there is none."""
    value = answer.get(name)
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _refusal(response: httpx.Response, action: str, job_id: str) -> ActionError:
    """What an answer outside 2xx means, by the envelope's code first, then by the status."""
    answer = document(response) or {}
    error = part(answer, "error")
    code = str(error.get("code") or "")
    known = _by_code(code, part(error, "details"), response)
    return known or _by_status(response, action, job_id, code, _sentence(answer, error))


def _by_code(code: str, details: Mapping[str, object], response: httpx.Response) -> ActionError | None:
    status = cleaned(str(details.get("status") or "in another state"))
    match code:
        case "state_changed":
            return StateChanged(status=status)
        case "not_retryable":
            return NotRetryable(status=status)
        case "already_finished":
            return AlreadyFinished(status=status)
        case "retry_limit_reached":
            return RetryLimitReached(limit=whole(details, "limit") or 3)
        case "provider_unavailable":
            return ProviderUnavailable(seconds=_wait(response) or "a few")
        case _:
            return None


def _wait(response: httpx.Response) -> int | None:
    """The seconds of Retry-After, which may also be a date, or missing: then None."""
    wait = response.headers.get("Retry-After", "")
    return max(1, int(wait)) if wait.isdecimal() and len(wait) <= WAIT_DIGITS else None


def _by_status(response: httpx.Response, action: str, job_id: str, code: str, detail: str) -> ActionError:
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return ServiceRejectedKey(setting=KEY_SETTING)
        case HTTPStatus.NOT_FOUND if code and job_id:
            return JobNotFound(job_id=job_id)
        case HTTPStatus.TOO_MANY_REQUESTS if wait := _wait(response):
            return ServiceBusy(seconds=wait)
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            # A missing route answers without the envelope's code.
            return NotOffered(action=action)
        case status if response.is_server_error:
            return ServiceUnavailable(detail=f"it answered {status} {code}".strip())
        case status:
            return ServiceRejected(status=status, code=code, detail=detail)


def _sentence(answer: Mapping[str, object], error: Mapping[str, object]) -> str:
    told = error.get("message") or answer.get("detail") or "no explanation"
    return cleaned(str(told))[:DETAIL_LIMIT]
