"""One real PostgreSQL a test process; a fresh database a test, copied from a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import psycopg
import pytest

from demo.postgres import Postgres
from tests import databases

_numbers = count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def new_database(postgres: Postgres) -> Callable[[str], str]:
    """Create a database as a copy of a template; answers its URL."""

    def create(template: str) -> str:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"create database {name} template {template}".encode())
        return postgres.url(name)

    return create


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
