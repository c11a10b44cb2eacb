"""The queue by what Prometheus saw of it. Every question raises PrometheusError."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import isfinite

from queries import metrics
from queries.models import Series
from queries.prometheus import Prometheus
from queries.queue_models import DepthHistory, WaitHistory, Waits

# A peak between two points is found in the samples between them; this is long enough for one sample at least.
SHORTEST_PEAK = timedelta(minutes=2)


def depth(prometheus: Prometheus, start: datetime, end: datetime, step: timedelta) -> DepthHistory:
    """The most jobs that waited and ran between one point and the next, beside the limit."""
    prefix, window = prometheus.prefix, max(step, SHORTEST_PEAK)
    by_status = prometheus.range(metrics.open_jobs_peak_by_status(prefix, window), start, end, step)
    return DepthHistory(by_status, prometheus.range(metrics.pending_limit_jobs(prefix), start, end, step))


def waits(prometheus: Prometheus, start: datetime, end: datetime, step: timedelta) -> WaitHistory:
    """Percentiles over the last hour at each point, and the age of the oldest waiting job, in seconds."""

    def line(expression: Callable[[str], str]) -> tuple[Series, ...]:
        return prometheus.range(expression(prometheus.prefix), start, end, step)

    return WaitHistory(
        p50=line(metrics.queue_wait_p50_seconds),
        p95=line(metrics.queue_wait_p95_seconds),
        oldest=line(metrics.oldest_pending_seconds),
    )


def waits_now(prometheus: Prometheus) -> Waits | None:
    """Over the last hour; None where no job began in it, or the service doesn't tell."""
    prefix = prometheus.prefix
    p50, p95 = (
        prometheus.instant(expression(prefix))
        for expression in (metrics.queue_wait_p50_seconds, metrics.queue_wait_p95_seconds)
    )
    if not (p50 and p95 and isfinite(p50[0].value) and isfinite(p95[0].value)):
        return None
    return Waits(timedelta(seconds=p50[0].value), timedelta(seconds=p95[0].value))


def refused(prometheus: Prometheus, window: timedelta = metrics.HOUR) -> Mapping[str, int]:
    """Requests turned away lately by the limit that did it; {} where the service doesn't tell."""
    samples = prometheus.instant(metrics.rejections(prometheus.prefix, window))
    return {one.labels.get("limit", ""): round(one.value) for one in samples if isfinite(one.value)}
