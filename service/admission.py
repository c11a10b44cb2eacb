"""Who may have a new book made: the guardrails at POST /v1/books."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from service import clock, guardrails, intake, jobs, ledger
from service.database import Row
from service.errors import (
    DailyLimitExceeded,
    IntakeClosed,
    Refused,
    ServiceBudgetExceeded,
    SystemOverloaded,
    TooManyPendingJobs,
)
from service.guardrail_history import number
from service.guardrails import Guardrail, Guardrails
from service.metrics import INTAKE
from service.settings import Settings

ADMISSION_LOCK = 7_301_002
PENDING_RETRY_SECONDS = 30
INTAKE_RETRY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Order:
    """A user's wish for a book. request is what the steps read."""

    user_key: str
    profile_id: str | None
    idempotency_key: str | None
    trace_id: str
    request: dict[str, Any]


class Rejected(Exception):
    """A guardrail refused the book; limit names it."""

    def __init__(self, limit: str, refusal: Refused) -> None:
        super().__init__(limit)
        self.limit = limit
        self.refusal = refusal


def admit(connection: Connection[Row], settings: Settings, order: Order, *, now: datetime | None = None) -> str:
    """Queue a book and return its job id, or that of the first request with the same key; raises Rejected.

    One lock for all admissions, held until the commit: no limit can be raced past, not even the service-wide ones.

    now, an aware instant, replays the past in tests; without it the database's clock counts, read under the lock.
    By now go the job's id, created_at, updated_at and its event "created"; whether a temporary limit still holds;
    and the service's day: jobs created in it up to now (inclusive) count, whatever became of them, and so do calls
    in the ledger. Not by now go the intake, lasting limits and which jobs are pending: they are as they stand.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", [ADMISSION_LOCK])
    existing = _first_answer(connection, order)
    if existing is not None:
        return existing
    if not intake.read(connection).accepting:
        raise Rejected(INTAKE, IntakeClosed(retry_after=INTAKE_RETRY_SECONDS))
    at = now or clock.now(connection)
    rails = guardrails.read(connection, at)
    _check_pending(connection, rails, order.user_key)
    _check_day(connection, rails, order.user_key, settings, at)
    return _queue(connection, order, at)


def _queue(connection: Connection[Row], order: Order, at: datetime) -> str:
    job_id = f"job_{at.astimezone(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"
    jobs.create(
        connection,
        job_id,
        user_key=order.user_key,
        profile_id=order.profile_id,
        idempotency_key=order.idempotency_key,
        trace_id=order.trace_id,
        request=order.request,
        at=at,
    )
    return job_id


def _first_answer(connection: Connection[Row], order: Order) -> str | None:
    if order.idempotency_key is None:
        return None
    row = connection.execute(
        "select id from jobs where user_key = %s and idempotency_key = %s", [order.user_key, order.idempotency_key]
    ).fetchone()
    return None if row is None else str(row["id"])


def _check_pending(connection: Connection[Row], rails: Guardrails, user_key: str) -> None:
    pending = _one(
        connection,
        "select count(*) as everybody, count(*) filter (where user_key = %s) as own"
        " from jobs where status in ('queued', 'running')",
        [user_key],
    )
    if pending["own"] >= (limit := rails["max_pending_jobs_per_user"].value):
        refusal = TooManyPendingJobs(retry_after=PENDING_RETRY_SECONDS, limit=int(limit))
        raise Rejected("max_pending_jobs_per_user", refusal)
    if pending["everybody"] >= (limit := rails["max_pending_jobs"].value):
        raise Rejected("max_pending_jobs", SystemOverloaded(retry_after=PENDING_RETRY_SECONDS, limit=int(limit)))


def _check_day(
    connection: Connection[Row], rails: Guardrails, user_key: str, settings: Settings, now: datetime
) -> None:
    """The day is the service's. A budget of 0 is off, a daily limit of 0 lets nobody in."""
    tomorrow = seconds_to_tomorrow(now.astimezone(settings.zone))
    zone = settings.timezone
    if _made_today(connection, zone, user_key, now) >= (limit := rails["daily_job_limit_per_user"].value):
        raise Rejected("daily_job_limit_per_user", DailyLimitExceeded(retry_after=tomorrow, limit=int(limit)))
    budget = rails["daily_generation_budget"]
    if budget.value and _made_today(connection, zone, None, now) >= budget.value:
        raise _over_budget(budget, tomorrow)
    usd = rails["daily_cost_limit_usd"]
    if usd.value and ledger.spent_today(connection, settings.zone, now) >= usd.value:
        raise _over_budget(usd, tomorrow)


def _over_budget(rail: Guardrail, tomorrow: int) -> Rejected:
    refusal = ServiceBudgetExceeded(retry_after=tomorrow, limit=number(rail.value), unit=rail.limit.unit)
    return Rejected(rail.limit.name, refusal)


def _made_today(connection: Connection[Row], zone: str, user_key: str | None, now: datetime) -> int:
    """Jobs created in the service's day until now, whatever became of them; of one user, or of all.

    Statuses are listed so that the index on (status, created_at) serves the count over all users.
    """
    made = _one(
        connection,
        "select count(*) as made from jobs where created_at <= %(now)s at time zone 'utc' and created_at >="
        " date_trunc('day', %(now)s at time zone %(zone)s) at time zone %(zone)s at time zone 'utc'"
        " and (user_key = %(user)s or (%(user)s::text is null"
        "   and status in ('queued', 'running', 'done', 'failed', 'cancelled')))",
        {"zone": zone, "user": user_key, "now": now},
    )
    return int(made["made"])


def seconds_to_tomorrow(now: datetime) -> int:
    """Whole seconds, rounded up, until now's zone has its next midnight."""
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    return int((midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()) + 1


def _one(connection: Connection[Row], statement: str, values: Any) -> Row:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None:
        raise LookupError("an aggregate gave no row")
    return row
