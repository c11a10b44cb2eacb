"""Why a request is refused. The docstring is the message; its {fields} come from the details."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel


class Refused(Exception):
    """The request was refused."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"

    def __init__(self, *, retry_after: int | None = None, **details: Any) -> None:
        self.details = details
        self.retry_after = retry_after
        super().__init__((self.__doc__ or "").format(**details))

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class Error(BaseModel):
    """What went wrong, for programs."""

    code: str
    message: str
    details: dict[str, Any]


class Envelope(BaseModel):
    """The body of every error answer, as the API's document describes it."""

    detail: str
    error: Error
    request_id: str


def envelope(code: str, message: str, details: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The body of every error answer."""
    error = {"code": code, "message": message, "details": details}
    return {"detail": message, "error": error, "request_id": request_id}


class AdminKeyWrong(Refused):
    """The header X-Admin-Key is missing or wrong."""

    status, code = 401, "admin_key_invalid"


class UserKeyMissing(Refused):
    """The header X-User-Key is missing, or is longer than 80 characters."""

    status, code = 401, "user_key_required"


class JobNotFound(Refused):
    """There is no job {job_id}."""

    status, code = 404, "job_not_found"


class ProviderNotFound(Refused):
    """There is no provider {name}."""

    status, code = 404, "provider_not_found"


class StateChanged(Refused):
    """The job changed meanwhile: it is {status}."""

    status, code = 409, "state_changed"


class NotRetryable(Refused):
    """A job that is {status} cannot be retried, unless it is failed or stuck."""

    status, code = 409, "not_retryable"


class RetryLimitReached(Refused):
    """The job was retried {retry_count} times already; the limit is {limit}."""

    status, code = 409, "retry_limit_reached"


class AlreadyFinished(Refused):
    """The job is finished already: it is {status}."""

    status, code = 409, "already_finished"


class ProviderUnavailable(Refused):
    """The provider {provider}, which the job needs next, is failing: its circuit breaker is open."""

    status, code = 503, "provider_unavailable"


class GuardrailsChanged(Refused):
    """Somebody changed the guardrails meanwhile: read them again."""

    status, code = 412, "guardrails_changed"


class IfMatchMissing(Refused):
    """The header If-Match is missing: send the ETag of the guardrails that you decided on."""

    status, code = 428, "if_match_required"


class UnknownLimit(Refused):
    """There is no limit {limit}."""

    status, code = 422, "unknown_limit"


class OutOfRange(Refused):
    """{limit} may be {min} to {max}, not {value}."""

    status, code = 422, "out_of_range"


class NotANumber(Refused):
    """{limit} takes a {unit}."""

    status, code = 422, "not_a_number"


class NothingToChange(Refused):
    """Name at least one limit and its new value."""

    status, code = 422, "nothing_to_change"


class ExpiryInThePast(Refused):
    """expires_at must lie in the future."""

    status, code = 422, "expiry_in_the_past"


class ExpiryTooLate(Refused):
    """A temporary limit may last {days} days at most."""

    status, code = 422, "expiry_too_late"


class IdempotencyKeyReused(Refused):
    """This X-Idempotency-Key was used for another request."""

    status, code = 422, "idempotency_key_reused"


class DailyLimitExceeded(Refused):
    """The daily limit of {limit} books for one user is reached."""

    status, code = 429, "daily_limit_exceeded"


class TooManyPendingJobs(Refused):
    """No more than {limit} books may wait or be made for one user at the same time."""

    status, code = 429, "too_many_pending_jobs"


class ServiceBudgetExceeded(Refused):
    """The service's budget for today, {limit} {unit}, is used up."""

    status, code = 429, "service_budget_exceeded"


class SystemOverloaded(Refused):
    """The service makes no more than {limit} books at the same time: try again later."""

    status, code = 503, "system_overloaded"


class IntakeClosed(Refused):
    """The service takes no new books for the moment."""

    status, code = 503, "intake_closed"


class DatabaseUnavailable(Refused):
    """The database does not answer."""

    status, code = 503, "database_unavailable"
