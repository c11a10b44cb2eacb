"""One real PostgreSQL a test process; a fresh database a test, copied from a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from streamlit.components.v2 import manifest_scanner
from xdist.remote import Producer
from xdist.scheduler.loadfile import LoadFileScheduling

from demo.postgres import Postgres
from tests import databases

_numbers = count()
# Databases that tests made and nobody dropped yet, with their server's address.
_made: list[tuple[str, str]] = []

# A busy machine is no fault of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Streamlit reads what every installed package says of itself for each AppTest anew, which took most of its time.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def lasting_database(postgres: Postgres) -> Callable[[str], str]:
    """Create a database as a copy of a template, for all tests; answers its URL."""

    def create(template: str) -> str:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"create database {name} template {template}".encode())
        return postgres.url(name)

    return create


@pytest.fixture(scope="session")
def new_database(postgres: Postgres, lasting_database: Callable[[str], str]) -> Callable[[str], str]:
    """The same for the tests of one file."""

    def create(template: str) -> str:
        url = lasting_database(template)
        _made.append((url.rpartition("/")[2], postgres.url()))
        return url

    return create


@pytest.fixture(scope="module", autouse=True)
def dropped() -> Iterator[None]:
    """After each file its databases go, but for those that something is still connected to: 8 MB a test add up."""
    yield
    for name, server in tuple(_made):
        with suppress(psycopg.errors.ObjectInUse), psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"drop database {name}".encode())
            _made.remove((name, server))


def _template(postgres: Postgres, name: str, fill: Callable[[str], None]) -> str:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    fill(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def newer_template(postgres: Postgres) -> str:
    return _template(postgres, "newer_template", databases.create_newer)


@pytest.fixture(scope="session")
def older_template(postgres: Postgres) -> str:
    return _template(postgres, "older_template", databases.create_older)


@pytest.fixture
def newer_url(new_database: Callable[[str], str], newer_template: str) -> str:
    """A fresh database with the newer deployment's tables, empty."""
    return new_database(newer_template)


@pytest.fixture
def older_url(new_database: Callable[[str], str], older_template: str) -> str:
    """A fresh database with the older deployment's table and its real rows."""
    return new_database(older_template)


class OneBrowser(LoadFileScheduling):  # type: ignore[misc]  # xdist tells no types
    """Each file is one worker's, and all with a browser are one's: two on two cores only hold each other up."""

    def _split_scope(self, nodeid: str) -> str:
        browser, _, _ = nodeid.partition("/test_")
        return browser if browser == "tests/browser" else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneBrowser:
    return OneBrowser(config, log)


MATRICES = ("fault matrix", "access matrix")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cells of a matrix were tried, from what its tests recorded, in whichever process they ran."""
    reports = [report for told in terminalreporter.stats.values() for report in told if hasattr(report, "when")]
    for matrix in MATRICES:
        counts = [
            count
            for report in reports
            if report.when == "call"
            for name, count in getattr(report, "user_properties", ())
            if name == matrix
        ]
        if counts:
            tried, failed = (sum(column) for column in zip(*counts, strict=True))
            terminalreporter.write_line(f"{matrix}: {tried} cells tried, {failed} failed")
