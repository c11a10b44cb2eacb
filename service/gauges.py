"""Gauges that the database knows: read at scrape time, with cheap statements and a short memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry
from psycopg import Connection
from psycopg_pool import PoolTimeout

from service import breakers, guardrails, health, intake, stuck
from service.database import Pool, Row
from service.remembered import Remembered
from service.settings import Settings

STATES = ("closed", "open", "half_open")
OPEN_STATUSES = ("queued", "running")
ENDED_STATUSES = ("done", "failed", "cancelled")
SCRAPE_SECONDS = 1.0
# counting every job that ever ended reads much
ENDED_SECONDS = 15.0
# a scrape that waits longer is given up by Prometheus, and the counters with it
POOL_WAIT_SECONDS = 2.0


class CounterFiles(MultiProcessCollector):
    """The counters of all processes, living and dead. A file that was opened this moment is still empty."""

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in Path(self._path).glob("*.db") if file.stat().st_size]
        metrics: Iterable[Metric] = self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
        return metrics


class DatabaseGauges(Collector):
    """Gauges from one connection. While the database is away they are absent, not zero."""

    def __init__(self, pool: Pool, settings: Settings, step_p95: Remembered[dict[str, float]]) -> None:
        self._pool = pool
        self._settings = settings
        self._ended = Remembered(_count_ended, ENDED_SECONDS)
        self._step_p95 = step_p95
        self._all = Remembered(self._read, SCRAPE_SECONDS)

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from _process_gauges(self._pool, self._settings)
        try:
            with self._pool.connection(timeout=POOL_WAIT_SECONDS) as connection:
                found = self._all.get(connection)
        except (psycopg.OperationalError, PoolTimeout):
            return
        yield from found

    def _read(self, connection: Connection[Row]) -> list[Metric]:
        last_run = health.monitor_last_run(connection)
        stuck_jobs = stuck.count_by_rule(connection, self._settings, self._step_p95.get(connection))
        return [
            _gauge(
                "bookgen_jobs", "Jobs by status", "status", self._ended.get(connection) | _count_open(connection)
            ),
            _gauge("bookgen_jobs_stuck", "Open jobs that are stuck, by their worst rule", "rule", stuck_jobs),
            *_oldest(connection),
            *_limits(connection, self._settings),
            _single("bookgen_intake_open", "1 while new jobs are taken", float(intake.read(connection).accepting)),
            _breaker_states(connection, self._settings),
            _single(
                "bookgen_job_monitor_last_run_timestamp_seconds",
                "When the job monitor last ran; 0 if never",
                0.0 if last_run is None else last_run.timestamp(),
            ),
        ]


def registry(pool: Pool, settings: Settings, step_p95: Remembered[dict[str, float]]) -> CollectorRegistry:
    """What /metrics shows."""
    collectors = CollectorRegistry()
    CounterFiles(collectors, path=str(settings.shared_metrics_dir))  # type: ignore[no-untyped-call]
    collectors.register(DatabaseGauges(pool, settings, step_p95))
    return collectors


def _gauge(name: str, text: str, label: str, values: dict[str, Any]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], float(value))
    return gauge


def _single(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _count_open(connection: Connection[Row]) -> dict[str, int]:
    rows = connection.execute(
        "select status, count(*) as jobs from jobs where status = any(%s) group by status", [list(OPEN_STATUSES)]
    ).fetchall()
    return dict.fromkeys(OPEN_STATUSES, 0) | {row["status"]: row["jobs"] for row in rows}


def _count_ended(connection: Connection[Row]) -> dict[str, int]:
    rows = connection.execute(
        "select status, count(*) as jobs from jobs where status = any(%s) group by status", [list(ENDED_STATUSES)]
    ).fetchall()
    return dict.fromkeys(ENDED_STATUSES, 0) | {row["status"]: row["jobs"] for row in rows}


def _oldest(connection: Connection[Row]) -> list[Metric]:
    """Absent while nothing waits: no timestamp would be true."""
    row = connection.execute(
        "select extract(epoch from min(created_at) at time zone 'utc') as oldest from jobs where status = 'queued'"
    ).fetchone()
    if row is None or row["oldest"] is None:
        return []
    name = "bookgen_oldest_pending_job_timestamp_seconds"
    return [_single(name, "Creation of the oldest waiting job; absent while none waits", float(row["oldest"]))]


def _limits(connection: Connection[Row], settings: Settings) -> list[Metric]:
    rails = guardrails.read(connection)
    jobs = {name: rail.value for name, rail in rails.items() if rail.limit.unit == "jobs"}
    usd = {"warning": settings.daily_cost_warning_usd, "critical": rails["daily_cost_limit_usd"].value}
    return [
        _gauge("bookgen_guardrail_limit_jobs", "Limits counted in jobs", "limit", jobs),
        _gauge("bookgen_daily_cost_limit_usd", "USD a day: warning, and the limit in force", "level", usd),
    ]


def _breaker_states(connection: Connection[Row], settings: Settings) -> Metric:
    gauge = GaugeMetricFamily(
        "bookgen_circuit_breaker_state", "1 for the state a breaker is in", labels=["provider", "state"]
    )
    for breaker in breakers.read_all(connection, settings):
        for state in STATES:
            gauge.add_metric([breaker.provider, state], float(breaker.state == state))
    return gauge


def _process_gauges(pool: Pool, settings: Settings) -> list[Metric]:
    """What this process knows without asking the database."""
    stats = pool.get_stats()
    idle = stats.get("pool_available", 0)
    info = GaugeMetricFamily("bookgen_build_info", "The running build", labels=["version", "commit"])
    info.add_metric([settings.version, settings.commit], 1.0)
    states = {"used": max(0, stats.get("pool_size", 0) - idle), "idle": idle}
    return [
        info,
        _gauge("bookgen_db_pool_connections", "Database connections of the api", "state", states),
        _single("bookgen_db_pool_connections_max", "Most connections the api may hold", float(pool.max_size)),
    ]
