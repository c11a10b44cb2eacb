"""The control API: retry, cancel, guardrails, intake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse
from psycopg import Connection
from pydantic import AfterValidator, ConfigDict, Field

from service import guardrail_history, guardrails, intake, jobs, metrics
from service.database import Row
from service.errors import IfMatchMissing
from service.idempotency import Answer
from service.jobs import Expected, Start
from service.requests import ADMIN, Actor, Body, Reason, Serving, Writing, once

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=ADMIN)

ACTIONS = ("retry", "cancel", "guardrails", "intake")


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


Instant = Annotated[datetime, AfterValidator(_utc)]


class CancelRequest(Body):
    """expected_*: the state the operator saw; the request is refused where the job has moved on since."""

    reason: Reason
    expected_status: str | None = None
    expected_updated_at: Instant | None = None

    @property
    def expected(self) -> Expected:
        return Expected(self.expected_status, self.expected_updated_at)


class RetryRequest(CancelRequest):
    """from failed_step keeps what was paid for, from start buys everything again."""

    start: Start = Field(default="failed_step", alias="from")


class IntakeRequest(Body):
    """Whether new books are taken."""

    accepting: bool
    reason: Reason


class GuardrailsPatch(Body):
    """Limits by name beside reason and expires_at."""

    model_config = ConfigDict(extra="allow", frozen=True)

    reason: Reason
    expires_at: Instant | None = None

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


@router.get("/capabilities")
def capabilities(service: Serving) -> dict[str, Any]:
    """What this service offers."""
    return {
        "actions": list(ACTIONS),
        "version": service.settings.version,
        "timezone": service.settings.timezone,
        "max_retries": service.settings.max_retries,
        "guardrail_history": True,
    }


@router.post("/jobs/{job_id}/retry", status_code=202)
def retry(job_id: str, body: RetryRequest, service: Serving, write: Writing, actor: Actor) -> JSONResponse:
    """Queue a failed or stuck job again."""

    def act(connection: Connection[Row]) -> Answer:
        done = jobs.retry(
            connection,
            service.settings,
            job_id,
            step_p95=service.step_p95.get(connection),
            start=body.start,
            expected=body.expected,
            actor=actor,
            reason=body.reason,
        )
        return Answer(
            202,
            {"job_id": done.job_id, "status": "queued", "attempt": done.attempt, "retry_count": done.retry_count},
        )

    answer, response = once(service, write, act)
    if answer.status == response.status_code == 202 and not answer.replayed:  # noqa: PLR2004
        metrics.job_retries.labels("operator").inc()
    return response


@router.post("/jobs/{job_id}/cancel", status_code=202)
def cancel(job_id: str, body: CancelRequest, service: Serving, write: Writing, actor: Actor) -> JSONResponse:
    """Stop a waiting or running job."""
    ended: list[float] = []

    def act(connection: Connection[Row]) -> Answer:
        done = jobs.cancel(connection, job_id, expected=body.expected, actor=actor, reason=body.reason)
        ended.append(done.seconds)
        return Answer(
            202,
            {
                "job_id": done.job_id,
                "status": "cancelled",
                "cost_usd_spent": float(done.usd_spent),
                "unpriced_calls": done.unpriced_calls,
            },
        )

    _, response = once(service, write, act)
    for seconds in ended:
        metrics.finished("cancelled", None, seconds)
    return response


def _guardrails_answer(current: guardrails.Guardrails) -> Answer:
    return Answer(200, guardrails.as_json(current), {"ETag": guardrails.etag(current)})


@router.get("/guardrails")
def read_guardrails(service: Serving) -> JSONResponse:
    """Every limit with the value in force; the ETag goes into If-Match of a change."""
    with service.pool.connection() as connection:
        answer = _guardrails_answer(guardrails.read(connection))
    return JSONResponse(answer.body, headers=answer.headers)


@router.patch("/guardrails")
def change_guardrails(
    body: GuardrailsPatch,
    service: Serving,
    write: Writing,
    actor: Actor,
    if_match: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Set limits, for good or until expires_at."""

    def act(connection: Connection[Row]) -> Answer:
        if if_match is None:
            raise IfMatchMissing
        changed = guardrails.change(
            connection,
            body.values,
            if_match=if_match,
            expires_at=body.expires_at,
            actor=actor,
            reason=body.reason,
            request_id=write.request_id,
        )
        return _guardrails_answer(changed)

    return once(service, write, act)[1]


@router.get("/guardrails/history")
def read_guardrail_history(
    service: Serving,
    limit: Annotated[int, Query(ge=1, le=guardrail_history.MOST_CHANGES)] = 200,
    since: Instant | None = None,
) -> dict[str, Any]:
    """The limits' changes, the newest first. Where a temporary value ran out, the service itself changed it."""
    with service.pool.connection() as connection:
        return {"changes": guardrail_history.recent(connection, limit=limit, since=since)}


@router.get("/intake")
def read_intake(service: Serving) -> dict[str, Any]:
    """Whether new books are taken, and who decided so."""
    with service.pool.connection() as connection:
        return intake.read(connection).as_json()


@router.put("/intake")
def switch_intake(body: IntakeRequest, service: Serving, write: Writing, actor: Actor) -> JSONResponse:
    """Stop or resume taking new books."""

    def act(connection: Connection[Row]) -> Answer:
        switched = intake.switch(connection, accepting=body.accepting, actor=actor, reason=body.reason)
        return Answer(200, switched.as_json())

    return once(service, write, act)[1]
