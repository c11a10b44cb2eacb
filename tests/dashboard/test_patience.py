"""How long the database may think, as it says itself: less once a question of the same page took all its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Context

import psycopg
import pytest
import sqlalchemy as sa

from dashboard import fetch, patience
from dashboard.patience import LASTS_SECONDS
from queries.errors import DatabaseTimeout, MissingTable
from tests.dashboard.conftest import Configure, stopped_clock

USUAL, SHORT = "600ms", "60ms"
ASKS = pytest.mark.parametrize("ask", [fetch.database, fetch.store])
Ask = Callable[..., object]


@pytest.fixture(autouse=True)
def slow(configure: Configure, older_url: str) -> Iterator[None]:
    """A database whose jobs nobody can read."""
    configure(database_url=older_url, store_url=older_url, statement_timeout_seconds=0.6)
    with psycopg.connect(older_url) as connection:
        connection.execute("lock table jobs in access exclusive mode")
        yield


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds pass."""
    return stopped_clock(monkeypatch, patience)


def time_given(ask: Ask) -> object:
    def shown(connection: sa.Connection) -> object:
        return connection.execute(sa.text("show statement_timeout")).scalar_one()

    return ask(shown).value  # type: ignore[attr-defined]


def time_out(ask: Ask) -> None:
    def locked(connection: sa.Connection) -> object:
        return connection.execute(sa.text("select count(*) from jobs")).scalar_one()

    with pytest.raises(DatabaseTimeout):
        ask(locked)


def in_a_run(what: Callable[[], None]) -> None:
    """As each page runs: in a thread, and so a context, of its own."""
    Context().run(what)


@ASKS
def test_what_follows_a_timeout_is_given_less(ask: Ask, later: Callable[[float], None]) -> None:
    def page() -> None:
        assert time_given(ask) == USUAL
        time_out(ask)
        fetch.clear()
        assert time_given(ask) == SHORT
        time_out(ask)
        later(LASTS_SECONDS)
        fetch.clear()
        assert time_given(ask) == USUAL

    in_a_run(page)


@ASKS
def test_another_page_has_its_own_patience_and_the_same_connections(ask: Ask) -> None:
    def page() -> None:
        time_out(ask)
        time_out(ask)

    in_a_run(page)
    fetch.clear()
    in_a_run(lambda: _expect(ask, USUAL))


@ASKS
def test_no_other_trouble_costs_patience(ask: Ask) -> None:
    def missing(connection: sa.Connection) -> None:
        connection.execute(sa.text("select * from nothing"))

    def page() -> None:
        with pytest.raises(MissingTable):
            ask(missing)
        assert time_given(ask) == USUAL

    in_a_run(page)


def test_a_connection_that_ends_meanwhile_is_not_kept() -> None:
    def ended(connection: sa.Connection) -> None:
        connection.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))

    def page() -> None:
        time_out(fetch.database)
        with pytest.raises(Exception, match="OPS_DATABASE_URL"):
            fetch.database(ended)

    in_a_run(page)
    fetch.clear()
    in_a_run(lambda: _expect(fetch.database, USUAL))


def _expect(ask: Ask, time: str) -> None:
    assert time_given(ask) == time
