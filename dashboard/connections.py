"""The process's connections, shared by all viewers. Made when first needed: a source may be down at start."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st
from sqlalchemy import Engine

from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.keeper import POLL, Keeper
from actions.pace import Pace
from actions.release import WORKERS, Runner
from dashboard import duties, telemetry
from dashboard import settings as _settings
from dashboard.settings import Settings
from queries import database, schema
from queries.aliases import Aliases
from queries.errors import NotConfigured
from queries.prometheus import Prometheus

# A migration of the service shows up after this long at the latest.
SCHEMA_KEPT = timedelta(minutes=5)
# What pages read and write there is a few short statements.
STORE_CONNECTIONS = 8
# One transaction at a time, and the lease that is renewed meanwhile.
KEEPER_CONNECTIONS = 2


def settings() -> Settings:
    """The settings of this process."""
    return _settings.load()


def jobs() -> Engine:
    """The service's database, read-only."""
    return _jobs(settings().database_url, settings().statement_timeout_seconds)


def store() -> Engine:
    """The database that holds the schema ops, writable."""
    return _store(settings().store_url, settings().statement_timeout_seconds)


def service_schema() -> schema.ServiceSchema:
    """What the service's database has, found out again every few minutes. Raises DatabaseError; not kept then."""
    return _schema(settings().database_url, settings().jobs_table)


def aliases() -> Aliases:
    """What turns user keys into aliases."""
    return _aliases(settings().user_alias_key)


def prometheus() -> Prometheus:
    """Raises NotConfigured."""
    url = settings().prometheus_url
    if url is None:
        raise NotConfigured(what="Prometheus", setting="OPS_PROMETHEUS_URL")
    return _prometheus(url, settings().metric_prefix, settings().deadline_seconds)


def service() -> ServiceClient:
    """The service's control API. Raises NotConfigured where its address or the admin key is missing."""
    return _service(settings().service_url, _admin_key(), settings().deadline_seconds)


def runner() -> Runner:
    """What works off the bulk actions in the background; started when first asked for."""
    here = settings()
    return _release(
        here.store_url,
        here.statement_timeout_seconds,
        read_only=here.read_only,
        refused=here.refused,
        service_url=here.service_url,
        admin_key=_admin_key(),
        deadline_seconds=here.deadline_seconds,
    ).runner


def close_runner() -> None:
    """Finish the jobs under way; other consoles, or this one after its restart, go on with the rest at once."""
    _release.clear()


def keep() -> None:
    """Begin with what this console does for all in the background; a read-only one does nothing."""
    if not settings().read_only:
        _keeping(settings())


def close_keeper() -> None:
    """End it at its next step; other consoles go on with it."""
    _keeping.clear()


def door() -> Door:
    """The one door for writes."""
    here = settings()
    return Door(store(), here.read_only, refused=here.refused, pace=_pace(here.actions_per_minute))


def _dispose(engine: Engine) -> None:
    engine.dispose()


def _close(client: ServiceClient) -> None:
    client.close()


@dataclass(frozen=True, slots=True)
class _Release:
    """The runner with connections of its own: closing those of the pages takes none from it."""

    runner: Runner
    store: Engine
    service: ServiceClient | None


def _end(release: _Release) -> None:
    if not release.runner.close():
        return  # what it hangs in has its deadline, and the process ends without it
    release.store.dispose()
    if release.service is not None:
        release.service.close()


@dataclass(frozen=True, slots=True)
class _Keeping:
    """The keeper with connections of its own."""

    keeper: Keeper
    engines: tuple[Engine, ...]
    service: ServiceClient | None


def _end_keeping(keeping: _Keeping) -> None:
    if not keeping.keeper.close():
        return
    for each in keeping.engines:
        each.dispose()
    if keeping.service is not None:
        keeping.service.close()


def _admin_key() -> str | None:
    key = settings().service_admin_key
    return None if key is None else key.get_secret_value()


def _client(url: str | None, admin_key: str | None, deadline_seconds: float) -> ServiceClient:
    if url is None:
        raise NotConfigured(what="The service's control API", setting="OPS_SERVICE_URL")
    if admin_key is None:
        raise NotConfigured(what="The service's admin key", setting="OPS_SERVICE_ADMIN_KEY")
    return ServiceClient(url, admin_key, deadline=timedelta(seconds=deadline_seconds))


def _client_or_none(url: str | None, admin_key: str | None, deadline_seconds: float) -> ServiceClient | None:
    with suppress(NotConfigured):  # what needs no service goes on without it
        return _client(url, admin_key, deadline_seconds)
    return None


def _count(action: str, outcome: Outcome) -> None:
    telemetry.actions.labels(action, outcome.result.value).inc()


@st.cache_resource(show_spinner=False, on_release=_dispose)
def _jobs(url: str, timeout_seconds: float) -> Engine:
    return database.engine(url, statement_timeout=timedelta(seconds=timeout_seconds), read_only=True)


@st.cache_resource(show_spinner=False, on_release=_dispose)
def _store(url: str, timeout_seconds: float) -> Engine:
    return database.engine(
        url, statement_timeout=timedelta(seconds=timeout_seconds), read_only=False, pool_size=STORE_CONNECTIONS
    )


@st.cache_resource(show_spinner=False, ttl=SCHEMA_KEPT, max_entries=4)
def _schema(url: str, jobs_table: str) -> schema.ServiceSchema:  # noqa: ARG001  # the address is part of the key
    with database.translated("OPS_DATABASE_URL"), jobs().connect() as connection:
        return schema.discover(connection, jobs_table)


@st.cache_resource(show_spinner=False)
def _pace(per_minute: int) -> Pace:
    return Pace(per_minute)


@st.cache_resource(show_spinner=False)
def _aliases(key: str) -> Aliases:
    return Aliases(key)


@st.cache_resource(show_spinner=False)
def _prometheus(url: str, prefix: str, deadline_seconds: float) -> Prometheus:
    return Prometheus(url, prefix, timedelta(seconds=deadline_seconds))


@st.cache_resource(show_spinner=False, on_release=_close)
def _service(url: str | None, admin_key: str | None, deadline_seconds: float) -> ServiceClient:
    return _client(url, admin_key, deadline_seconds)


@st.cache_resource(show_spinner=False, on_release=_end)
def _release(
    store_url: str,
    timeout_seconds: float,
    *,
    read_only: bool,
    refused: frozenset[str],
    service_url: str | None,
    admin_key: str | None,
    deadline_seconds: float,
) -> _Release:
    timeout = timedelta(seconds=timeout_seconds)
    # One for each worker, one for the thread that hands out the jobs.
    store = database.engine(store_url, statement_timeout=timeout, pool_size=WORKERS + 1)
    client = _client_or_none(service_url, admin_key, deadline_seconds)

    def service() -> ServiceClient:
        return client or _client(service_url, admin_key, deadline_seconds)

    return _Release(Runner(Door(store, read_only, refused=refused), service, told=_count).start(), store, client)


@st.cache_resource(show_spinner=False, on_release=_end_keeping)
def _keeping(_here: Settings) -> _Keeping:
    timeout = timedelta(seconds=_here.statement_timeout_seconds)
    source = database.engine(_here.database_url, statement_timeout=timeout, pool_size=1, read_only=True)
    store = database.engine(_here.store_url, statement_timeout=timeout, pool_size=KEEPER_CONNECTIONS)
    client = _client_or_none(_here.service_url, _admin_key(), _here.deadline_seconds)
    kept = duties.of(_here, source, store, client)
    poll = min(POLL, *(duty.every for duty in kept))
    telemetry.begin_duties(duty.name for duty in kept)
    keeper = Keeper(store, kept, told=telemetry.count_duty, poll=poll)
    return _Keeping(keeper.start(), (source, store), client)
