"""Since when a source does not answer: from its first question without an answer to the next one with one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from actions.errors import MalformedAnswer, ServiceError, ServiceRejectedKey, ServiceUnavailable
from actions.transport import PAUSED
from queries.errors import DatabaseTimeout, DatabaseUnavailable, OpsError, PrometheusUnavailable, SourceError

# Without an answer, be it that the source is away or that its answers are of no use to anybody.
UNANSWERED = (DatabaseUnavailable, PrometheusUnavailable, ServiceUnavailable, ServiceRejectedKey, MalformedAnswer)
# One slow question is its own panel's trouble; nothing but slow ones for this long is the source's.
SLOW_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Record:
    """How a source did lately, times in UTC by the console's clock.

    since is when the first question was asked that got no answer, None while it answers; asked when the last
    one was; error is why.
    """

    asked: datetime
    answered: datetime | None = None
    since: datetime | None = None
    error: SourceError | ServiceError | None = None

    def troubled(self, now: datetime) -> bool:
        if self.since is None:
            return False
        return not isinstance(self.error, DatabaseTimeout) or now - self.since >= SLOW_FOR


def _says_less(error: OpsError, before: OpsError) -> bool:
    """Whether what came before it tells better what is wrong."""
    slow = isinstance(error, DatabaseTimeout) and isinstance(before, DatabaseUnavailable)
    return slow or error.fields.get("detail") == PAUSED


class Sources:
    """The record of each source, shared by all viewers. Thread-safe."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = Lock()
        self._records: dict[Hashable, Record] = {}

    def answered(self, source: Hashable) -> None:
        now = self._clock()
        with self._lock:
            self._records[source] = Record(asked=now, answered=now)

    def failed(self, source: Hashable, asked: datetime, error: OpsError) -> None:
        """A question of this instant came to nothing; a refusal of just this question counts as an answer."""
        if not isinstance(error, (*UNANSWERED, DatabaseTimeout)):
            self.answered(source)
            return
        now = self._clock()
        with self._lock:
            record = self._records.get(source, Record(asked=now))
            why = record.error if record.error is not None and _says_less(error, record.error) else error
            self._records[source] = replace(record, asked=now, since=record.since or asked, error=why)

    def of(self, source: Hashable) -> Record | None:
        """None where nobody asked it yet."""
        with self._lock:
            return self._records.get(source)

    def all(self) -> Mapping[Hashable, Record]:
        with self._lock:
            return dict(self._records)
