"""Duties that one console at a time does: when due, by a lease, given back when it ends, waited for in outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from actions.errors import NotKept
from actions.keeper import Duty, GoOn, Keeper, attend, last_done
from queries.database import engine
from queries.errors import DatabaseUnavailable, MissingMigration
from tests.actions.bulk_rows import change
from tests.actions.conftest import Rows

SECONDS = 60
DAY = timedelta(days=1)
RUN_OUT = "update ops.duties set leased_until = clock_timestamp() - interval '1 s' where holder is not null"


class Work:
    """What a duty does: counts, and breaks where a test wants it to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.told: SimpleQueue[bool] = SimpleQueue()
        self.times = 0

    def __call__(self, _: GoOn) -> None:
        self.times += 1
        if self.error is not None:
            raise self.error

    def tell(self, _: str, done: bool) -> None:
        self.told.put(done)

    def heard(self) -> bool:
        return self.told.get(timeout=SECONDS)


@contextmanager
def kept(store: sa.Engine, duty: Duty, work: Work, **options: Any) -> Iterator[Keeper]:
    quick = timedelta(milliseconds=20)
    keeper = Keeper(store, (duty,), told=work.tell, poll=quick, **{"retry": quick} | options).start()
    try:
        yield keeper
    finally:
        keeper.close()


@pytest.fixture
def work() -> Work:
    return Work()


def test_done_when_due_and_not_before(store: sa.Engine, work: Work) -> None:
    duty = Duty("count", DAY, work)
    assert [attend(store, duty), attend(store, duty)] == [True, False]
    assert attend(store, Duty("count", timedelta(0), work))
    change(store, "update ops.duties set done_at = done_at - interval '25 h'")
    assert attend(store, duty)
    assert work.times == 3


def test_only_one_at_a_time(store: sa.Engine, work: Work) -> None:
    """And who dies in the middle is replaced when the lease has run out."""
    other = Duty("count", timedelta(0), work)

    def run(go_on: GoOn) -> None:
        assert not attend(store, other)
        assert go_on()
        change(store, RUN_OUT)
        assert go_on(), "nobody took it"
        change(store, RUN_OUT)
        assert attend(store, other)
        assert not go_on()

    assert attend(store, Duty("count", timedelta(0), run))
    assert work.times == 1


def test_what_was_broken_off_is_not_done_and_free_at_once(store: sa.Engine, rows: Rows, work: Work) -> None:
    assert attend(store, Duty("count", DAY, lambda go_on: go_on()), go_on=lambda: False)
    with pytest.raises(DatabaseUnavailable):
        attend(store, Duty("count", DAY, Work(DatabaseUnavailable(detail="gone", setting="X"))))
    (row,) = rows("select holder, leased_until, done_at, done_by from ops.duties")
    assert set(row.values()) == {None}
    assert attend(store, Duty("count", DAY, work))


def test_when_and_by_whom(store: sa.Engine, work: Work) -> None:
    with store.connect() as connection:
        assert last_done(connection, "count") is None
        attend(store, Duty("count", DAY, work))
        done = last_done(connection, "count")
        assert done is not None
        assert done.by.count("-") >= 2
        assert attend(store, Duty("count", timedelta(0), lambda _: check_still(store, done.by)))


def check_still(store: sa.Engine, by: str) -> None:
    """While it is done again, what is told is when it was done last."""
    with store.connect() as connection:
        found = last_done(connection, "count")
    assert found is not None
    assert found.by == by


def test_the_keeper_does_it_again_and_again(store: sa.Engine, work: Work) -> None:
    with kept(store, Duty("count", timedelta(0), work), work):
        assert [work.heard() for _ in range(3)] == [True, True, True]


def test_an_outage_is_waited_for_and_logged_once(store: sa.Engine, work: Work) -> None:
    work.error = DatabaseUnavailable(detail="gone", setting="OPS_DATABASE_URL")
    with structlog.testing.capture_logs() as logged, kept(store, Duty("count", timedelta(0), work), work):
        assert [work.heard() for _ in range(3)] == [False, False, False]
        work.error = None
        assert until(work.heard)
        work.error = DatabaseUnavailable(detail="gone again", setting="OPS_DATABASE_URL")
        assert until(lambda: not work.heard())
        assert until(lambda: not work.heard())
    warned = [entry["detail"] for entry in logged if entry["log_level"] == "warning"]
    assert len(warned) == 2
    assert "gone again" in warned[1]


def until(condition: Callable[[], bool]) -> bool:
    return any(condition() for _ in range(1_000))


def test_closing_does_not_wait_for_the_end(store: sa.Engine) -> None:
    begun = Event()

    def run(go_on: GoOn) -> None:
        while go_on():
            begun.set()

    with kept(store, Duty("endless", DAY, run), Work()):
        assert begun.wait(SECONDS)
    with store.connect() as connection:
        assert last_done(connection, "endless") is None


def test_a_closed_one_that_never_started(store: sa.Engine) -> None:
    Keeper(store, ()).close()


def test_without_the_schema_it_stays_quiet(empty_url: str, work: Work) -> None:
    bare = engine(empty_url, statement_timeout=timedelta(seconds=10))
    with pytest.raises(MissingMigration):
        attend(bare, Duty("count", DAY, work))
    with structlog.testing.capture_logs() as logged, kept(bare, Duty("count", DAY, work), work):
        assert [work.heard() for _ in range(3)] == [False, False, False]
    assert len(logged) == 1
    assert work.times == 0
    bare.dispose()


def test_without_the_right_to_write(store: sa.Engine, store_url: str, work: Work) -> None:
    change(store, "create role bystander login")
    change(store, "grant usage on schema ops to bystander")
    change(store, "grant select on all tables in schema ops to bystander")
    poor = engine(store_url.replace("postgres@", "bystander@"), statement_timeout=timedelta(seconds=10))
    with pytest.raises(NotKept, match="duties"):
        attend(poor, Duty("count", DAY, work))
    poor.dispose()
    change(store, "drop owned by bystander")
    change(store, "drop role bystander")
