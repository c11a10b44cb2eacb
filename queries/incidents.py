"""When a provider's circuit breaker was open, by what Prometheus saw of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from queries import metrics
from queries.prometheus import Prometheus


@dataclass(frozen=True, slots=True)
class Incident:
    """A provider's breaker opened after since and was last open before until (UTC), each within a step."""

    provider: str
    since: datetime
    until: datetime


def incidents(prometheus: Prometheus, start: datetime, end: datetime, step: timedelta) -> tuple[Incident, ...]:
    """Those between start and end, oldest first, told to the step; () where the service doesn't tell.

    However short, none is missed: each step looks at all the time since the one before. What is open in steps that
    follow each other is one incident. Raises PrometheusError.
    """
    found: list[Incident] = []
    for series in prometheus.range(metrics.breaker_open_peak(prometheus.prefix, step), start, end, step):
        provider = series.labels.get("provider", "")
        found.extend(_merged(provider, [at for at, value in series.points if value > 0], step))
    return tuple(sorted(found, key=lambda one: (one.since, one.provider)))


def _merged(provider: str, seen: list[datetime], step: timedelta) -> list[Incident]:
    """Seen at the end of each step in which the breaker was open."""
    runs: list[list[datetime]] = []
    for at in seen:
        if runs and at - runs[-1][-1] <= step:
            runs[-1].append(at)
        else:
            runs.append([at])
    return [Incident(provider, run[0] - step, run[-1]) for run in runs]
