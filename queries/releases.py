"""Which versions of the service came into use when, by what Prometheus saw of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from queries import metrics
from queries.prometheus import Prometheus

Build = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """A version that came into use at an instant (UTC), told at most a step late."""

    version: str
    commit: str
    at: datetime


def releases(prometheus: Prometheus, start: datetime, end: datetime, step: timedelta) -> tuple[Release, ...]:
    """The releases between start and end, newest last; () where there was none, or the service doesn't tell.

    What ran already when the data begins is none of them. A version that comes back after another one, as in a
    rollback, is a release again; one that comes back after nothing, as after an outage, is not. Raises
    PrometheusError.
    """
    found: list[Release] = []
    before: frozenset[Build] = frozenset()
    for at, running in _running(prometheus, start, end, step):
        if before:
            found.extend(Release(*build, at) for build in sorted(running - before))
        before = running
    return tuple(found)


def _running(
    prometheus: Prometheus, start: datetime, end: datetime, step: timedelta
) -> list[tuple[datetime, frozenset[Build]]]:
    """The builds that ran at each instant at which any did, oldest first."""
    builds: defaultdict[datetime, set[Build]] = defaultdict(set)
    for series in prometheus.range(metrics.build_info(prometheus.prefix), start, end, step):
        build = series.labels.get("version", ""), series.labels.get("commit", "")
        for at, _ in series.points:
            builds[at].add(build)
    return [(at, frozenset(builds[at])) for at in sorted(builds)]
