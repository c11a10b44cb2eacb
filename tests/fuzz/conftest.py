"""The shell's clean start for every test, as the pages' tests have it, and a console amid hostile sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.dashboard.conftest import Configure, configure, forgotten
from tests.fuzz import hostile_rows
from tests.fuzz.hostile_rows import ALIASES
from tests.pages.conftest import (
    migrated_newer_template,
    migrated_older_template,
    newer,
    running,
    service,
    service_now,
)
from tests.queries.told_rules import telling

__all__ = [
    "configure",
    "forgotten",
    "migrated_newer_template",
    "migrated_older_template",
    "newer",
    "running",
    "service",
    "service_now",
]


@pytest.fixture(scope="module")
def hostile_url(new_database: Callable[[str], str], migrated_newer_template: str) -> str:
    url = new_database(migrated_newer_template)
    hostile_rows.fill(url)
    return url


@pytest.fixture(scope="module")
def addresses(hostile_url: str) -> Iterator[dict[str, str]]:
    """Of the database, the service and Prometheus."""
    with hostile_rows.service() as service, telling(hostile_rows.rules()) as prometheus:
        yield {"database_url": hostile_url, "service_url": service.url, "prometheus_url": prometheus}


@pytest.fixture
def surrounded(configure: Configure, addresses: dict[str, str]) -> None:
    configure(**addresses, service_admin_key="a-long-admin-key", alias_key=ALIASES.key)
