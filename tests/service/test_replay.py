"""Admission at an instant that is given: the past replayed by the service's own code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service import admission
from service.admission import Order, Rejected
from service.database import Pool
from service.settings import Settings

# 21:00 in Seoul, 07:00 in New York
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def admit(pool: Pool, settings: Settings, at: datetime, user: str = "one") -> str:
    with pool.connection() as connection:
        return admission.admit(connection, settings, Order(user, None, None, "0" * 32, {}), now=at)


def execute(pool: Pool, statement: str, *values: Any) -> None:
    with pool.connection() as connection:
        connection.execute(statement.encode(), values)


def limit(pool: Pool, name: str, value: float) -> None:
    execute(pool, "update guardrails set value = %s where name = %s", value, name)


def end_all(pool: Pool) -> None:
    execute(pool, "update jobs set status = 'done'")


def spend(pool: Pool, at: datetime, usd: float) -> None:
    execute(
        pool,
        "insert into cost_events (event_id, occurred_at, attempt, provider, kind, model, step, outcome, units,"
        " cost_usd) values (%s, %s, 1, 'p', 'llm', 'm', 's', 'succeeded', 1, %s)",
        at.isoformat(),
        at,
        usd,
    )


def refused(pool: Pool, settings: Settings, at: datetime, user: str = "one") -> Rejected:
    with pytest.raises(Rejected) as rejected:
        admit(pool, settings, at, user)
    return rejected.value


def test_the_job_is_as_old_as_the_instant(pool: Pool, settings: Settings) -> None:
    seoul_time = NOON.astimezone(settings.model_copy(update={"timezone": "Asia/Seoul"}).zone)
    job_id = admit(pool, settings, seoul_time)
    with pool.connection() as connection:
        job = connection.execute("select * from jobs").fetchone()
        event = connection.execute("select at, event from job_events").fetchone()
    assert job is not None
    assert job_id.startswith("job_20260301_120000_")
    assert (job["id"], job["status"]) == (job_id, "queued")
    assert job["created_at"] == job["updated_at"] == NOON.replace(tzinfo=None)
    assert event == {"at": NOON, "event": "created"}


def test_without_an_instant_the_clock_counts(pool: Pool, settings: Settings) -> None:
    with pool.connection() as connection:
        admission.admit(connection, settings, Order("one", None, None, "0" * 32, {}))
        row = connection.execute(
            "select abs(extract(epoch from (clock_timestamp() at time zone 'utc') - created_at)) < 60 as recent"
            " from jobs"
        ).fetchone()
    assert row == {"recent": True}


@pytest.mark.parametrize(("zone", "reset"), [("UTC", 12), ("Asia/Seoul", 3), ("America/New_York", 17)])
def test_the_day_is_the_instants_in_the_services_zone(
    pool: Pool, settings: Settings, zone: str, reset: int
) -> None:
    there = settings.model_copy(update={"timezone": zone})
    limit(pool, "daily_job_limit_per_user", 1)
    admit(pool, there, NOON)
    end_all(pool)
    tomorrow = NOON + timedelta(hours=reset)
    second = timedelta(seconds=1)
    rejected = refused(pool, there, tomorrow - second)
    assert (rejected.limit, rejected.refusal.retry_after) == ("daily_job_limit_per_user", 2)
    assert admit(pool, there, tomorrow).startswith(f"job_{tomorrow:%Y%m%d_%H%M%S}_")


def test_what_came_later_does_not_count(pool: Pool, settings: Settings) -> None:
    limit(pool, "daily_job_limit_per_user", 1)
    limit(pool, "daily_generation_budget", 1)
    limit(pool, "daily_cost_limit_usd", 5)
    spend(pool, NOON + timedelta(hours=2), 5)
    admit(pool, settings, NOON + timedelta(hours=1))
    end_all(pool)
    admit(pool, settings, NOON)
    end_all(pool)
    assert refused(pool, settings, NOON).limit == "daily_job_limit_per_user"
    assert refused(pool, settings, NOON, "two").limit == "daily_generation_budget"
    limit(pool, "daily_generation_budget", 0)
    admit(pool, settings, NOON + timedelta(hours=2, microseconds=-1), "two")
    assert refused(pool, settings, NOON + timedelta(hours=2), "three").limit == "daily_cost_limit_usd"
    admit(pool, settings, NOON + timedelta(days=1), "three")


def test_jobs_are_pending_until_they_are_ended(pool: Pool, settings: Settings) -> None:
    limit(pool, "max_pending_jobs_per_user", 1)
    admit(pool, settings, NOON)
    assert refused(pool, settings, NOON + timedelta(days=3)).limit == "max_pending_jobs_per_user"
    end_all(pool)
    admit(pool, settings, NOON + timedelta(days=3))


def test_a_temporary_limit_holds_until_its_end(pool: Pool, settings: Settings) -> None:
    expiry = NOON + timedelta(hours=1)
    execute(
        pool,
        "update guardrails set temporary_value = 0, expires_at = %s where name = 'daily_job_limit_per_user'",
        expiry,
    )
    refusal = refused(pool, settings, expiry - timedelta(microseconds=1)).refusal
    assert refusal.details == {"limit": 0}
    admit(pool, settings, expiry)
