"""Services for tests: an idle one without workers, a working one, and parts of one in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.postgres import Postgres
from service import database
from service.database import Pool
from service.settings import Settings
from tests.service.driver import Driver
from tests.service_process import ServiceProcesses


@pytest.fixture(scope="session")
def empty_database(lasting_database: Callable[[str], str]) -> Callable[[], str]:
    return lambda: lasting_database("template1")


@pytest.fixture(scope="session")
def _idle(empty_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("idle")
    with (
        ServiceProcesses(empty_database(), folder, workers=0, monitor=False) as service,
        Driver(service) as driver,
    ):
        yield driver


@pytest.fixture
def idle(_idle: Driver) -> Driver:
    """An api alone: jobs stay as they are put."""
    _idle.reset()
    return _idle


@pytest.fixture(scope="session")
def _working(empty_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("working")
    with (
        ServiceProcesses(empty_database(), folder, workers=2, monitor=False) as service,
        Driver(service) as driver,
    ):
        yield driver


@pytest.fixture
def working(_working: Driver) -> Driver:
    """An api and two workers, and books in a fraction of a second."""
    _working.reset()
    return _working


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres, empty_database: Callable[[], str]) -> str:
    """The name of a database as `migrate` leaves it."""
    url = empty_database()
    database.migrate(Settings(database_url=url))
    return url.rpartition("/")[2]


@pytest.fixture
def settings(new_database: Callable[[str], str], migrated_template: str, tmp_path: Path) -> Settings:
    """The default settings over a fresh, migrated database."""
    return Settings(database_url=new_database(migrated_template), speed=1000, metrics_dir=tmp_path)


@pytest.fixture
def pool(settings: Settings) -> Iterator[Pool]:
    with database.pool(settings, size=8, name="test") as opened:
        yield opened
