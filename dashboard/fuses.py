"""A source that does not answer is left alone for a moment: a page waits for it once, not once a question."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

import pybreaker

from queries.errors import DatabaseUnavailable, OpsError, PrometheusUnavailable

_UNANSWERED = (DatabaseUnavailable, PrometheusUnavailable)


class Fuse:
    """One source's: after a question without an answer, those of the next pause fail at once with its words."""

    def __init__(self, pause: timedelta) -> None:
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
        return bool(self._breaker.current_state == pybreaker.STATE_OPEN)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Ask within this. Raises what the question raises, or what the last one without an answer raised."""
        try:
            # Not breaker.call(): it holds a lock while it waits, so questions would queue behind a hanging one.
            with self._breaker.calling():
                yield
        except _UNANSWERED as error:
            self._unanswered = error
            raise
        except pybreaker.CircuitBreakerError:
            if self._unanswered is None:
                raise
            raise type(self._unanswered)(**self._unanswered.fields) from None


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
