"""Which rolled hours may be used: whole, clean, lately looked at, and of this key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from actions import migrations
from queries import database, rollups
from queries.jobs import LOOKBACK
from queries.ops_store import FIRST_SEEN, HOURLY_KINDS, HOURLY_USAGE, ROLLED_HOURS, ROLLUP_STATE
from queries.rollups import RUNS_LIMIT, STALE_AFTER
from queries.usage_models import KindDay, NewUser, RollupState, Span, Tally, UserDay, UserTally
from tests.queries.rolled import mark

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)
FIRST = datetime(2026, 5, 5, tzinfo=UTC)
KEY = "the fingerprint"


@pytest.fixture
def store(newer_url: str) -> Iterator[Connection]:
    """The console's own tables with the first ten hours of a day rolled."""
    migrations.upgrade(newer_url)
    engine = database.engine(newer_url, statement_timeout=timedelta(seconds=10))
    with engine.begin() as connection:
        state = {"single": True, "fingerprint": KEY, "first_hour": FIRST, "seen_until": sa.func.now()}
        connection.execute(sa.insert(ROLLUP_STATE).values(state))
        mark(connection, [at(number) for number in range(10)])
        yield connection
    engine.dispose()


def at(hours: float) -> datetime:
    return FIRST + hours * HOUR


def runs(store: Connection, since: float = 0, until: float = 24) -> list[tuple[float, float]]:
    found = rollups.covered(store, KEY, at(since), at(until))
    return [((one.since - FIRST) / HOUR, (one.until - FIRST) / HOUR) for one in found]


def test_nothing_is_covered_before_the_first_roll_up(newer_url: str, store: Connection) -> None:
    store.execute(ROLLUP_STATE.delete())
    assert runs(store) == []
    assert rollups.state(store) is None


def test_runs_end_at_dirty_and_at_missing_hours(store: Connection) -> None:
    assert runs(store) == [(0, 10)]
    store.execute(ROLLED_HOURS.update().where(ROLLED_HOURS.c.hour == at(3)).values(dirty=True))
    store.execute(ROLLED_HOURS.delete().where(ROLLED_HOURS.c.hour == at(6)))
    assert runs(store) == [(0, 3), (4, 6), (7, 10)]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(2, 5, [(2, 5)]), (2.01, 4.99, [(3, 4)]), (2.5, 3.5, []), (9, 9.5, []), (10, 24, []), (-5, 1, [(0, 1)])],
)
def test_only_whole_hours_count(
    store: Connection, since: float, until: float, expected: list[tuple[float, float]]
) -> None:
    assert runs(store, since, until) == expected


def test_the_longest_runs_are_kept(store: Connection) -> None:
    """Two hours each but for the first, with an hour between them that is not rolled."""
    store.execute(ROLLED_HOURS.delete())
    mark(store, [at(0)])
    mark(store, [at(2 + 3 * run + hour) for run in range(RUNS_LIMIT) for hour in range(2)])
    found = runs(store, until=99)
    assert len(found) == RUNS_LIMIT
    assert found == [(2 + 3 * run, 4 + 3 * run) for run in range(RUNS_LIMIT)]


def test_another_key_covers_nothing(store: Connection) -> None:
    assert rollups.covered(store, "another", at(0), at(24)) == ()
    assert rollups.covered_with_past(store, "another", at(0), at(24)) == ()


def test_what_may_have_changed_unseen_is_not_used(store: Connection) -> None:
    """Nobody has looked for longer than STALE_AFTER: only what was too old to change by then is sure."""
    long_ago = sa.func.now() - (STALE_AFTER + MINUTE)
    store.execute(ROLLUP_STATE.update().values(seen_until=long_ago))
    store.execute(ROLLED_HOURS.update().values(rolled_at=long_ago))
    assert runs(store) == [(0, 10)]
    looked = at(4) + LOOKBACK
    store.execute(ROLLUP_STATE.update().values(seen_until=looked))
    store.execute(ROLLED_HOURS.update().values(rolled_at=at(0)))
    assert runs(store) == [(0, 4)]
    store.execute(ROLLED_HOURS.update().where(ROLLED_HOURS.c.hour == at(7)).values(rolled_at=sa.func.now()))
    assert runs(store) == [(0, 4), (7, 8)]
    store.execute(ROLLUP_STATE.update().values(seen_until=sa.func.now()))
    assert runs(store) == [(0, 10)]


def test_who_is_new_needs_all_hours_before(store: Connection) -> None:
    whole = (Span(at(5), at(10)),)
    assert rollups.covered_with_past(store, KEY, at(5), at(24)) == whole
    assert rollups.covered_with_past(store, KEY, at(4.5), at(24)) == whole
    store.execute(ROLLED_HOURS.delete().where(ROLLED_HOURS.c.hour == at(2)))
    assert rollups.covered_with_past(store, KEY, at(5), at(24)) == ()
    assert rollups.covered_with_past(store, KEY, at(0), at(24)) == (Span(at(0), at(2)), Span(at(3), at(10)))


def test_sums_are_those_of_the_runs_alone(store: Connection) -> None:
    for hour in range(10):
        row = {"hour": at(hour), "jobs": 1, "usd": Decimal("0.5")}
        store.execute(sa.insert(HOURLY_USAGE).values(row | {"digest": "a"}))
        store.execute(sa.insert(HOURLY_USAGE).values(row | {"digest": "b", "jobs": 3, "rejected": hour}))
        store.execute(sa.insert(HOURLY_KINDS).values(row | {"kind": "job"}))
        store.execute(sa.insert(FIRST_SEEN).values(digest=str(hour), hour=at(hour)))
    asked = (Span(at(0), at(2)), Span(at(5), at(6)))
    one, other = Tally(jobs=3, usd=Decimal("1.5")), Tally(jobs=9, rejected=6, usd=Decimal("1.5"))
    assert rollups.by_user(store, asked) == (UserTally("b", other), UserTally("a", one))
    # 05:00 in UTC is midnight in Bogotá.
    days = rollups.by_user_and_day(store, asked, timezone="America/Bogota", digests=("a", "nobody"))
    before, after = FIRST.date() - DAY, FIRST.date()
    half = Decimal("0.5")
    assert set(days) == {
        UserDay("a", before, Tally(jobs=2, usd=2 * half)),
        UserDay("a", after, Tally(jobs=1, usd=half)),
    }
    assert rollups.by_kind_and_day(store, asked, timezone="UTC") == (KindDay("job", after, one),)
    assert rollups.new_users_by_hour(store, asked) == tuple(NewUser(at(hour), str(hour)) for hour in (0, 1, 5))


def test_no_runs_hold_nothing(store: Connection) -> None:
    assert rollups.by_user(store, ()) == ()
    assert rollups.new_users_by_hour(store, ()) == ()
    assert rollups.by_user_and_day(store, (), timezone="UTC") == ()
    assert rollups.by_kind_and_day(store, (), timezone="UTC") == ()


def test_the_state_tells_how_far_it_is(store: Connection) -> None:
    store.execute(ROLLED_HOURS.update().where(ROLLED_HOURS.c.hour == at(3)).values(dirty=True))
    store.execute(ROLLUP_STATE.update().values(seen_until=at(11)))
    assert rollups.state(store) == RollupState(
        fingerprint=KEY,
        first_hour=FIRST,
        seen_until=at(11),
        rolled_until=at(10),
        dirty_hours=1,
        checked_at=None,
        differences=None,
    )
