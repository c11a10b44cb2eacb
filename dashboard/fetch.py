"""The only data cache, shared by all viewers: however many look, a source is asked once per time to live.

Streamlit's own cache copies every hit, keeps one time to live per function, and lets viewers who wait for a
failing source try one after the other; here they share the one attempt and its error, which is never kept.

While a source does not answer, its last good answer to the very same question stands in, marked with the trouble:
only within freshness.shown(), where the reader is told, and never with a ttl of zero.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar

from actions.errors import ServiceError
from dashboard import connections, freshness, patience
from dashboard.fuses import Fuses
from dashboard.shared_cache import SharedCache, frozen
from dashboard.sources import Record, Sources
from dashboard.telemetry import query_errors, query_seconds, stale_answers
from queries.database import translated
from queries.errors import DatabaseTimeout, DatabaseUnavailable, PrometheusUnavailable, SourceError

T = TypeVar("T")
Query = Callable[..., T]

# An answer takes from bytes to some hundred kilobytes; this bounds the process to a few hundred megabytes.
MAX_ENTRIES = 1_000
# A little less than the refresh interval, so that each refresh finds the answer expired.
FRESH_SHARE = 0.9
# No answer, for which the last good one may stand in; any other error is an answer.
UNANSWERED = (DatabaseUnavailable, DatabaseTimeout, PrometheusUnavailable, ServiceError)
SOURCES = ("database", "store", "prometheus", "service")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """An answer, when it was asked for (UTC), and the source that gave it.

    trouble is why the source does not answer now, so that this is what it said before; None: it is fresh.
    """

    value: T
    at: datetime
    source: str
    trouble: SourceError | ServiceError | None = None


_cache = SharedCache(MAX_ENTRIES)
_fuses = Fuses()
_sources = Sources()


@dataclass(frozen=True, slots=True)
class _Question(Generic[T]):
    """A query with its arguments, and which source it goes to: identity tells two of a kind apart."""

    source: str
    identity: Hashable
    query: Query[T]
    args: tuple[Any, ...]
    named: Mapping[str, Any]

    @property
    def origin(self) -> Hashable:
        return self.source, self.identity

    @property
    def key(self) -> Hashable:
        return self.origin, self.query, frozen(self.args), frozen(self.named)

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
    question = _Question("database", _identity("database"), query, args, named)

    def ask() -> T:
        offered = {"schema": connections.service_schema, "aliases": connections.aliases}
        injected = [offered[name]() for name in _parameters(query)[1:] if name in offered]
        with (
            translated("OPS_DATABASE_URL"),
            connections.jobs().connect() as connection,
            patience.limited(connection),
        ):
            return question.asked(connection, *injected)

    return _fetched(question, ttl, ask)


def store(query: Query[T], *args: Any, ttl: timedelta | None = None, **named: Any) -> Fetched[T]:
    """query(connection, *args, **named) on the database with the schema ops. Raises DatabaseError."""
    question = _Question("store", _identity("store"), query, args, named)

    def ask() -> T:
        with (
            translated("OPS_STORE_URL"),
            connections.store().connect() as connection,
            patience.limited(connection),
        ):
            return question.asked(connection)

    return _fetched(question, ttl, ask)


def prometheus(query: Query[T], *args: Any, ttl: timedelta | None = None, **named: Any) -> Fetched[T]:
    """query(prometheus, prefix?, *args, **named); prefix is handed over where the query has such a parameter.

    Raises NotConfigured, PrometheusError.
    """
    question = _Question("prometheus", _identity("prometheus"), query, args, named)

    def ask() -> T:
        injected = [connections.settings().metric_prefix] if "prefix" in _parameters(query)[1:] else []
        return question.asked(connections.prometheus(), *injected)

    return _fetched(question, ttl, ask)


def service(query: Query[T], *args: Any, ttl: timedelta | None = None, **named: Any) -> Fetched[T]:
    """query(client, *args, **named), such as ServiceClient.capabilities. Raises NotConfigured, ServiceError."""
    question = _Question("service", _identity("service"), query, args, named)
    return _fetched(question, ttl, lambda: question.asked(connections.service()))


def computed(question: Callable[..., T], *args: Any, ttl: timedelta, **named: Any) -> Fetched[T]:
    """question(*args, **named), which asks its sources itself and takes long to work out what it answers.

    It is worked out from live answers alone; while that cannot be, its last result stands in as any answer does.
    Raises what it raises.
    """

    def ask() -> Fetched[T]:
        with freshness.live():
            return Fetched(question(*args, **named), datetime.now(UTC), "computed")

    return _answered(("computed", question, frozen(args), frozen(named)), ttl, ask)


def clear() -> None:
    """Forget everything, what is being asked now too: for after an action. Since when a source is away stays."""
    _cache.clear()
    _fuses.clear()


def record(source: str) -> Record | None:
    """How a source, one of SOURCES, did lately; None where nobody asked it yet."""
    return _sources.of((source, _identity(source)))


def is_configured(source: str) -> bool:
    """Whether the settings say where a source, one of SOURCES, is."""
    here = connections.settings()
    match source:
        case "prometheus":
            return here.prometheus_url is not None
        case "service":
            return here.service_url is not None and here.service_admin_key is not None
        case _:
            return True


def is_paused(source: str) -> bool:
    """Whether a source, one of SOURCES, is left alone for a moment, since it did not answer.

    Raises NotConfigured for a service that is not.
    """
    if source == "service":
        return connections.service().is_paused
    fuse = _fuses.known((source, _identity(source)))
    return fuse is not None and fuse.is_open


def _identity(source: str) -> Hashable:
    here = connections.settings()
    match source:
        case "database":
            return here.database_url, here.jobs_table, here.user_alias_key
        case "store":
            return here.store_url
        case "prometheus":
            return here.prometheus_url, here.metric_prefix
        case _:
            return here.service_url


def _fetched(question: _Question[T], ttl: timedelta | None, ask: Callable[[], T]) -> Fetched[T]:
    refresh = timedelta(seconds=connections.settings().refresh_seconds)
    fuse = _fuses.of(question.origin, refresh)

    def timed() -> Fetched[T]:
        at = datetime.now(UTC)
        with query_seconds.labels(question.source, question.name).time():
            try:
                with fuse.guarded():
                    answer = Fetched(ask(), at, question.source)
            except (SourceError, ServiceError) as error:
                query_errors.labels(question.source).inc()
                _sources.failed(question.origin, at, error)
                raise
        _sources.answered(question.origin)
        return answer

    return _answered(question.key, refresh * FRESH_SHARE if ttl is None else ttl, timed)


def _answered(key: Hashable, ttl: timedelta, ask: Callable[[], Fetched[T]]) -> Fetched[T]:
    try:
        return _cache.get(key, ttl, ask)
    except UNANSWERED as error:
        if isinstance(error, DatabaseTimeout):  # also of those who shared another's question
            patience.lost()
        stale = _stale(key, ttl, error)
        if stale is None:
            raise
        return stale


def _stale(key: Hashable, ttl: timedelta, trouble: SourceError | ServiceError) -> Fetched[Any] | None:
    """The last good answer, where it may be shown and is not too old."""
    noted = freshness.here()
    if noted is None or ttl <= timedelta(0):
        return None
    last: Fetched[Any] | None = _cache.last(key, timedelta(minutes=connections.settings().stale_minutes))
    if last is None:
        return None
    stale = replace(last, trouble=trouble)
    stale_answers.labels(stale.source).inc()
    noted.add(stale)
    return stale


@cache
def _parameters(query: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(query).parameters)
