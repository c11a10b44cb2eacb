"""Questions to Prometheus, each with one deadline over all of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import copysign, floor, inf, isfinite
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect

from queries.errors import PrometheusUnavailable
from queries.models import Sample, Series
from queries.prometheus_transport import SETTING, DeadlineAdapter, session, unavailable

# Prometheus refuses a range of more than 11,000 points a series.
POINTS_LIMIT = 11_000
# The client rounds start and end to whole seconds, so that shorter steps would not stay aligned.
SHORTEST_STEP = timedelta(seconds=1)
WARNINGS_KEPT = 20
# No amount, count, or number of seconds that a service could mean is larger: what is counts as infinite.
LARGEST = 1e11


class Prometheus:
    """One server; thread-safe. prefix is that of the service's metrics, deadline that of a whole question.

    Raises PrometheusUnavailable where url is no address.
    """

    def __init__(self, url: str, prefix: str, deadline: timedelta) -> None:
        self.prefix = prefix
        self._deadline = deadline.total_seconds()
        self._warnings: deque[str] = deque(maxlen=WARNINGS_KEPT)
        self._address = url.rstrip("/")
        self._http = session(self._warn)
        try:
            self._client = PrometheusConnect(self._address, session=self._http)
        except ValueError:
            raise unavailable(requests.exceptions.InvalidURL(), self._deadline) from None
        # Only now: the client has mounted an adapter of its own, which retries.
        self._http.mount(self._address, DeadlineAdapter())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What Prometheus said beside its latest answers, each once, oldest first."""
        return tuple(self._warnings)

    def instant(self, expression: str) -> tuple[Sample, ...]:
        """The values now; () where nothing matches. Raises PrometheusUnavailable, PrometheusRejected."""
        ends = time.monotonic() + self._deadline
        with _understood():
            return tuple(_samples(self._ask(self._client.custom_query, ends, expression)))

    def range(self, expression: str, start: datetime, end: datetime, step: timedelta) -> tuple[Series, ...]:
        """The lines from start to end (aware), sorted by labels; () where nothing matches.

        Points lie on multiples of step (at least 1 s), so that the same range asked again a moment later gives
        the same points; start and end are moved down to them. Values that are not finite are gaps. Raises
        PrometheusUnavailable, PrometheusRejected.
        """
        ends = time.monotonic() + self._deadline
        points: dict[tuple[tuple[str, str], ...], list[tuple[datetime, float]]] = {}
        with _understood():
            for first, last, seconds in _chunks(start, end, max(step, SHORTEST_STEP)):
                for line in self._ask(self._client.custom_query_range, ends, expression, first, last, seconds):
                    labels = tuple(sorted(_labels(line).items()))
                    points.setdefault(labels, []).extend(_finite(line.get("values", ())))
        return tuple(Series(dict(labels), tuple(points[labels])) for labels in sorted(points))

    def rule_groups(self) -> Sequence[Mapping[str, Any]]:
        """The groups of alerting rules that are loaded, as Prometheus tells them; () where there are none.

        Raises PrometheusUnavailable, PrometheusRejected.
        """
        ends = time.monotonic() + self._deadline
        answer = self._ask(self._http.get, ends, f"{self._address}/api/v1/rules?type=alert")
        with _understood():
            groups: Sequence[Mapping[str, Any]] = answer.json()["data"]["groups"]
        return groups

    def _ask(self, question: Callable[..., Any], ends: float, *args: Any) -> Any:
        left = ends - time.monotonic()
        if left <= 0:
            raise unavailable(requests.Timeout(), self._deadline)
        try:
            # Prometheus is told too, so that it does not go on with what nobody waits for.
            return question(*args, params={"timeout": f"{max(1, round(left * 1000))}ms"}, timeout=left)
        except requests.RequestException as error:
            raise unavailable(error, self._deadline) from error

    def _warn(self, texts: list[str]) -> None:
        self._warnings.extend(text for text in texts if text not in self._warnings)


def _chunks(start: datetime, end: datetime, step: timedelta) -> Iterator[tuple[datetime, datetime, str]]:
    """Ranges that follow each other without overlap, none with more points than Prometheus gives."""
    seconds = round(step.total_seconds())
    first, last = (floor(moment.timestamp() / seconds) for moment in (start, end))
    for chunk in range(first, last + 1, POINTS_LIMIT):
        ends = min(chunk + POINTS_LIMIT - 1, last)
        yield _instant(chunk * seconds), _instant(ends * seconds), f"{seconds}s"


def _samples(result: Any) -> Iterator[Sample]:
    if result and not isinstance(result[0], dict):  # a scalar is a bare [time, value]
        result = [{"metric": {}, "value": result}]
    for line in result:
        if "value" in line:  # a native histogram has none
            at, value = line["value"]
            yield Sample(_labels(line), _instant(at), _number(value))


def _finite(values: Any) -> Iterator[tuple[datetime, float]]:
    return ((_instant(at), number) for at, value in values if isfinite(number := _number(value)))


def _labels(line: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in line["metric"].items()}


def _number(value: str) -> float:
    try:
        found = float(value)
    except ValueError as error:
        raise PrometheusUnavailable(detail="its answer holds text instead of numbers", setting=SETTING) from error
    return copysign(inf, found) if abs(found) > LARGEST else found


@contextmanager
def _understood() -> Iterator[None]:
    """What has another shape than Prometheus's answers is not from it, or from one that this console outlived."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise PrometheusUnavailable(
            detail="its answer holds something else than numbers", setting=SETTING
        ) from error


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
