"""The shell's clean start for every test, databases in known states, and a real service that nobody works for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from actions import migrations
from tests import databases
from tests.dashboard.conftest import Configure, configure, forgotten, migrated_url
from tests.queries.conftest import set_clock
from tests.service_process import ServiceProcesses

__all__ = ["configure", "forgotten", "migrated_url"]

HANGING = "2026-11-23 00:27:00"


@pytest.fixture
def hanging(configure: Configure, migrated_url: str) -> str:
    """The console over the older deployment's rows when six jobs are stuck; its database's address."""
    set_clock(migrated_url, HANGING)
    configure(database_url=migrated_url)
    return migrated_url


@pytest.fixture(scope="session")
def migrated_newer_template(new_database: Callable[[str], str]) -> str:
    """A database with the newer deployment's tables and the console's own schema, to copy from."""
    url = new_database("template1")
    databases.create_newer(url)
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
