"""What another value would have done: to jobs that were made, and to requests that were refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from queries import what_if, what_if_days, what_if_places, what_if_spend
from queries.aliases import Aliases
from queries.models import MoneySource, PriceList
from queries.price_history import PriceHistory
from queries.what_if import BlockedUser, LetThrough, WhatIf
from tests.queries.conftest import connect, run, set_clock

D = Decimal
DAILY, BUDGET, USD = "daily_job_limit_per_user", "daily_generation_budget", "daily_cost_limit_usd"
PENDING, OWN = "max_pending_jobs", "max_pending_jobs_per_user"
ALL = (DAILY, BUDGET, USD, PENDING, OWN)
ALIASES = Aliases("a key for tests")
# Two days ago: far from either end of what is asked about, whatever the time is now.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

JOB = """
insert into jobs (id, status, user_key, created_at, updated_at, retry_count)
values (%(id)s, %(status)s, %(user)s, timezone('utc', %(at)s), timezone('utc', %(end)s), %(retries)s)
"""
CALL = """
insert into cost_events
       (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome, units, cost_usd)
values (%(job)s::text || %(at)s, %(at)s, %(job)s, 1, 'p', 'llm', 'm', 's', 'succeeded', 1, %(usd)s)
"""
REFUSAL = """
insert into guardrail_rejections (hour, user_key, guardrail, requests, last_at)
values (%(hour)s, %(user)s, %(limit)s, %(requests)s, %(hour)s)
"""
EVENT = "insert into job_events (job_id, attempt, at, event) values (%(job)s, 1, %(at)s, %(event)s)"


def put(url: str, statement: str, rows: Iterable[dict[str, Any]]) -> None:
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection, connection.cursor() as cursor:
        cursor.executemany(statement.encode(), list(rows))


def job(name: str, user: str, at: datetime, took: timedelta = MINUTE, status: str = "done") -> dict[str, Any]:
    return {"id": name, "user": user, "at": at, "end": at + took, "status": status, "retries": 0}


def made(url: str, *jobs: dict[str, Any], usd: str | None = None) -> None:
    """Jobs, each with a call of so much, if anything."""
    put(url, JOB, jobs)
    if usd is not None:
        put(url, CALL, ({"job": one["id"], "at": one["at"], "usd": usd} for one in jobs))


def refused(url: str, limit: str, *rows: tuple[datetime, str, int]) -> None:
    put(url, REFUSAL, ({"hour": at, "user": user, "limit": limit, "requests": n} for at, user, n in rows))


def tried(url: str, limit: str, value: str, **more: Any) -> WhatIf:
    with connect(url) as (connection, schema):
        found = what_if.tried(
            connection, schema, ALIASES, limit=limit, value=D(value), **{"timezone": "UTC", **more}
        )
    assert found is not None
    return found


def series(user: str, start: datetime, number: int, step: timedelta = MINUTE) -> list[dict[str, Any]]:
    return [job(f"{user}-{start:%d%H}-{one}", user, start + step * one) for one in range(number)]


# ---------------------------------------------------------------- what would have been blocked


def test_who_comes_after_the_last_place_of_a_day(newer_url: str) -> None:
    made(newer_url, *series("ann", NOON, 5), *series("ben", NOON, 6), usd="0.5")
    made(newer_url, *series("ben", NOON - DAY, 4), usd="2")
    run(newer_url, "update jobs set status = 'failed' where user_key = 'ben'")
    found = tried(newer_url, DAILY, "3")
    assert found.users == (
        BlockedUser(ALIASES.digest("ben"), days=2, jobs=4, usd=D("3.5")),
        BlockedUser(ALIASES.digest("ann"), days=1, jobs=2, usd=D("1.0")),
    )
    assert found.job_ids[:3] == (f"ben-{NOON:%d%H}-5", f"ben-{NOON:%d%H}-4", f"ann-{NOON:%d%H}-4")
    assert (found.blocked_jobs, found.blocked_users, found.usd) == (6, 2, D("4.5"))
    assert found.spend.source is MoneySource.LEDGER
    assert [(one.jobs, one.users, one.usd) for one in found.by_day if one.jobs] == [
        (1, 1, D(2)),
        (5, 2, D("2.5")),
    ]


def test_every_day_is_told_and_none_twice(newer_url: str) -> None:
    found = tried(newer_url, DAILY, "3", timezone="Asia/Seoul", days=30)
    dates = [one.day for one in found.by_day]
    assert len(dates) == 30
    assert dates == sorted(set(dates))
    assert found.since.astimezone(UTC).hour == 15
    assert (found.blocked, found.usd, found.job_ids) == ((), D(0), ())


@pytest.mark.parametrize("limit", [PENDING, OWN])
def test_one_that_waits_since_before_the_days_began_holds_its_place(newer_url: str, limit: str) -> None:
    made(newer_url, job("old", "ann", NOON - 50 * DAY, status="queued"), job("new", "ann", NOON))
    assert tried(newer_url, limit, "1").job_ids == ("new",)
    assert tried(newer_url, limit, "2").job_ids == ()


def test_a_failed_job_frees_its_place_until_it_is_retried(newer_url: str) -> None:
    made(newer_url, job("again", "ann", NOON, 3 * HOUR))
    run(newer_url, "update jobs set retry_count = 1")
    turns = (("created", 0), ("failed", 1), ("retried", 2), ("done", 3))
    put(newer_url, EVENT, ({"job": "again", "at": NOON + n * HOUR, "event": event} for event, n in turns))
    made(newer_url, *(job(f"at-{n}", "ann", NOON + n * HOUR + 30 * MINUTE) for n in range(4)))
    assert tried(newer_url, PENDING, "1").job_ids == ("at-2", "at-0")
    with connect(newer_url) as (connection, schema):
        unknown = replace(schema, events=None)
        found = what_if.tried(
            connection, unknown, ALIASES, limit=PENDING, value=D(1), timezone="UTC", prices=PriceHistory()
        )
    assert found is not None
    assert found.job_ids == ("at-2", "at-1", "at-0")


def test_calls_of_blocked_jobs_do_not_close_the_next_day(newer_url: str) -> None:
    midnight = NOON + 12 * HOUR
    first, blocked = job("first", "ann", NOON), job("blocked", "ann", midnight - MINUTE, 2 * HOUR)
    made(newer_url, first, blocked, job("next", "ann", midnight + HOUR), job("last", "ann", midnight + 3 * HOUR))
    calls = [("first", NOON + MINUTE, 5), ("blocked", midnight + MINUTE, 5), ("next", midnight + 2 * HOUR, 5)]
    put(newer_url, CALL, ({"job": name, "at": at, "usd": usd} for name, at, usd in calls))
    assert tried(newer_url, USD, "5").job_ids == ("last", "blocked")
    assert tried(newer_url, USD, "5.000000001").job_ids == ("last",)
    assert tried(newer_url, USD, "10.000000001").job_ids == ()


def test_no_user_key_is_told(newer_url: str) -> None:
    made(newer_url, *(job(f"{n}", "a-secret-key", NOON, HOUR) for n in range(3)), usd="1")
    for limit in ALL:
        refused(newer_url, limit, (NOON, "a-secret-key", 3))
        assert "a-secret-key" not in repr(tried(newer_url, limit, "1"))


def test_the_newest_that_fit_and_since_when(newer_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (what_if_days, what_if_places, what_if_spend):
        monkeypatch.setattr(module, "MAX_JOBS", 3)
    made(newer_url, *(job(f"{n}", "ann", NOON + n * MINUTE, HOUR) for n in range(8)), usd="1")
    for limit in ALL:
        found = tried(newer_url, limit, "1")
        assert NOON < found.since < NOON + 2 * HOUR, limit
        assert found.by_day[0].day == NOON.date()
        assert found.blocked_jobs <= 3
        assert set(found.job_ids) <= {"5", "6", "7"}
    assert tried(newer_url, DAILY, "1").job_ids == ("7", "6", "5")
    assert tried(newer_url, DAILY, "5").since < NOON - 20 * DAY


# ---------------------------------------------------------------- what would have been let in


def let_in(found: WhatIf) -> LetThrough:
    assert found.let_through is not None
    return found.let_through


def test_as_many_as_the_user_had_room_for_that_day(newer_url: str) -> None:
    made(newer_url, *series("ann", NOON, 5), *series("ben", NOON, 5), usd="0.5")
    refused(newer_url, DAILY, (NOON, "ann", 3), (NOON + HOUR, "ann", 3), (NOON, "ben", 1), (NOON - DAY, "cho", 1))
    refused(newer_url, PENDING, (NOON, "ann", 100))
    assert let_in(tried(newer_url, DAILY, "9")) == LetThrough(6, 3, D("3.00"), at_most=False)
    assert [one.let_through for one in tried(newer_url, DAILY, "9").by_day if one.let_through] == [1, 5]
    assert let_in(tried(newer_url, DAILY, "20")).requests == 8
    assert let_in(tried(newer_url, DAILY, "5")) == LetThrough(1, 1, D("0.50"), at_most=False)
    assert let_in(tried(newer_url, DAILY, "0")) == LetThrough(0, 0, D(0), at_most=False)


def test_as_many_as_all_had_room_for_that_day(newer_url: str) -> None:
    made(newer_url, *series("ann", NOON, 3), *series("ben", NOON, 3))
    refused(newer_url, BUDGET, (NOON, "ann", 3), (NOON + HOUR, "cho", 3))
    assert let_in(tried(newer_url, BUDGET, "10")) == LetThrough(4, 2, D(0), at_most=True)
    assert let_in(tried(newer_url, BUDGET, "6")).requests == 0
    assert let_in(tried(newer_url, BUDGET, "0")).requests == 6


def test_those_of_hours_that_began_below_the_sum(newer_url: str) -> None:
    made(newer_url, *series("ann", NOON + 20 * MINUTE, 4, HOUR), usd="2")
    refused(newer_url, USD, (NOON, "ann", 1), (NOON + 2 * HOUR, "ann", 10), (NOON + 4 * HOUR, "ben", 100))
    found = [let_in(tried(newer_url, USD, value)).requests for value in ("1", "4", "4.01", "8", "8.01", "0")]
    assert found == [1, 1, 11, 11, 111, 111]


@pytest.mark.parametrize(("limit", "requests"), [(PENDING, 10), (OWN, 11)])
def test_all_but_those_of_hours_with_a_job_in_the_last_place(newer_url: str, limit: str, requests: int) -> None:
    made(newer_url, *(job(f"{n}", "ann", NOON + n * MINUTE, HOUR) for n in range(3)))
    refused(newer_url, limit, (NOON, "ann", 100), (NOON, "ben", 1), (NOON + 5 * HOUR, "ann", 10))
    assert let_in(tried(newer_url, limit, "3")).requests == requests
    assert let_in(tried(newer_url, limit, "4")) == LetThrough(111, 2, D(0), at_most=True)


# ---------------------------------------------------------------- services that tell less


@pytest.mark.parametrize("limit", ALL)
def test_refusals_by_user_that_are_not_told_are_not_none(newer_url: str, limit: str) -> None:
    run(newer_url, "drop table guardrail_rejections")
    found = tried(newer_url, limit, "1")
    assert found.let_through is None
    assert {one.let_through for one in found.by_day} == {None}


PRICES = PriceHistory.always(PriceList(D("0.01"), D("0.04"), images_per_book=10, llm_calls_per_book=4))


def test_the_older_deployment(older_url: str) -> None:
    """Its 58 rows, at the time they were written."""
    set_clock(older_url, "2026-11-23 12:00")
    with connect(older_url) as (connection, schema):

        def ask(limit: str, value: int, prices: PriceHistory = PRICES) -> WhatIf | None:
            return what_if.tried(
                connection, schema, ALIASES, limit=limit, value=D(value), timezone="UTC", prices=prices
            )

        assert ask(USD, 1) is None
        assert ask("a_limit_of_their_own", 1) is None
        for limit in (DAILY, PENDING, OWN, BUDGET):
            none, everybody = ask(limit, 1_000), ask(limit, 0 if limit != BUDGET else 1)
            assert none is not None
            assert everybody is not None
            assert none.blocked == ()
            assert none.usd == D(0)
            assert everybody.blocked_jobs >= 58 - 3
            assert everybody.spend.source is MoneySource.ESTIMATED
            assert everybody.usd is not None
            assert everybody.usd > 0
        unpriced = ask(DAILY, 0, PriceHistory())
        assert unpriced is not None
        assert (unpriced.blocked_jobs, unpriced.usd, unpriced.spend.source) == (58, None, MoneySource.NONE)


def test_a_mean_of_books_that_is_not_known_is_none(newer_url: str) -> None:
    refused(newer_url, DAILY, (NOON, "ann", 3))
    assert let_in(tried(newer_url, DAILY, "2")) == LetThrough(2, 1, None, at_most=False)
