"""The job monitor: every tick it recovers stuck jobs, or fails those that cannot be recovered."""

from __future__ import annotations

import signal
import threading

import psycopg
from psycopg import Connection
from psycopg_pool import PoolTimeout

from service import database, events, guardrail_history, idempotency, jobs, metrics, rejections
from service.database import Pool, Row
from service.logs import log
from service.settings import Settings
from service.steps import known

ACTOR = "monitor"
# so that one transaction never holds more rows than this
BATCH = 200

Outcome = tuple[str, str | None, float]


def main(settings: Settings) -> None:
    """Tick until SIGTERM or SIGINT."""
    database.migrate(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    log.info("monitor started", tick_seconds=settings.monitor_tick_seconds)
    with database.pool(settings, size=2, name="monitor") as pool:
        while not stopping.is_set():
            try:
                tick(pool, settings)
            except (psycopg.OperationalError, PoolTimeout) as error:
                log.warning("database does not answer", error=type(error).__name__)
            stopping.wait(settings.monitor_tick_seconds)
    log.info("monitor stopped")


def tick(pool: Pool, settings: Settings) -> None:
    """See to every stuck job, then stamp the run."""
    while _batch(pool, settings) == BATCH:
        pass
    with pool.connection() as connection:
        guardrail_history.settle_expired(connection)
        rejections.forget_old(connection)
        idempotency.forget_old(connection)
        connection.execute(
            "insert into state (name, at) values ('job_monitor', clock_timestamp())"
            " on conflict (name) do update set at = excluded.at"
        )


def _batch(pool: Pool, settings: Settings) -> int:
    """See to at most BATCH stuck jobs; returns how many there were."""
    with pool.connection() as connection:
        outcomes = [_settle(connection, settings, job) for job in _stuck(connection, settings)]
    for outcome, code, seconds in outcomes:
        metrics.recoveries.labels(outcome).inc()
        if code is None:
            metrics.job_retries.labels("monitor").inc()
        else:
            metrics.finished("failed", code, seconds)
    return len(outcomes)


def _stuck(connection: Connection[Row], settings: Settings) -> list[Row]:
    """Jobs over a limit, locked. The SLA of a retried job counts from its last retry."""
    return connection.execute(
        "select j.*, w.id is not null as owned, j.updated_at < clock.now - make_interval(secs =>"
        "     case j.status when 'running' then %(running)s else %(queued)s end) as stale"
        " from (select clock_timestamp() at time zone 'utc' as now) clock, jobs j"
        " left join runs r on r.job_id = j.id and r.token is not null"
        " left join workers w on w.id = r.worker_id"
        "   and w.heartbeat_at > clock_timestamp() - make_interval(secs => %(timeout)s)"
        " where j.status in ('queued', 'running')"
        "   and (greatest(j.created_at, j.last_retry_at) < clock.now - make_interval(secs => %(sla)s)"
        "     or j.updated_at < clock.now - make_interval(secs =>"
        "        case j.status when 'running' then %(running)s else %(queued)s end))"
        " order by j.created_at limit %(batch)s for update of j skip locked",
        {
            "running": settings.stuck_running_seconds,
            "queued": settings.stuck_queued_seconds,
            "timeout": settings.worker_timeout_seconds,
            "sla": settings.sla_seconds,
            "batch": BATCH,
        },
    ).fetchall()


def _settle(connection: Connection[Row], settings: Settings, job: Row) -> Outcome:
    """Queue an abandoned job again where it may be retried, else fail it; what became of it is counted later."""
    abandoned = job["status"] == "running" and (job["stale"] or not job["owned"])
    if abandoned and job["retry_count"] < settings.max_retries:
        attempt = jobs.requeue(connection, job, known(job["current_step"]), afresh=False)
        events.record(connection, job["id"], attempt, "recovered", actor=ACTOR, step=job["current_step"])
        log.warning("job recovered", job_id=job["id"], attempt=attempt)
        return "recovered", None, 0.0
    code = _code(job)
    message = f"stopped by the job monitor while {job['status']} at {job['current_step']}"
    attempt, seconds = jobs.end(connection, job, "failed", code, message[:300])
    events.record(connection, job["id"], attempt, "failed", actor=ACTOR, error_code=code)
    log.warning("job failed", job_id=job["id"], attempt=attempt, error_code=code)
    return "failed", code, seconds


def _code(job: Row) -> str:
    if not job["stale"]:
        return "SLA_BREACH"
    return "STUCK_RUNNING" if job["status"] == "running" else "STUCK_QUEUED"
