"""Refusals at the door: counted by hour, user and guardrail, and named with the limit in force."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from service import monitor
from service.database import Pool
from service.settings import Settings
from tests.service.driver import Driver, at_once

REFUSED = "bookgen_guardrail_rejections_total"


def counted(driver: Driver) -> dict[tuple[str, str], int]:
    """By user and guardrail; summed, for the clock may strike between two requests."""
    rows = driver.rows(
        "select user_key, guardrail, sum(requests)::int as requests from guardrail_rejections group by 1, 2"
    )
    return {(row["user_key"], row["guardrail"]): row["requests"] for row in rows}


def spend(driver: Driver, usd: float) -> None:
    driver.database.execute(
        "insert into cost_events (event_id, occurred_at, attempt, provider, kind, model, step, outcome, units,"
        " cost_usd) values ('a', now(), 1, 'p', 'llm', 'm', 's', 'failed', 1, %s)",
        [usd],
    )


def told(answer: httpx.Response) -> tuple[int, str, dict[str, Any], str]:
    error = answer.json()["error"]
    assert int(answer.headers["Retry-After"]) > 0
    return answer.status_code, error["code"], error["details"], error["message"]


@pytest.mark.parametrize(
    ("guardrail", "limit", "expected"),
    [
        (
            "daily_job_limit_per_user",
            2,
            (429, "daily_limit_exceeded", {"limit": 2}, "The daily limit of 2 books for one user is reached."),
        ),
        (
            "max_pending_jobs_per_user",
            1,
            (
                429,
                "too_many_pending_jobs",
                {"limit": 1},
                "No more than 1 books may wait or be made for one user at the same time.",
            ),
        ),
        (
            "max_pending_jobs",
            1,
            (
                503,
                "system_overloaded",
                {"limit": 1},
                "The service makes no more than 1 books at the same time: try again later.",
            ),
        ),
        (
            "daily_generation_budget",
            2,
            (
                429,
                "service_budget_exceeded",
                {"limit": 2, "unit": "jobs"},
                "The service's budget for today, 2 jobs, is used up.",
            ),
        ),
        (
            "daily_cost_limit_usd",
            0.5,
            (
                429,
                "service_budget_exceeded",
                {"limit": 0.5, "unit": "usd"},
                "The service's budget for today, 0.5 usd, is used up.",
            ),
        ),
    ],
)
def test_a_refusal_names_the_limit_in_force_and_is_counted(
    idle: Driver, guardrail: str, limit: float, expected: Any
) -> None:
    idle.insert("job_waiting", "queued", user_key="one")
    idle.insert("job_failed", "failed", user_key="one")
    spend(idle, 0.5)
    before = idle.metric(REFUSED, limit=guardrail) or 0
    idle.limit(**{guardrail: limit})
    assert told(idle.ask("one")) == expected
    assert counted(idle) == {("one", guardrail): 1}
    assert idle.metric(REFUSED, limit=guardrail) == before + 1
    assert len(idle.rows("select 1 from jobs")) == 2


def test_a_closed_intake_is_counted_too(idle: Driver) -> None:
    idle.admin.put("/v1/admin/intake", json={"accepting": False, "reason": "costs"})
    assert [idle.ask(user).status_code for user in ("one", "two", "one")] == [503] * 3
    assert counted(idle) == {("one", "intake"): 2, ("two", "intake"): 1}


def test_an_accepted_book_and_a_wrong_request_are_no_refusals(idle: Driver) -> None:
    assert idle.ask("one").status_code == 202
    assert idle.ask("one", title="").status_code == 422
    assert counted(idle) == {}


def test_of_refusals_at_once_none_is_lost(idle: Driver) -> None:
    idle.limit(daily_job_limit_per_user=3)
    answers = at_once(12, lambda _: idle.ask("greedy"))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 9
    assert counted(idle) == {("greedy", "daily_job_limit_per_user"): 9}


def test_the_hour_is_whole_and_utc(idle: Driver) -> None:
    idle.limit(daily_job_limit_per_user=0)
    idle.ask("one")
    idle.ask("one")
    row = idle.rows(
        "select hour, last_at, now() - last_at < interval '1 min' as recent from guardrail_rejections"
        " order by hour desc"
    )[0]
    hour: datetime = row["hour"]
    assert (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)
    assert timedelta(0) <= row["last_at"] - hour < timedelta(hours=1)
    assert row["recent"]


def test_a_refusal_that_cannot_be_counted_stays_a_refusal(idle: Driver) -> None:
    idle.limit(daily_job_limit_per_user=0)
    before = idle.metric(REFUSED, limit="daily_job_limit_per_user") or 0
    idle.database.execute("alter table guardrail_rejections rename to put_away")
    try:
        assert idle.ask("one").json()["error"]["code"] == "daily_limit_exceeded"
    finally:
        idle.database.execute("alter table put_away rename to guardrail_rejections")
    assert idle.metric(REFUSED, limit="daily_job_limit_per_user") == before + 1
    assert counted(idle) == {}
    assert '"error": "UndefinedTable"' in idle.service.logs()
    assert idle.ask("one").status_code == 429
    assert counted(idle) == {("one", "daily_job_limit_per_user"): 1}


def test_a_refusal_waits_no_longer_than_a_moment_for_its_count(idle: Driver) -> None:
    """Far less than the 15 s that a statement may take otherwise: the client gives up before that."""
    idle.limit(daily_job_limit_per_user=0)
    idle.public.timeout = 10
    with psycopg.connect(idle.service.database_url) as holder:
        holder.execute("lock table guardrail_rejections in access exclusive mode")
        assert idle.ask("one").json()["error"]["code"] == "daily_limit_exceeded"
    assert counted(idle) == {}
    assert '"error": "QueryCanceled"' in idle.service.logs()


def test_the_monitor_forgets_what_is_older_than_any_report(pool: Pool, settings: Settings) -> None:
    with pool.connection() as connection:
        connection.execute(
            "insert into guardrail_rejections (hour, user_key, guardrail, requests, last_at)"
            " select date_trunc('hour', now() - make_interval(days => age)), 'one', 'intake', age, now()"
            " from unnest(array[1, 399, 401, 900]) as age"
        )
    monitor.tick(pool, settings)
    with pool.connection() as connection:
        left = connection.execute("select requests from guardrail_rejections order by requests").fetchall()
    assert [row["requests"] for row in left] == [1, 399]
