"""The shell's clean start for every test, databases in known states, and a real service that nobody works for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from actions import migrations
from dashboard import fetch
from tests import databases
from tests.dashboard.conftest import Configure, configure, forgotten
from tests.queries.conftest import run, set_clock
from tests.service_process import ServiceProcesses

__all__ = ["configure", "forgotten"]

HANGING = "2026-11-23 00:27:00"


@pytest.fixture(scope="session")
def migrated_older_template(lasting_database: Callable[[str], str], older_template: str) -> str:
    """The older deployment's database with its rows and the console's own schema, to copy from."""
    return _migrated(lasting_database(older_template))


@pytest.fixture
def migrated_url(new_database: Callable[[str], str], migrated_older_template: str) -> str:
    """A fresh copy of it."""
    return new_database(migrated_older_template)


@pytest.fixture
def hanging(configure: Configure, migrated_url: str) -> str:
    """The console over the older deployment's rows when six jobs are stuck; its database's address."""
    set_clock(migrated_url, HANGING)
    configure(database_url=migrated_url)
    return migrated_url


@pytest.fixture(scope="session")
def migrated_newer_template(lasting_database: Callable[[str], str]) -> str:
    """A database with the newer deployment's tables and the console's own schema, to copy from."""
    url = lasting_database("template1")
    databases.create_newer(url)
    return _migrated(url)


def _migrated(url: str) -> str:
    migrations.upgrade(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture
def newer(new_database: Callable[[str], str], migrated_newer_template: str, configure: Configure) -> str:
    """The console over an empty newer deployment; its database's address."""
    url = new_database(migrated_newer_template)
    configure(database_url=url)
    return url


@pytest.fixture(scope="module")
def service(
    new_database: Callable[[str], str], migrated_newer_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcesses]:
    """The real service's api; without workers and monitor, so that jobs stand still."""
    url = new_database(migrated_newer_template)
    with ServiceProcesses(url, tmp_path_factory.mktemp("service"), workers=0, monitor=False) as running:
        yield running


@pytest.fixture
def running(service: ServiceProcesses, configure: Configure) -> ServiceProcesses:
    """The console before the running service, which is empty, and whose books have prices."""
    configure(
        database_url=service.database_url,
        service_url=service.url,
        service_admin_key=service.admin_key,
        price_per_image="0.04",
        price_per_llm_call="0.01",
    )
    tables = ("jobs", "runs", "workers", "state")
    run(service.database_url, *(f"delete from {table}" for table in tables))  # noqa: S608
    return service


@pytest.fixture
def service_now(running: ServiceProcesses) -> ServiceProcesses:
    """The console before the running service, whose limits are the defaults and were never changed."""
    reset = (
        "update guardrails set temporary_value = null, expires_at = null",
        "update guardrails set value = 20 where name = 'daily_job_limit_per_user'",
        "update guardrails set value = 100 where name = 'max_pending_jobs'",
        "delete from guardrail_history",
        "delete from guardrail_rejections",
        "delete from cost_events",
        "delete from ops.guardrail_proposals",
    )
    run(running.database_url, *reset)
    fetch.clear()
    return running
