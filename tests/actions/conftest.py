"""A migrated store, its door, people of each role, and a service that answers as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row

from actions import migrations
from actions.audit import Door
from actions.client import ServiceClient
from actions.permissions import Actor, Role
from actions.release import WORKERS, Runner
from demo.postgres import Postgres
from queries.database import engine
from queries.models import Job
from tests.actions.odd_service import OddService
from tests.actions.releases import running
from tests.actions.usage_stage import FILL, MORE, Fresh, Kept, Stage, staged

Rows = Callable[[str], list[dict[str, Any]]]

VIEWER = Actor("vic@example.com", Role.VIEWER)
OPERATOR = Actor("olga@example.com", Role.OPERATOR)


@pytest.fixture(scope="session")
def store_template(postgres: Postgres) -> str:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("create database store_template")
    migrations.upgrade(postgres.url("store_template"))
    return "store_template"


@pytest.fixture
def store_url(new_database: Callable[[str], str], store_template: str) -> str:
    """A fresh database with the schema ops, empty."""
    return new_database(store_template)


@pytest.fixture
def empty_url(new_database: Callable[[str], str]) -> str:
    """A fresh database without the schema ops."""
    return new_database("template1")


@pytest.fixture
def store(store_url: str) -> Iterator[sa.Engine]:
    opened = engine(store_url, statement_timeout=timedelta(seconds=5), pool_size=WORKERS + 2)
    yield opened
    opened.dispose()


@pytest.fixture
def door(store: sa.Engine) -> Door:
    return Door(store)


@pytest.fixture
def rows(store_url: str) -> Rows:
    """Ask the store past the code under test."""

    def ask(query: str) -> list[dict[str, Any]]:
        with psycopg.connect(store_url, row_factory=dict_row) as connection:
            return connection.execute(query.encode()).fetchall()

    return ask


@pytest.fixture
def service() -> Iterator[OddService]:
    with OddService() as running:
        yield running


@pytest.fixture
def client(service: OddService) -> Iterator[ServiceClient]:
    with ServiceClient(service.url, "the-admin-key", deadline=timedelta(seconds=5)) as opened:
        yield opened


@pytest.fixture
def runner(door: Door, client: ServiceClient) -> Iterator[Runner]:
    with running(door, lambda: client) as opened:
        yield opened


@pytest.fixture(scope="module")
def usage_places(
    new_database: Callable[[str], str], newer_template: str, store_template: str
) -> Iterator[tuple[Stage, Stage]]:
    """A service's database with two stores: making a database takes longer than a test."""
    source = new_database(newer_template)
    with (
        staged(source, new_database(store_template)) as first,
        staged(source, new_database(store_template)) as other,
    ):
        yield first, other


@pytest.fixture
def stage(usage_places: tuple[Stage, Stage]) -> Stage:
    """Jobs of some days in one database, an empty store in another."""
    usage_places[0].clear()
    usage_places[0].change(FILL, MORE)
    return usage_places[0]


@pytest.fixture
def fresh(usage_places: tuple[Stage, Stage]) -> Fresh:
    """What a roll-up keeps that begins with nothing."""

    def rolled_up() -> Kept:
        usage_places[1].until = usage_places[0].until
        usage_places[1].roll(anew=True)
        return usage_places[1].kept()

    return rolled_up


def job(job_id: str = "job_1", **changes: Any) -> Job:
    """A job that failed long ago at its images."""
    at = datetime(2026, 11, 23, 2, tzinfo=UTC)
    fields = {"status": "failed", "user": "user-1", "created_at": at, "updated_at": at, "step": "generate_images"}
    return Job(id=job_id, **{**fields, **changes})
