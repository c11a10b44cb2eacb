"""The console's own health: that it runs, which sources answer it, and what it measured of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import sqlalchemy as sa
from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from streamlit import runtime
from streamlit.runtime.stats import GaugeStat

from actions.client import ServiceClient
from dashboard import connections, fetch, fuses
from dashboard.settings_errors import SettingsError
from dashboard.sources import Record
from dashboard.telemetry import REGISTRY
from queries import health
from queries.errors import NotConfigured, OpsError

# How long a probe waits for the first look at the database after the start; probes give up after a few seconds.
FIRST_LOOK = timedelta(seconds=2)
_SESSIONS = "active_sessions"
_ANEW = timedelta(0)


def _one(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.literal(1))).scalar_one())


_PROBES: Mapping[str, Callable[[], object]] = {
    "database": lambda: fetch.database(_one, ttl=_ANEW),
    "store": lambda: fetch.store(_one, ttl=_ANEW),
    "prometheus": lambda: fetch.prometheus(health.intake_open, ttl=_ANEW),
    "service": lambda: fetch.service(ServiceClient.capabilities, ttl=_ANEW),
}


class Watch:
    """Looks after each source once a refresh, in a thread of its own, so that no page or probe has to wait."""

    def __init__(self) -> None:
        self.looked = Event()
        self._closing = Event()

    def start(self) -> None:
        self._closing.clear()
        for source, probe in _PROBES.items():
            Thread(target=self._look_after, args=(source, probe), name=f"watch-{source}", daemon=True).start()

    def close(self) -> None:
        """Nobody waits for it: it writes nothing, and each look has its deadline."""
        self._closing.set()

    def _look_after(self, source: str, probe: Callable[[], object]) -> None:
        while not self._closing.is_set():
            try:
                with fuses.probing():
                    probe()
            except NotConfigured:
                return
            except OpsError:
                pass  # fetch keeps it on record
            if source == "database":
                self.looked.set()
            self._closing.wait(connections.settings().refresh_seconds)


_watch = Watch()


def watch() -> None:
    """Begin to look after the sources; until unwatch()."""
    with suppress(SettingsError):  # every page tells it
        connections.settings()
        _watch.start()


def unwatch() -> None:
    """Stop looking after them."""
    _watch.close()


async def healthz(_: Request) -> Response:
    """The process runs; says nothing of its sources."""
    return PlainTextResponse("ok")


async def readyz(_: Request) -> Response:
    """Each source's state; 503 while the one does not answer that no page can do without.

    It tells what the last look found, and never waits for a source.
    """
    await to_thread.run_sync(_watch.looked.wait, FIRST_LOOK.total_seconds())
    now = datetime.now(UTC)
    try:
        states = {source: _state(source, now) for source in fetch.SOURCES}
    except SettingsError as error:
        return JSONResponse({"settings": type(error).__name__}, status_code=503)
    return JSONResponse(states, status_code=200 if states["database"]["state"] == "ok" else 503)


async def metrics(_: Request) -> Response:
    """The console's own metrics, as Prometheus text."""
    return Response(generate_latest(REGISTRY) + generate_latest(_NOW), media_type=CONTENT_TYPE_LATEST)


def _state(source: str, now: datetime) -> dict[str, str | None]:
    """state is ok, no answer, not asked yet or not configured; since is when it came to that, by our clock.

    error is its class alone: what a source says might hold more than a probe should know.
    """
    if not fetch.is_configured(source):
        return {"state": "not configured"}
    record = fetch.record(source)
    if record is None:
        return {"state": "not asked yet"}
    told = {"answered": _written(record.answered), "error": type(record.error).__name__ if record.error else None}
    return {"state": "no answer" if record.troubled(now) else "ok", "since": _written(record.since), **told}


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="seconds")


class _Now(Collector):
    """What holds at the moment of the scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with suppress(SettingsError):
            yield from _of_sources(datetime.now(UTC))
        if runtime.exists():
            yield _sessions()


def _of_sources(now: datetime) -> Iterator[GaugeMetricFamily]:
    records = {source: record for source in fetch.SOURCES if (record := fetch.record(source)) is not None}
    yield _gauge("ops_source_up", "Whether a source answers", records, lambda _, one: not one.troubled(now))
    answered = {source: one for source, one in records.items() if one.answered is not None}
    yield _gauge(
        "ops_source_last_answer_age_seconds",
        "How long ago a source last answered",
        answered,
        lambda _, one: (now - (one.answered or now)).total_seconds(),
    )
    yield _gauge(
        "ops_source_paused",
        "Whether a source is left alone for a moment, since it did not answer",
        records,
        lambda source, _: fetch.is_paused(source),
    )


def _gauge(
    name: str, words: str, records: Mapping[str, Record], value: Callable[[str, Record], float]
) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, words, labels=["source"])
    for source, record in records.items():
        found.add_metric([source], value(source, record))
    return found


def _sessions() -> GaugeMetricFamily:
    """By Streamlit's own count."""
    stats: Mapping[str, Any] = runtime.get_instance().stats_mgr.get_stats([_SESSIONS])
    counted = sum(stat.value for stat in stats.get(_SESSIONS, ()) if isinstance(stat, GaugeStat))
    return GaugeMetricFamily("ops_sessions", "Browser tabs that are connected now", counted)


_NOW = CollectorRegistry()
_NOW.register(_Now())
