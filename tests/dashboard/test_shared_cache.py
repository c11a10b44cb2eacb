from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import count
from threading import Event, Lock

import pytest

from dashboard.shared_cache import SharedCache
from dashboard.telemetry import REGISTRY
from queries.errors import DatabaseUnavailable

TTL = timedelta(seconds=10)


class Source:
    """Counts how often it is asked; waits for `open` before it answers."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = Event()
        self.begun = Event()
        self._lock = Lock()

    def __call__(self) -> int:
        with self._lock:
            self.asked += 1
            answer = self.asked
        self.begun.set()
        assert self.open.wait(10)
        return answer


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> SharedCache:
    return SharedCache(3, clock)


def shared() -> float:
    return REGISTRY.get_sample_value("ops_cache_requests_total", {"outcome": "shared"}) or 0.0


def wait_for_shared(more: float) -> None:
    """Until so many requests wait for somebody else's answer."""
    pause = Event()
    for _ in range(2000):
        if shared() >= more:
            return
        pause.wait(0.005)
    raise AssertionError("they do not wait for one another")


def test_twenty_viewers_cost_one_question(cache: SharedCache) -> None:
    source, before = Source(), shared()
    with ThreadPoolExecutor(20) as viewers:
        answers = [viewers.submit(cache.get, "key", TTL, source) for _ in range(20)]
        wait_for_shared(before + 19)
        source.open.set()
        assert [answer.result() for answer in answers] == [1] * 20
    assert source.asked == 1


def test_those_who_wait_share_the_failure_and_nobody_after_them(cache: SharedCache) -> None:
    asked, gate, before = count(), Event(), shared()

    def fails() -> int:
        next(asked)
        assert gate.wait(10)
        raise DatabaseUnavailable(detail="down", setting="OPS_DATABASE_URL")

    with ThreadPoolExecutor(5) as viewers:
        answers = [viewers.submit(cache.get, "key", TTL, fails) for _ in range(5)]
        wait_for_shared(before + 4)
        gate.set()
        assert all(isinstance(answer.exception(), DatabaseUnavailable) for answer in answers)
    assert next(asked) == 1
    assert cache.get("key", TTL, lambda: "well again") == "well again"


def test_an_answer_is_kept_for_its_time(cache: SharedCache, clock: Clock) -> None:
    numbers = count(1)
    assert cache.get("key", TTL, lambda: next(numbers)) == 1
    clock.now = 9.9
    assert cache.get("key", TTL, lambda: next(numbers)) == 1
    clock.now = 10.0
    assert cache.get("key", TTL, lambda: next(numbers)) == 2


def test_who_wants_it_fresher_gets_it_fresher(cache: SharedCache, clock: Clock) -> None:
    numbers = count(1)
    assert cache.get("key", TTL, lambda: next(numbers)) == 1
    clock.now = 5.0
    assert cache.get("key", timedelta(seconds=4), lambda: next(numbers)) == 2
    assert cache.get("key", timedelta(0), lambda: next(numbers)) == 3
    assert cache.get("key", TTL, lambda: next(numbers)) == 2


def test_a_ttl_of_zero_does_not_take_what_was_asked_before(cache: SharedCache) -> None:
    source = Source()
    with ThreadPoolExecutor(1) as viewers:
        earlier = viewers.submit(cache.get, "key", TTL, source)
        assert source.begun.wait(10)
        assert cache.get("key", timedelta(0), lambda: "now") == "now"
        source.open.set()
        assert earlier.result() == 1


def test_clear_also_forgets_what_is_on_its_way(cache: SharedCache) -> None:
    source = Source()
    with ThreadPoolExecutor(1) as viewers:
        before = viewers.submit(cache.get, "key", TTL, source)
        assert source.begun.wait(10)
        cache.clear()
        assert cache.get("key", TTL, lambda: "after") == "after"
        source.open.set()
        assert before.result() == 1
    assert cache.get("key", TTL, lambda: "later") == "after"


def test_the_cache_is_bounded_and_drops_the_oldest(cache: SharedCache) -> None:
    for key in range(5):
        cache.get(key, TTL, partial(int, key))
    assert len(cache) == 3
    assert cache.get(4, TTL, lambda: -1) == 4
    assert cache.get(0, TTL, lambda: -1) == -1


def test_expired_answers_make_room_first(cache: SharedCache, clock: Clock) -> None:
    cache.get("long", timedelta(seconds=100), lambda: 1)
    cache.get("short", timedelta(seconds=1), lambda: 2)
    cache.get("middle", timedelta(seconds=100), lambda: 3)
    clock.now = 2.0
    cache.get("new", TTL, lambda: 4)
    assert cache.get("long", timedelta(seconds=100), lambda: -1) == 1


def test_the_last_answer_outlives_its_time_and_an_error(cache: SharedCache, clock: Clock) -> None:
    def fails() -> int:
        raise DatabaseUnavailable(detail="down", setting="OPS_DATABASE_URL")

    assert cache.last("key", TTL) is None
    cache.get("key", TTL, lambda: "good")
    clock.now = 60.0
    with pytest.raises(DatabaseUnavailable):
        cache.get("key", TTL, fails)
    assert cache.last("key", timedelta(seconds=60)) == "good"
    assert cache.last("key", timedelta(seconds=59)) is None
    cache.clear()
    assert cache.last("key", timedelta(seconds=60)) is None


def test_expired_answers_make_room_one_by_one(cache: SharedCache, clock: Clock) -> None:
    for key in range(3):
        clock.now = float(key)
        cache.get(key, TTL, partial(str, key))
    clock.now = 100.0
    cache.get("new", TTL, lambda: "new")
    assert [cache.last(key, timedelta(hours=1)) for key in (0, 1, 2, "new")] == [None, "1", "2", "new"]
