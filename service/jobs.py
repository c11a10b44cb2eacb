"""What the control API does to a job. Each decision is made under the lock of the job's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from psycopg import Connection
from psycopg.types.json import Json

from service import breakers, events, ledger, runs, stuck
from service.database import Row
from service.errors import (
    AlreadyFinished,
    JobNotFound,
    NotRetryable,
    ProviderUnavailable,
    RetryLimitReached,
    StateChanged,
)
from service.providers import NEEDED
from service.settings import Settings
from service.steps import FIRST, QUEUED, Step, known

Start = Literal["failed_step", "start"]


@dataclass(frozen=True, slots=True)
class Expected:
    """The state an operator decided on; None is not checked."""

    status: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Retried:
    """A job queued again."""

    job_id: str
    attempt: int
    retry_count: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job that was stopped; seconds since its creation."""

    job_id: str
    usd_spent: Decimal
    unpriced_calls: int
    seconds: float


def utc(stamp: datetime) -> datetime:
    """The instant of a timestamp of the jobs table, which is UTC without saying so."""
    return stamp.replace(tzinfo=UTC)


def naive(instant: datetime) -> datetime:
    """The instant as a timestamp of the jobs table."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def _locked(connection: Connection[Row], job_id: str, expected: Expected) -> Row:
    """The job's row under its lock, in the expected state; raises JobNotFound or StateChanged."""
    # no text of the database can hold a null character, and asking for one is an error
    found = "\x00" not in job_id
    job = connection.execute("select * from jobs where id = %s for update", [job_id]).fetchone() if found else None
    if job is None:
        raise JobNotFound(job_id=job_id)
    same_status = expected.status in (None, job["status"])
    if not (same_status and expected.updated_at in (None, utc(job["updated_at"]))):
        raise StateChanged(status=job["status"], updated_at=utc(job["updated_at"]).isoformat())
    return job


def retry(
    connection: Connection[Row],
    settings: Settings,
    job_id: str,
    *,
    step_p95: Mapping[str, float],
    start: Start,
    expected: Expected,
    actor: str,
    reason: str,
) -> Retried:
    """Queue a failed or stuck job again under a new attempt; raises Refused. step_p95 is stuck.step_p95()'s."""
    job = _locked(connection, job_id, expected)
    if not (
        job["status"] == "failed"
        or _is_abandoned(connection, settings, job_id)
        or stuck.is_stuck(connection, settings, step_p95, job_id)
    ):
        raise NotRetryable(status=job["status"])
    if job["retry_count"] >= settings.max_retries:
        raise RetryLimitReached(retry_count=job["retry_count"], limit=settings.max_retries)
    step = FIRST if start == "start" else known(job["current_step"])
    _refuse_into_outage(connection, settings, step)
    attempt = requeue(connection, job, step, afresh=start == "start")
    detail = {"from": start, "step": step, "reason": reason}
    events.record(connection, job_id, attempt, "retried", actor=actor, **detail)
    return Retried(job_id, attempt, job["retry_count"] + 1)


def _is_abandoned(connection: Connection[Row], settings: Settings, job_id: str) -> bool:
    """Whether the job runs without a living worker that holds it."""
    row = connection.execute(
        "select 1 from jobs j where j.id = %s and j.status = 'running' and not exists ("
        " select 1 from runs r join workers w on w.id = r.worker_id where r.job_id = j.id and r.token is not null"
        " and w.heartbeat_at > clock_timestamp() - make_interval(secs => %s))",
        [job_id, settings.worker_timeout_seconds],
    ).fetchone()
    return row is not None


def _refuse_into_outage(connection: Connection[Row], settings: Settings, step: Step) -> None:
    breaker = breakers.read(connection, NEEDED[step].name, settings)
    if breaker.state == "open":
        raise ProviderUnavailable(retry_after=max(1, breaker.seconds_to_trial), provider=breaker.provider)


def requeue(connection: Connection[Row], job: Mapping[str, Any], step: Step, *, afresh: bool) -> int:
    """Queue a locked job under a new attempt, which fences the old worker off; returns the attempt.

    afresh throws away what the steps have made: images are bought again.
    """
    attempt = int(runs.ensure(connection, job["id"], job["retry_count"])["attempt"]) + 1
    connection.execute(
        "update runs set attempt = %s, token = null, worker_id = null, start_step = %s,"
        " artefacts = case when %s then '{}' else artefacts end where job_id = %s",
        [attempt, step, afresh, job["id"]],
    )
    connection.execute(
        "update jobs set status = 'queued', error_code = null, error_message = null,"
        " retry_count = retry_count + 1, last_retry_at = clock_timestamp() at time zone 'utc',"
        " updated_at = clock_timestamp() at time zone 'utc',"
        " current_step = case when %(afresh)s then %(queued)s else current_step end,"
        " progress = case when %(afresh)s then 0 else progress end where id = %(job)s",
        {"afresh": afresh, "queued": QUEUED, "job": job["id"]},
    )
    return attempt


def cancel(connection: Connection[Row], job_id: str, *, expected: Expected, actor: str, reason: str) -> Cancelled:
    """Stop an open job for good; its worker is fenced off. Raises Refused."""
    job = _locked(connection, job_id, expected)
    if job["status"] not in ("queued", "running"):
        raise AlreadyFinished(status=job["status"])
    attempt, seconds = end(connection, job, "cancelled", None, None)
    events.record(connection, job_id, attempt, "cancelled", actor=actor, reason=reason)
    spent = ledger.spent_on(connection, job_id)
    return Cancelled(job_id, spent.usd, spent.unpriced_calls, seconds)


def end(
    connection: Connection[Row], job: Mapping[str, Any], status: str, code: str | None, message: str | None
) -> tuple[int, float]:
    """End a locked job from outside its worker; returns the attempt and the seconds since its creation."""
    run = runs.ensure(connection, job["id"], job["retry_count"])
    connection.execute("update runs set token = null, worker_id = null where job_id = %s", [job["id"]])
    row = connection.execute(
        "update jobs set status = %s, error_code = %s, error_message = %s,"
        " updated_at = clock_timestamp() at time zone 'utc' where id = %s"
        " returning extract(epoch from updated_at - created_at)::float8 as seconds",
        [status, code, message, job["id"]],
    ).fetchone()
    return int(run["attempt"]), 0.0 if row is None else float(row["seconds"])


def create(
    connection: Connection[Row],
    job_id: str,
    *,
    user_key: str,
    profile_id: str | None,
    idempotency_key: str | None,
    trace_id: str,
    request: dict[str, Any],
    at: datetime,
) -> None:
    """Queue a new job, created at that instant."""
    stamp = naive(at)
    connection.execute(
        "insert into jobs (id, status, user_key, profile_id, idempotency_key, trace_id, created_at, updated_at)"
        " values (%s, 'queued', %s, %s, %s, %s, %s, %s)",
        [job_id, user_key, profile_id, idempotency_key, trace_id, stamp, stamp],
    )
    connection.execute("insert into runs (job_id, request) values (%s, %s)", [job_id, Json(request)])
    events.record(connection, job_id, 1, "created", at, actor="user")
