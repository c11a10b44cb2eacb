"""The way from an alias back to its users, who are known to the service by their secret key only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from queries import aliases as module
from queries import users
from queries.aliases import DIGITS, Aliases
from tests.queries.conftest import connect, run


@pytest.fixture(params=["newer", "older"])
def users_url(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], newer_template: str, older_template: str
) -> str:
    """300 users, the first ones with a hundred jobs each."""
    url = new_database(newer_template if request.param == "newer" else older_template)
    run(
        url,
        "truncate jobs",
        "insert into jobs (id, status, user_key, progress, current_step, created_at, updated_at)"
        " select 'job_' || n, 'done', 'key-' || least(n / 100, n % 300), 0, 'done', now(), now()"
        " from generate_series(0, 29999) n",
        "update jobs set user_key = '' where id = 'job_29999'",
    )
    return url


@pytest.mark.parametrize("chunk", [1, 7, users.CHUNK])
def test_every_user_is_found(users_url: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "CHUNK", chunk)
    with connect(users_url) as (connection, schema):
        rows = connection.exec_driver_sql("select distinct user_key from jobs").scalars().all()
        assert len(rows) > 250
        found = list(users._user_keys(connection, schema))
    assert found == sorted(found)
    assert set(found) == set(rows)
    assert len(found) == len(rows)


def test_an_alias_is_resolved_and_remembered(users_url: str) -> None:
    alias = Aliases("k").alias("key-77")
    fresh = Aliases("k")
    assert fresh.keys(alias) is None
    with connect(users_url) as (connection, schema):
        assert users.resolve(connection, schema, fresh, alias) == 1
    assert fresh.keys(alias) == {"key-77"}


def test_users_who_share_an_alias_are_all_found(users_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DIGITS", 1)
    fresh = Aliases("k")
    with connect(users_url) as (connection, schema):
        number = users.resolve(connection, schema, fresh, "user-7")
    keys = fresh.keys("user-7")
    assert keys is not None
    assert number == len(keys) > 3
    assert {fresh.alias(key) for key in keys} == {"user-7"}


def test_only_what_is_unknown_is_looked_up(users_url: str) -> None:
    met, unmet, nobody = Aliases("k").alias("key-1"), Aliases("k").alias("key-2"), f"user-{'0' * DIGITS}"
    fresh = Aliases("k")
    fresh.alias("key-1")
    with connect(users_url) as (connection, schema):
        users.resolve_unknown(connection, schema, fresh, (met, unmet, nobody))
        assert [fresh.keys(alias) for alias in (met, unmet, nobody)] == [{"key-1"}, {"key-2"}, set()]
        connection.close()
        # What is known needs no database.
        users.resolve_unknown(connection, schema, fresh, (met, unmet, nobody))


def test_nobody_is_not_remembered_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Aliases("k")
    alias = Aliases("k").alias("key-1")
    fresh.find(alias, [])
    assert fresh.keys(alias) == frozenset()
    monkeypatch.setattr(module, "NOBODY_KEPT", timedelta(0))
    assert fresh.keys(alias) is None


def test_a_new_user_is_known_at_once() -> None:
    fresh = Aliases("k")
    alias = Aliases("k").alias("key-1")
    fresh.find(alias, [])
    fresh.alias("key-1")
    assert fresh.keys(alias) == {"key-1"}


def test_the_memory_is_bounded_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    fresh = Aliases("k")
    made = [fresh.alias(f"key-{number}") for number in range(3)]
    fresh.alias("key-0")
    fresh.alias("key-3")
    assert [fresh.keys(alias) is None for alias in made] == [False, True, False]
    for number in range(10):
        fresh.find(f"user-{number:08x}", [])
    assert fresh.keys("user-00000000") is None
    assert fresh.keys("user-00000009") == frozenset()


def test_the_memory_is_no_part_of_what_aliases_are() -> None:
    one, other = Aliases("k"), Aliases("k")
    one.alias("key-SECRET")
    assert one == other
    assert hash(one) == hash(other)
    assert "SECRET" not in repr(one)
    assert "SECRET" not in repr(one._memory)


def test_several_threads() -> None:
    fresh = Aliases("k")
    keys = [f"key-{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(fresh.alias, keys * 5))
    assert all(key in (fresh.keys(alias) or ()) for key, alias in zip(keys * 5, made, strict=True))


def test_a_users_key_is_masked_in_text() -> None:
    made = Aliases("k")
    assert made.masked("no book for key-1, said key-1", "key-1") == "no book for {0}, said {0}".format(
        made.alias("key-1")
    )
    assert made.masked("nothing", "key-1") == "nothing"
    assert made.masked("nothing", "") == "nothing"
