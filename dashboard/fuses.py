"""A source that does not answer is left alone: a page waits for it once, not once a question.

Where somebody watches the source, none waits again until the watch has heard from it; else one does once a pause.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from threading import Lock
from typing import cast

import pybreaker

from queries.errors import DatabaseUnavailable, OpsError, PrometheusUnavailable

_UNANSWERED = (DatabaseUnavailable, PrometheusUnavailable)
# A watch that said nothing for so long is over; a look at a frozen source takes half of it.
WATCH_LAPSES = timedelta(minutes=1)
_probing: ContextVar[bool] = ContextVar("_probing", default=False)


@contextmanager
def probing() -> Iterator[None]:
    """Within this, questions are the watch: they reach a source that is left alone, and tell if it is back."""
    token = _probing.set(True)
    try:
        yield
    finally:
        _probing.reset(token)


class Fuse:
    """One source's: after a question without an answer, others fail at once with its words.

    They do for a pause, or while the source is watched until the watch has an answer.
    """

    def __init__(self, pause: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._watched = -WATCH_LAPSES.total_seconds()
        self._unanswered: OpsError | None = None
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=1,
            reset_timeout=pause.total_seconds(),
            exclude=[lambda error: not isinstance(error, _UNANSWERED)],
            throw_new_error_on_trip=False,
        )

    @property
    def is_open(self) -> bool:
        """Whether its source is being left alone."""
        return bool(self._breaker.current_state != pybreaker.STATE_CLOSED)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Ask within this. Raises what the question raises, or what the last one without an answer raised."""
        if _probing.get():
            self._watched = self._clock()
            if self.is_open:
                self._breaker.half_open()
        elif self.is_open and self._clock() - self._watched < WATCH_LAPSES.total_seconds():
            raise self._again()
        try:
            # Not breaker.call(): it holds a lock while it waits, so questions would queue behind a hanging one.
            with self._breaker.calling():
                yield from self._noting()
        except pybreaker.CircuitBreakerError:
            raise self._again() from None

    def _noting(self) -> Iterator[None]:
        try:
            yield
        except _UNANSWERED as error:
            self._unanswered = error
            raise

    def _again(self) -> OpsError:
        error = cast("OpsError", self._unanswered)  # it opened the breaker
        return type(error)(**error.fields)


class Fuses:
    """One fuse a source, made when first needed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._fuses: dict[Hashable, Fuse] = {}

    def of(self, source: Hashable, pause: timedelta) -> Fuse:
        with self._lock:
            return self._fuses.setdefault(source, Fuse(pause))

    def known(self, source: Hashable) -> Fuse | None:
        """None where nobody asked it yet."""
        with self._lock:
            return self._fuses.get(source)

    def clear(self) -> None:
        """Ask every source anew."""
        with self._lock:
            self._fuses.clear()
