"""What the service knows of its own state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from service import breakers, intake, stuck
from service.breakers import Breaker
from service.database import Row
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Monitor:
    """state is ok, late or never_run."""

    state: str
    last_run: datetime | None


def monitor_last_run(connection: Connection[Row]) -> datetime | None:
    """When the job monitor last finished a tick."""
    row = connection.execute("select at from state where name = 'job_monitor'").fetchone()
    return None if row is None else row["at"]


def detailed(connection: Connection[Row], settings: Settings, step_p95: Mapping[str, float]) -> dict[str, Any]:
    """The body of GET /health/detailed."""
    monitor = _monitor(connection, settings)
    states = breakers.read_all(connection, settings)
    workers = _workers(connection, settings)
    jobs = _jobs(connection, settings, step_p95)
    accepting = intake.read(connection).accepting
    warnings = _warnings(monitor, states, len(workers), int(jobs["stuck"] or 0), accepting=accepting)
    return {
        "status": "degraded" if warnings else "healthy",
        "version": settings.version,
        "commit": settings.commit,
        "services": {
            "database": {"status": "ok"},
            "job_monitor": {"status": monitor.state, "last_run": _iso(monitor.last_run)},
            "workers": {"status": "ok" if workers else "none", "alive": len(workers), "list": workers},
            "providers": {state.provider: {"breaker": state.state} for state in states},
        },
        "jobs": jobs,
        "warnings": warnings,
        "config": _config(settings),
    }


def without_database(settings: Settings) -> dict[str, Any]:
    """The body of GET /health/detailed while the database does not answer."""
    return {
        "status": "unhealthy",
        "version": settings.version,
        "commit": settings.commit,
        "services": {"database": {"status": "unavailable"}},
        "jobs": {},
        "warnings": ["the database does not answer"],
        "config": _config(settings),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _monitor(connection: Connection[Row], settings: Settings) -> Monitor:
    row = connection.execute(
        "select at, at < clock_timestamp() - make_interval(secs => %s) as late"
        " from state where name = 'job_monitor'",
        [stuck.MONITOR_TICKS * settings.monitor_tick_seconds],
    ).fetchone()
    return Monitor("never_run", None) if row is None else Monitor("late" if row["late"] else "ok", row["at"])


def _workers(connection: Connection[Row], settings: Settings) -> list[dict[str, Any]]:
    """Those that beat lately, and the jobs in their hands: looked up from the few that run, not from all runs."""
    rows = connection.execute(
        "with held as (select r.worker_id, array_agg(j.id order by j.id) as running"
        "   from jobs j join runs r on r.job_id = j.id where j.status = 'running' group by r.worker_id)"
        " select w.id, w.heartbeat_at, w.concurrency, coalesce(held.running, '{}') as running"
        " from workers w left join held on held.worker_id = w.id"
        " where w.heartbeat_at > now() - make_interval(secs => %s) order by w.id",
        [settings.worker_timeout_seconds],
    ).fetchall()
    return [{**row, "heartbeat_at": _iso(row["heartbeat_at"])} for row in rows]


def _jobs(
    connection: Connection[Row], settings: Settings, step_p95: Mapping[str, float]
) -> dict[str, float | None]:
    """Refusals (SAFETY_*) are neither success nor failure; the rate is None while nothing finished."""
    row = connection.execute(
        "select count(*) filter (where status = 'queued') as queued,"
        " count(*) filter (where status = 'running') as running,"
        " count(*) filter (where status = 'done') as completed_last_hour,"
        " count(*) filter (where status = 'failed') as failed_last_hour,"
        " count(*) filter (where status = 'failed' and error_code in ('SAFETY_INPUT', 'SAFETY_OUTPUT')) as refused"
        " from jobs where status in ('queued', 'running')"
        " or (status in ('done', 'failed') and updated_at > (now() at time zone 'utc') - interval '1 hour')"
    ).fetchone()
    counts = dict(row or {})
    counted = counts["completed_last_hour"] + counts["failed_last_hour"] - counts.pop("refused")
    by_rule = stuck.count_by_rule(connection, settings, step_p95)
    rate = counts["completed_last_hour"] / counted if counted else None
    return {**counts, "stuck": sum(by_rule.values()), "success_rate": rate}


def _warnings(
    monitor: Monitor, states: tuple[Breaker, ...], workers: int, stuck_jobs: int, *, accepting: bool
) -> list[str]:
    found = {
        f"the job monitor is {monitor.state.replace('_', ' ')}": monitor.state != "ok",
        "no worker is alive": workers == 0,
        "1 job is stuck" if stuck_jobs == 1 else f"{stuck_jobs} jobs are stuck": stuck_jobs > 0,
        "the intake is closed": not accepting,
    }
    breakers_open = [f"{state.provider}: circuit breaker is open" for state in states if state.state == "open"]
    return [text for text, holds in found.items() if holds] + breakers_open


def _config(settings: Settings) -> dict[str, Any]:
    """Settings without secrets."""
    shown = {
        "timezone",
        "sla_seconds",
        "stuck_running_seconds",
        "stuck_queued_seconds",
        "monitor_tick_seconds",
        "max_retries",
        "concurrency",
        "demo",
    }
    return settings.model_dump(include=shown)
