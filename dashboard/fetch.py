"""The only data cache, shared by all viewers: however many look, a source is asked once per time to live.

Streamlit's own cache copies every hit, keeps one time to live per function, and lets viewers who wait for a
failing source try one after the other; here they share the one attempt and its error, which is never kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar

from actions.errors import ServiceError
from dashboard import connections
from dashboard.fuses import Fuses
from dashboard.shared_cache import SharedCache
from dashboard.telemetry import query_errors, query_seconds
from queries.database import translated
from queries.errors import SourceError

T = TypeVar("T")
Query = Callable[..., T]

# An answer takes from bytes to some hundred kilobytes; this bounds the process to a few hundred megabytes.
MAX_ENTRIES = 1_000
# A little less than the refresh interval, so that each refresh finds the answer expired.
FRESH_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """An answer, when it was asked for (UTC), and the source that gave it."""

    value: T
    at: datetime
    source: str


_cache = SharedCache(MAX_ENTRIES)
_fuses = Fuses()


@dataclass(frozen=True, slots=True)
class _Question(Generic[T]):
    """A query with its arguments, and which source it goes to: identity tells two of a kind apart."""

    source: str
    identity: Hashable
    query: Query[T]
    args: tuple[Any, ...]
    named: Mapping[str, Any]

    @property
    def key(self) -> Hashable:
        return self.source, self.identity, self.query, frozen(self.args), frozen(self.named)

    @property
    def name(self) -> str:
        return f"{self.query.__module__.rpartition('.')[2]}.{self.query.__qualname__}"

    def asked(self, *injected: Any) -> T:
        return self.query(*injected, *self.args, **self.named)


def database(query: Query[T], *args: Any, ttl: timedelta | None = None, **named: Any) -> Fetched[T]:
    """query(connection, schema?, aliases?, *args, **named) on the service's database.

    schema and aliases are handed over where the query has parameters of these names. ttl, here and below, is how
    old the answer may be; zero asks anew. Raises DatabaseError.
    """
    settings = connections.settings()
    identity = (settings.database_url, settings.jobs_table, settings.user_alias_key)
    question = _Question("database", identity, query, args, named)

    def ask() -> T:
        offered = {"schema": connections.service_schema, "aliases": connections.aliases}
        injected = [offered[name]() for name in _parameters(query)[1:] if name in offered]
        with translated("OPS_DATABASE_URL"), connections.jobs().connect() as connection:
            return question.asked(connection, *injected)

    return _fetched(question, ttl, ask)


def store(query: Query[T], *args: Any, ttl: timedelta | None = None, **named: Any) -> Fetched[T]:
    """query(connection, *args, **named) on the database with the schema ops. Raises DatabaseError."""
    question = _Question("store", connections.settings().store_url, query, args, named)

    def ask() -> T:
        with translated("OPS_STORE_URL"), connections.store().connect() as connection:
            return question.asked(connection)

    return _fetched(question, ttl, ask)


def prometheus(query: Query[T], *args: Any, ttl: timedelta | None = None, **named: Any) -> Fetched[T]:
    """query(prometheus, prefix?, *args, **named); prefix is handed over where the query has such a parameter.

    Raises NotConfigured, PrometheusError.
    """
    settings = connections.settings()
    question = _Question("prometheus", (settings.prometheus_url, settings.metric_prefix), query, args, named)

    def ask() -> T:
        injected = [settings.metric_prefix] if "prefix" in _parameters(query)[1:] else []
        return question.asked(connections.prometheus(), *injected)

    return _fetched(question, ttl, ask)


def service(query: Query[T], *args: Any, ttl: timedelta | None = None, **named: Any) -> Fetched[T]:
    """query(client, *args, **named), such as ServiceClient.capabilities. Raises NotConfigured, ServiceError."""
    question = _Question("service", connections.settings().service_url, query, args, named)
    return _fetched(question, ttl, lambda: question.asked(connections.service()))


def clear() -> None:
    """Forget everything, what is being asked now too: for after an action."""
    _cache.clear()
    _fuses.clear()


def _fetched(question: _Question[T], ttl: timedelta | None, ask: Callable[[], T]) -> Fetched[T]:
    refresh = timedelta(seconds=connections.settings().refresh_seconds)
    fuse = _fuses.of((question.source, question.identity), refresh)

    def timed() -> Fetched[T]:
        at = datetime.now(UTC)
        with query_seconds.labels(question.source, question.name).time():
            try:
                with fuse.guarded():
                    return Fetched(ask(), at, question.source)
            except (SourceError, ServiceError):
                query_errors.labels(question.source).inc()
                raise

    return _cache.get(question.key, refresh * FRESH_SHARE if ttl is None else ttl, timed)


@cache
def _parameters(query: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(query).parameters)


def frozen(value: Any) -> Hashable:
    """A hashable twin: equal only for values that are equal and of one type, down through containers."""
    if isinstance(value, Mapping):
        return (type(value), frozenset((key, frozen(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return (type(value), tuple(frozen(item) for item in value))
    if isinstance(value, set | frozenset):
        return (type(value), frozenset(value))
    return (type(value), value)
