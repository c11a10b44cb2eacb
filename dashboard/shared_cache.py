"""A bounded cache with a time to live an entry, in which equal questions asked at once are asked once."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any, TypeVar

from dashboard.telemetry import cache_requests

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry:
    asked: float
    expires: float
    value: Any


class SharedCache:
    """Thread-safe. An answer's age counts from the moment its question was asked."""

    def __init__(self, max_entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[Hashable, _Entry] = {}
        self._flights: dict[Hashable, Future[Any]] = {}

    def get(self, key: Hashable, ttl: timedelta, ask: Callable[[], T]) -> T:
        """A kept answer younger than ttl, that of whoever asks now, or our own; with a ttl of zero always our own.

        An error reaches all who wait for it, and is gone then; the answer before it stays, for last().
        """
        if ttl <= timedelta(0):
            cache_requests.labels("miss").inc()
            return ask()
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and self._clock() - entry.asked < ttl.total_seconds():
                cache_requests.labels("hit").inc()
                return entry.value  # type: ignore[no-any-return]  # what was asked under this key
            flight = self._flights.get(key)
            ours = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if ours:
            cache_requests.labels("miss").inc()
            self._fly(key, flight, ttl, ask)
        else:
            cache_requests.labels("shared").inc()
        return flight.result()  # type: ignore[no-any-return]

    def last(self, key: Hashable, max_age: timedelta) -> Any | None:
        """The last answer, expired or not, if its question was asked no longer ago than max_age."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None or self._clock() - entry.asked > max_age.total_seconds() else entry.value

    def clear(self) -> None:
        """Forget all answers; those still on their way reach who waits for them, and are not kept."""
        with self._lock:
            self._entries.clear()
            self._flights.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _fly(self, key: Hashable, flight: Future[Any], ttl: timedelta, ask: Callable[[], T]) -> None:
        asked = self._clock()
        try:
            value = ask()
        except BaseException as error:
            self._land(key, flight, None)
            flight.set_exception(error)  # whoever waits must hear of it, whatever it is
            raise
        self._land(key, flight, _Entry(asked, asked + ttl.total_seconds(), value))
        flight.set_result(value)

    def _land(self, key: Hashable, flight: Future[Any], entry: _Entry | None) -> None:
        with self._lock:
            if self._flights.get(key) is not flight:
                return
            del self._flights[key]
            if entry is not None:
                self._entries.pop(key, None)
                self._make_room()
                self._entries[key] = entry

    def _make_room(self) -> None:
        """Drop the oldest of what is expired, or else the oldest of all."""
        now = self._clock()
        while len(self._entries) >= self._max_entries:
            del self._entries[min(self._entries, key=lambda key: _worth(self._entries[key], now))]


def _worth(entry: _Entry, now: float) -> tuple[bool, float]:
    return entry.expires > now, entry.asked


def frozen(value: Any) -> Hashable:
    """A hashable twin: equal only for values that are equal and of one type, down through containers."""
    if isinstance(value, Mapping):
        return (type(value), frozenset((key, frozen(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return (type(value), tuple(frozen(item) for item in value))
    if isinstance(value, set | frozenset):
        return (type(value), frozenset(value))
    return (type(value), value)
