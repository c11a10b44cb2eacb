"""Dollars by provider that Prometheus counted between two instants, from the counters as they were scraped.

increase() would extrapolate to the ends of its window, and lose what a counter held when it first appeared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import fsum

from queries import metrics
from queries.models import Series
from queries.prometheus import Prometheus
from queries.usage_models import Span

# A month at the longer step has some 9,000 points a counter, which Prometheus gives at once. A sample counts for
# five minutes, so that no step may be longer. What is counted between a point and a restart is lost.
SHORT_STEP, LONG_STEP = timedelta(minutes=1), timedelta(minutes=5)
SHORT_SPAN = timedelta(days=2)
# Processes are not scraped at the same moment: a counter is new only if others were there for so many points.
SETTLED = 2


@dataclass(frozen=True, slots=True)
class Metered:
    """USD by provider; providers that cost nothing have 0.

    coverage is the share (0-1) of the time in which the counters were scraped, gaps are the rest, oldest first;
    what was spent in a gap counts where a counter went on after it. restarts are counters that began anew.
    """

    usd: Mapping[str, Decimal]
    coverage: float
    gaps: tuple[Span, ...]
    restarts: int


@dataclass(frozen=True, slots=True)
class _Counted:
    usd: float
    restarts: int


def usd_by_provider(prometheus: Prometheus, since: datetime, until: datetime) -> Metered:
    """What was counted from since to until, both aware, until not to come and both moved down to whole steps.

    A counter that falls has begun anew, and what it shows counts in full; so does one that first appears while
    others of its job were scraped already. One that was there first is counted from what it showed then. Raises
    PrometheusError.
    """
    step = SHORT_STEP if until - since <= SHORT_SPAN else LONG_STEP
    since, until = (_aligned(instant, step) for instant in (since, until))
    asked = metrics.cost_usd_counters(prometheus.prefix)
    counters = [one for one in prometheus.range(asked, since - SETTLED * step, until, step) if one.points]
    scraped = _scraped(counters)
    found: defaultdict[str, list[_Counted]] = defaultdict(list)
    for one in counters:
        settled = scraped[_job(one)]
        new = all(one.points[0][0] - back * step in settled for back in range(1, SETTLED + 1))
        found[one.labels.get("provider", "")].append(_counted(one.points, since, new=new))
    usd = {provider: _dollars(one.usd for one in found[provider]) for provider in sorted(found)}
    gaps = tuple(_gaps(set().union(*scraped.values()), since, until, step))
    restarts = sum(one.restarts for counted in found.values() for one in counted)
    return Metered(usd, _coverage(gaps, since, until), gaps, restarts)


def _counted(points: Sequence[tuple[datetime, float]], since: datetime, *, new: bool) -> _Counted:
    """What one counter rose by after since."""
    rises = [points[0][1]] if new and points[0][0] > since else []
    restarts = 0
    for (_, before), (at, value) in pairwise(points):
        if at > since:
            restarts += value < before
            rises.append(value - before if value >= before else value)
    return _Counted(fsum(rises), restarts)


def _scraped(counters: Iterable[Series]) -> Mapping[str, set[datetime]]:
    """The points at which any counter of a job was there, by job."""
    found: defaultdict[str, set[datetime]] = defaultdict(set)
    for one in counters:
        found[_job(one)].update(at for at, _ in one.points)
    return found


def _job(counter: Series) -> str:
    return counter.labels.get("job", "")


def _gaps(scraped: set[datetime], since: datetime, until: datetime, step: timedelta) -> Iterator[Span]:
    """The steps from since to until at whose end nothing was there."""
    begins, at = None, since + step
    while at <= until:
        if at in scraped:
            if begins is not None:
                yield Span(begins, at - step)
            begins = None
        elif begins is None:
            begins = at - step
        at += step
    if begins is not None:
        yield Span(begins, until)


def _coverage(gaps: Iterable[Span], since: datetime, until: datetime) -> float:
    missed = sum((gap.until - gap.since for gap in gaps), timedelta(0))
    return 1 - missed / (until - since) if until > since else 0.0


def _dollars(amounts: Iterable[float]) -> Decimal:
    """As exact as a ledger keeps it: what lies below is the counters' own rounding."""
    return Decimal(f"{fsum(amounts):.9f}")


def _aligned(instant: datetime, step: timedelta) -> datetime:
    return datetime.fromtimestamp(
        instant.timestamp() // step.total_seconds() * step.total_seconds(), instant.tzinfo
    )
