"""The process's connections, shared by all viewers. Made when first needed: a source may be down at start."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st
from sqlalchemy import Engine

from actions.audit import Door
from actions.bulk import WORKERS, Runner
from actions.client import ServiceClient
from dashboard import settings as _settings
from dashboard.settings import Settings
from queries import database, schema
from queries.aliases import Aliases
from queries.errors import NotConfigured
from queries.prometheus import Prometheus

# A migration of the service shows up after this long at the latest.
SCHEMA_KEPT = timedelta(minutes=5)


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
    url, key = settings().service_url, settings().service_admin_key
    if url is None:
        raise NotConfigured(what="The service's control API", setting="OPS_SERVICE_URL")
    if key is None:
        raise NotConfigured(what="The service's admin key", setting="OPS_SERVICE_ADMIN_KEY")
    return _service(url, key.get_secret_value(), settings().deadline_seconds)


def door() -> Door:
    """The one door for writes."""
    return Door(store(), read_only=settings().read_only)


def _dispose(engine: Engine) -> None:
    engine.dispose()


def _close(client: ServiceClient) -> None:
    client.close()


@st.cache_resource(show_spinner=False, on_release=_dispose)
def _jobs(url: str, timeout_seconds: float) -> Engine:
    return database.engine(url, statement_timeout=timedelta(seconds=timeout_seconds), read_only=True)


@st.cache_resource(show_spinner=False, on_release=_dispose)
def _store(url: str, timeout_seconds: float) -> Engine:
    return database.engine(
        url, statement_timeout=timedelta(seconds=timeout_seconds), read_only=False, pool_size=2 * WORKERS
    )


@st.cache_resource(show_spinner=False, ttl=SCHEMA_KEPT, max_entries=4)
def _schema(url: str, jobs_table: str) -> schema.ServiceSchema:  # noqa: ARG001  # the address is part of the key
    with database.translated("OPS_DATABASE_URL"), jobs().connect() as connection:
        return schema.discover(connection, jobs_table)


@st.cache_resource(show_spinner=False)
def _aliases(key: str) -> Aliases:
    return Aliases(key)


@st.cache_resource(show_spinner=False)
def _prometheus(url: str, prefix: str, deadline_seconds: float) -> Prometheus:
    return Prometheus(url, prefix, timedelta(seconds=deadline_seconds))


@st.cache_resource(show_spinner=False, on_release=_close)
def _service(url: str, admin_key: str, deadline_seconds: float) -> ServiceClient:
    return ServiceClient(url, admin_key, deadline=timedelta(seconds=deadline_seconds))


@st.cache_resource(show_spinner=False)
def runner() -> Runner:
    """The workers of bulk actions, which go on when a tab is closed."""
    return Runner()
