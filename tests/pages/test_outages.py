"""The database goes away under an open page and comes back: told once, what it said before told as such."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from streamlit.testing.v1 import AppTest

from dashboard import connections, fetch
from dashboard.shared_cache import SharedCache
from tests.dashboard.conftest import Configure
from tests.dashboard.test_shared_cache import Clock
from tests.pages.screen import labels, markdown, numbers, opened, press, run, select, words

FINE = ":material/check:"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time by which answers grow old."""
    clock = Clock()
    monkeypatch.setattr(fetch, "_cache", SharedCache(fetch.MAX_ENTRIES, clock))
    return clock


@contextmanager
def away(url: str) -> Iterator[None]:
    """Nobody gets into this database, and who is in is thrown out."""
    server, name = url.rsplit("/", 1)
    allow = sql.SQL("alter database {} with allow_connections {}")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        connections.jobs().dispose()
        connections.store().dispose()
        try:
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def later(at: AppTest, clock: Clock, seconds: float = 60) -> AppTest:
    """The page after so long; twice, since what is above learns from what is below. The fuses' pause is over."""
    clock.now += seconds
    fetch._fuses.clear()
    return run(run(at))


def told_fine(at: AppTest) -> list[str]:
    return [text for text in markdown(at) if FINE in text]


def test_the_overview_through_an_outage(hanging: str, clock: Clock) -> None:
    at = opened()
    stuck = numbers(at)["Stuck"]
    assert "has not answered" not in words(at)
    assert told_fine(at)
    with away(hanging):
        later(at, clock)
        said = words(at)
        assert said.count("The service's database has not answered since") == 1
        assert "Check that it runs and that OPS_DATABASE_URL points to it." in said
        assert "6 jobs stuck" in said
        assert "not known now:" in said
        assert not told_fine(at)
        assert numbers(at)["Stuck"] == stuck
        assert "stale: " in said
        later(at, clock, 16 * 60)
        said = words(at)
        assert "Stuck jobs: not known." in said
        assert "jobs stuck for" not in said
        assert numbers(at)["Stuck"] == "?"
    later(at, clock)
    said = words(at)
    assert "has not answered" not in said
    assert "stale" not in said
    assert "6 jobs stuck" in said
    assert told_fine(at)


def test_nothing_is_done_that_cannot_be_recorded(hanging: str, clock: Clock) -> None:
    at = select(opened("stuck"), 0)
    with away(hanging):
        later(at, clock)
        said = words(at)
        assert "As of " in said
        assert "6 jobs stuck" in said
        act = next(one for one in at.button if one.label.startswith("Acknowledge"))
        assert act.disabled
        assert "could not be recorded" in (act.help or "")


def test_nothing_is_decided_on_what_was(
    hanging: str,
    clock: Clock,
    configure: Configure,
    new_database: Callable[[str], str],
    migrated_older_template: str,
) -> None:
    configure(store_url=new_database(migrated_older_template))
    at = select(opened("stuck"), 0)
    acknowledge = next(label for label in labels(at) if label.startswith("Acknowledge"))
    with away(hanging):
        later(at, clock)
        assert "As of " in words(at)
        press(at, acknowledge)
        assert "The list of stuck jobs cannot be shown now." in words(at)
        assert "The database does not answer." in words(at)
        assert not [one for one in at.text_area if one.key == "confirm-reason"]
    later(at, clock)
    press(select(at, 0), acknowledge)
    assert [one for one in at.text_area if one.key == "confirm-reason"]
