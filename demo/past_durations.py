"""How long things took in the past, as the histograms that the service would have exposed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from demo.endings import ENDINGS, FINISHED
from demo.openmetrics import Series, Values, cumulative
from demo.past import Past
from demo.prices import STEPS
from demo.rhythm import Floats
from service.metrics import CALL_DURATIONS, DURATIONS, STEP_DURATIONS
from service.metrics import FINISHED as ENDED
from service.providers import ALL

MILLI = 1000


def series(past: Past) -> Iterator[Series]:
    """Of jobs, of waits for a worker, of steps and of calls."""
    yield from _jobs(past)
    made = past.attempts
    yield from _histogram("bookgen_job_queue_wait_seconds", made.begun, made.begun - made.asked, DURATIONS)
    yield from _steps(past)
    yield from _calls(past)


def _jobs(past: Past) -> Iterator[Series]:
    """From a job's creation to its end."""
    made = past.attempts
    seconds = made.closed - past.created[made.job]
    for status in ENDED:
        own = np.isin(made.ending, [index for index, ending in enumerate(ENDINGS) if ending.status == status])
        yield from _histogram(
            "bookgen_job_duration_seconds", made.closed[own], seconds[own], DURATIONS, {"status": status}
        )


def _steps(past: Past) -> Iterator[Series]:
    """Of those that were completed."""
    made = past.attempts
    every = np.arange(FINISHED)
    completed = (every >= made.first[:, None]) & (every < made.last[:, None])
    for step, name in enumerate(STEPS):
        own = completed[:, step]
        begin, end = made.starts[own, step], made.stops[own, step]
        yield from _histogram(
            "bookgen_job_step_duration_seconds", end, end - begin, STEP_DURATIONS, {"step": name}
        )


def _calls(past: Past) -> Iterator[Series]:
    every = past.calls
    for index, provider in enumerate(ALL):
        own = every.provider == index
        labels = {"provider": provider.name, "kind": provider.kind}
        yield from _histogram(
            "bookgen_api_request_duration_seconds", every.at[own], every.seconds[own], CALL_DURATIONS, labels
        )


def _histogram(
    name: str, at: Floats, seconds: Floats, bounds: Sequence[float], labels: Mapping[str, str] | None = None
) -> Iterator[Series]:
    """The series of one label set: what had been observed at these Unix times, at most bound seconds long."""
    order, own = np.argsort(at), labels or {}
    at, seconds = at[order], seconds[order]
    total = _in_seconds(cumulative(at, np.rint(seconds * MILLI).astype(np.int64)))
    for bound in bounds:
        yield _line(f"{name}_bucket", cumulative(at[seconds <= bound]), {**own, "le": str(float(bound))})
    yield _line(f"{name}_bucket", cumulative(at), {**own, "le": "+Inf"})
    yield _line(f"{name}_count", cumulative(at), own)
    yield _line(f"{name}_sum", total, own)


def _line(name: str, values: Values, labels: Mapping[str, str]) -> Series:
    return Series(name, values, labels, histogram=True)


def _in_seconds(milliseconds: Values) -> Values:
    """Whole milliseconds are added up without the noise of floats, which would be long to write."""
    return lambda at: milliseconds(at) / MILLI
