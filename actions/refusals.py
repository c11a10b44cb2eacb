"""What an answer outside 2xx means: an error envelope, or something else altogether."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import httpx

from actions.answers import DETAIL_LIMIT, document, number, part, short, whole
from actions.errors import (
    ActionError,
    AlreadyFinished,
    ExpiryPassed,
    ExpiryTooLate,
    GuardrailsChanged,
    JobNotFound,
    LimitOutOfRange,
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
# Eleven days; a longer number of seconds is nonsense.
WAIT_DIGITS = 6
# What the contract allows a temporary limit, where a service does not say.
LONGEST_DAYS = 366


def accepted(response: httpx.Response, action: str, job_id: str = "") -> Mapping[str, object]:
    """The JSON object of a 2xx answer; raises the ActionError that any other answer means."""
    if not response.is_success:
        raise _refusal(response, action, job_id)
    answer = document(response)
    if answer is None:
        raise MalformedAnswer(detail=f"{response.status_code}, but no JSON object")
    return answer


def _refusal(response: httpx.Response, action: str, job_id: str) -> ActionError:
    """What an answer outside 2xx means, by the envelope's code first, then by the status."""
    answer = document(response) or {}
    error = part(answer, "error")
    code = str(error.get("code") or "")
    details = part(error, "details")
    known = _of_job(code, details, response) or _of_guardrails(code, details, response)
    return known or _by_status(response, action, job_id, code, _sentence(answer, error))


def _of_job(code: str, details: Mapping[str, object], response: httpx.Response) -> ActionError | None:
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


def _of_guardrails(code: str, details: Mapping[str, object], response: httpx.Response) -> ActionError | None:
    # Only changes of guardrails carry a precondition.
    if response.status_code == HTTPStatus.PRECONDITION_FAILED:
        return GuardrailsChanged()
    match code:
        case "expiry_in_the_past":
            return ExpiryPassed()
        case "expiry_too_late":
            return ExpiryTooLate(days=whole(details, "days") or LONGEST_DAYS)
        case "out_of_range":
            return _out_of_range(details)
        case _:
            return None


def _out_of_range(details: Mapping[str, object]) -> LimitOutOfRange | None:
    """None where the service does not tell the bounds: then its own sentence says more."""
    lowest, highest = number(details, "min"), number(details, "max")
    if lowest is None or highest is None:
        return None
    return LimitOutOfRange(limit=short(details.get("limit")) or "The limit", min=lowest, max=highest)


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
