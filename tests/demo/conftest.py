"""A small history, loaded into a real database and served by a real Prometheus, once for all tests."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from demo import history
from demo.incidents import course
from demo.past import Past
from demo.postgres import Postgres
from demo.prometheus import Server, find
from demo.supervisor import Supervisor
from service import database
from service.settings import Settings

DAYS = 3.0


@dataclass(frozen=True)
class Told:
    """A past, and the two places that were told of it."""

    past: Past
    database_url: str
    prometheus_url: str

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, options="-c TimeZone=UTC") as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def values(self, expression: str, at: float) -> list[tuple[dict[str, str], float]]:
        """The answer of an instant query at a Unix time."""
        query = urllib.parse.urlencode({"query": expression, "time": str(at)})
        with urllib.request.urlopen(f"{self.prometheus_url}/api/v1/query?{query}", timeout=10) as answer:  # noqa: S310
            found = json.load(answer)["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]


@pytest.fixture(scope="session")
def told(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("create database history")
    url = postgres.url("history")
    database.migrate(Settings(database_url=url))
    binaries = find()
    assert binaries is not None, "these tests need Prometheus"
    folder = tmp_path_factory.mktemp("history")
    plan = course(7, float(int(time.time())), DAYS, "Asia/Seoul")
    with Supervisor(folder / "logs") as supervisor:
        made = history.make(plan, url, supervisor=supervisor, binaries=binaries, metrics=folder / "prometheus")
        server = Server(supervisor, binaries, folder / "prometheus")
        server.launch("127.0.0.1:1", "127.0.0.1:1")
        server.wait()
        yield Told(made, url, server.url)
