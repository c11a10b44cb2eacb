"""A console amid money, as whoever a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.access import money_rows
from tests.dashboard.conftest import Configure, configure, forgotten
from tests.pages.conftest import migrated_newer_template
from tests.queries.told_rules import telling

__all__ = ["configure", "forgotten", "migrated_newer_template"]


@pytest.fixture(scope="module")
def money_url(new_database: Callable[[str], str], migrated_newer_template: str) -> str:
    """A database in which everything that can hold an amount of money does."""
    url = new_database(migrated_newer_template)
    money_rows.fill(url)
    return url


@pytest.fixture(scope="module")
def money_sources(money_url: str) -> Iterator[dict[str, str]]:
    """Of the database, the service and Prometheus."""
    with money_rows.service() as service, telling(money_rows.rules()) as prometheus:
        yield {"database_url": money_url, "service_url": service.url, "prometheus_url": prometheus}


@pytest.fixture
def amid_money(configure: Configure, money_sources: dict[str, str]) -> None:
    """The console before them; who sees money there is the test's to say."""
    key = {"service_admin_key": "a-long-admin-key", "alias_key": money_rows.ALIASES.key}
    configure(**money_sources, **money_rows.PRICES, **key)
