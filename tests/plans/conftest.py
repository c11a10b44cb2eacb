"""A million jobs of ninety days, once a server and test process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from demo.many_jobs import fill
from demo.postgres import BIN, Postgres, debian
from tests import databases
from tests.plans.worlds import ROWS, World, world
from tests.queries.conftest import connect

# Nothing is compiled, as on the console's connections, and filling writes no log.
OPTIONS = ("jit=off", "wal_level=minimal", "max_wal_senders=0", "maintenance_work_mem=256MB")
# Not C: in the order of letters that production has, an index does not find what a text begins with.
DATABASE = "create database jobs template template0 locale 'C.UTF-8'"
SERVERS = {"embedded": lambda: BIN, "Debian": debian}


@contextmanager
def million(directory: Path, binaries: Path, create: Callable[[str], None]) -> Iterator[str]:
    """A server with a deployment of a million jobs, fewer the longer ago; answers the database's URL."""
    with (
        tempfile.TemporaryDirectory(dir=directory) as data,  # pytest would keep half a gigabyte
        Postgres(Path(data) / "data", options=OPTIONS, binaries=binaries) as server,
    ):
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(DATABASE)
        url = server.url("jobs")
        create(url)
        fill(url, jobs=ROWS, days=90, told_percent=3, thinning=1.25)
        yield url


@contextmanager
def _worlds(url: str) -> Iterator[World]:
    with connect(url) as (connection, schema):
        yield world(connection, schema)


@pytest.fixture(scope="session", params=SERVERS)
def newer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The newer deployment, on one server after the other."""
    create, binaries = databases.create_newer, SERVERS[request.param]()
    with million(tmp_path_factory.getbasetemp(), binaries, create) as url, _worlds(url) as there:
        yield there


@pytest.fixture(scope="session")
def old_million_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The older deployment, on Debian's server."""
    with million(tmp_path_factory.getbasetemp(), debian(), databases.create_older) as url:
        yield url


@pytest.fixture(scope="session")
def older(old_million_url: str) -> Iterator[World]:
    with _worlds(old_million_url) as there:
        yield there
