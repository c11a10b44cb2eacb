"""Paced release: never faster than asked, whatever happens in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from actions import bulks
from actions.audit import Door
from actions.client import ServiceClient
from actions.leases import BURST, due
from actions.release import Runner
from queries.bulk_models import ItemState
from tests.actions.bulk_rows import after, at_rest, ended, found, items, many, started, told, until
from tests.actions.conftest import OPERATOR
from tests.actions.odd_service import OddService
from tests.actions.releases import RETRIED, running

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@given(
    per_minute=st.integers(1, 6_000),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 16)), max_size=60),
)
def test_a_pace_is_never_exceeded(per_minute: int, steps: list[tuple[float, int]]) -> None:
    """Whenever it is asked, however long it was not: never more than its share of the time, plus one burst."""
    now, next_at, begun = NOON, NOON, 0
    for seconds, room in steps:
        now += timedelta(seconds=seconds)
        number, next_at = due(per_minute, next_at, now, room)
        assert 0 <= number <= room
        begun += number
        assert begun <= 1 + (now - NOON + BURST) / (MINUTE / per_minute)


@given(per_minute=st.integers(1, 600), seconds=st.integers(1, 120))
def test_a_pace_is_kept(per_minute: int, seconds: int) -> None:
    """Asked often enough, exactly so many begin."""
    now, next_at, begun = NOON, NOON, 0
    end = NOON + timedelta(seconds=seconds)
    while next_at < end:
        now = max(now, next_at)
        number, next_at = due(per_minute, next_at, now, 16)
        begun += number
    assert abs(begun - seconds * per_minute / 60) <= 1


def test_without_a_pace_there_is_only_the_room() -> None:
    assert due(None, NOON, NOON, 16) == (16, NOON)
    assert due(None, NOON + MINUTE, NOON, 16) == (0, NOON + MINUTE)


def test_jobs_begin_at_the_pace(runner: Runner, door: Door, store: sa.Engine, service: OddService) -> None:
    service.answer(RETRIED)
    started(door, many(12), per_minute=600)
    ended(store)
    began = sorted(item.began_at for item in items(store) if item.began_at)
    for position, at in enumerate(began):
        within = sum(at <= other < at + timedelta(milliseconds=500) for other in began[position:])
        assert within <= 5 + 10  # half a second's worth, and a burst after a stall


def test_the_pace_outlasts_a_restart_and_a_new_one_counts_at_once(
    door: Door, store: sa.Engine, service: OddService, client: ServiceClient
) -> None:
    service.answer(RETRIED)
    started(door, many(5), per_minute=1)
    with running(door, lambda: client):
        after(store, 1)
    with running(door, lambda: client):
        until(lambda: found(store).held)
        assert told(found(store)) == {ItemState.DONE: 1, ItemState.WAITING: 4}
        bulks.pause(door, OPERATOR, "b-1", request_id="r-1")
        at_rest(store)
        assert told(found(store)) == {ItemState.DONE: 1, ItemState.WAITING: 4}
        bulks.resume(door, OPERATOR, "b-1", request_id="r-2")
        bulks.pace(door, OPERATOR, "b-1", None, request_id="r-3")
        assert told(ended(store)) == {ItemState.DONE: 5}
