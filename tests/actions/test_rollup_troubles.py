"""What is in the way of a roll-up is named: the schema, rights on either side, a source that is away or slow."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from actions.errors import NotKept
from actions.rollups import Sides, roll_up
from queries.database import engine
from queries.errors import DatabaseForbidden, DatabaseUnavailable, MissingMigration
from tests.actions.usage_stage import Stage, staged


def test_without_the_schema(stage: Stage, empty_url: str) -> None:
    with (
        staged(stage.source_url, empty_url) as bare,
        pytest.raises(MissingMigration, match="ops-dashboard migrate"),
    ):
        bare.roll()


def test_without_the_right_to_write(stage: Stage) -> None:
    stage.spoil(
        "drop role if exists onlooker",
        "create role onlooker login",
        "grant usage on schema ops to onlooker",
        "grant select, insert on all tables in schema ops to onlooker",
    )
    onlooker = stage.store_url.replace("postgres@", "onlooker@")
    with staged(stage.source_url, onlooker) as poor, pytest.raises(NotKept, match=r"rollup_state.*OPS_STORE_URL"):
        poor.roll()
    stage.spoil("drop owned by onlooker; drop role onlooker")
    assert stage.roll().hours > 0


def test_without_the_right_to_read_it_is_the_source_that_is_named(stage: Stage) -> None:
    stage.change("drop role if exists blind; create role blind login")
    known = stage.schema
    blind = stage.source_url.replace("postgres@", "blind@")
    with staged(blind, stage.store_url) as poor, pytest.raises(DatabaseForbidden, match="jobs"):
        roll_up(poor.source, known, poor.aliases, poor.store)
    stage.change("drop role blind")


def test_a_source_that_is_away(stage: Stage) -> None:
    known = stage.schema
    nowhere = "postgresql://reader@127.0.0.1:1/books"
    with staged(nowhere, stage.store_url) as away, pytest.raises(DatabaseUnavailable, match="OPS_DATABASE_URL"):
        roll_up(away.source, known, away.aliases, away.store)
    assert stage.kept()["rolled"] == []


def test_a_source_that_takes_its_time(stage: Stage) -> None:
    """The store ends other transactions that wait for longer than its statements may take."""
    impatient = engine(stage.store_url, statement_timeout=timedelta(milliseconds=200))
    sides = Sides(stage.source, stage.schema, stage.aliases, impatient)
    with sides.locked() as (connection, _):
        with sides.reading() as source:
            source.execute(sa.select(sa.func.pg_sleep(0.5)))
        assert connection.execute(sa.select(1)).scalar_one() == 1
    impatient.dispose()
