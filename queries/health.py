"""How the service feels, by what Prometheus saw of it. Every question raises PrometheusError."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite

from queries import metrics
from queries.models import Series
from queries.prometheus import Prometheus


def monitor_last_run(prometheus: Prometheus) -> datetime | None:
    """When the service's job monitor last ran; None where it never did, or the service doesn't tell."""
    seconds = _number(prometheus, metrics.monitor_last_run_seconds)
    return datetime.fromtimestamp(seconds, UTC) if seconds and seconds > 0 else None


def intake_open(prometheus: Prometheus) -> bool | None:
    """Whether the service takes new jobs; None where it doesn't tell."""
    value = _number(prometheus, metrics.intake_open)
    return None if value is None else value > 0


def db_pool_ratio(prometheus: Prometheus) -> float | None:
    """The share (0-1) of the service's database connections in use; None where it doesn't tell."""
    return _number(prometheus, metrics.db_pool_ratio)


def versions(prometheus: Prometheus) -> tuple[str, ...]:
    """The versions of the service that run now: two of them during a release."""
    samples = prometheus.instant(metrics.build_info(prometheus.prefix))
    return tuple(sorted({sample.labels.get("version", "") for sample in samples}))


def series(
    prometheus: Prometheus,
    expression: Callable[[str], str],
    start: datetime,
    end: datetime,
    step: timedelta,
) -> tuple[Series, ...]:
    """The lines of one of queries.metrics' expressions; () where the service has no such metric."""
    return prometheus.range(expression(prometheus.prefix), start, end, step)


def stuck_jobs_series(
    prometheus: Prometheus, start: datetime, end: datetime, step: timedelta
) -> tuple[Series, ...]:
    return series(prometheus, metrics.stuck_jobs, start, end, step)


def queued_jobs_series(
    prometheus: Prometheus, start: datetime, end: datetime, step: timedelta
) -> tuple[Series, ...]:
    return series(prometheus, metrics.queued_jobs, start, end, step)


def success_ratio_series(
    prometheus: Prometheus, start: datetime, end: datetime, step: timedelta
) -> tuple[Series, ...]:
    """Of 1, over the last hour at each point."""
    return series(prometheus, metrics.success_ratio, start, end, step)


def cost_usd_per_hour_series(
    prometheus: Prometheus, start: datetime, end: datetime, step: timedelta
) -> tuple[Series, ...]:
    return series(prometheus, metrics.cost_usd_per_hour, start, end, step)


def duration_p95_seconds_series(
    prometheus: Prometheus, start: datetime, end: datetime, step: timedelta
) -> tuple[Series, ...]:
    """Of the books done in the last hour at each point."""
    return series(prometheus, metrics.duration_p95_seconds, start, end, step)


def call_failure_ratio_series(
    prometheus: Prometheus, start: datetime, end: datetime, step: timedelta
) -> tuple[Series, ...]:
    """Of 1, of the calls of all providers in the last hour at each point."""
    return series(prometheus, metrics.call_failure_ratio, start, end, step)


def _number(prometheus: Prometheus, expression: Callable[[str], str]) -> float | None:
    samples = prometheus.instant(expression(prometheus.prefix))
    return samples[0].value if samples and isfinite(samples[0].value) else None
