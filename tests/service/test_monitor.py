"""What a tick of the monitor does to jobs of every age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service import guardrails, monitor
from service.database import Pool
from service.settings import Settings

MINUTE = 60
INSERT = (
    "insert into jobs (id, status, user_key, current_step, retry_count, created_at, updated_at, last_retry_at)"
    " values (%(id)s, %(status)s, 'user', 'generate_images', %(retries)s,"
    " (now() at time zone 'utc') - make_interval(secs => %(created)s),"
    " (now() at time zone 'utc') - make_interval(secs => %(updated)s),"
    " (now() at time zone 'utc') - make_interval(secs => %(retried)s))"
)


def put(pool: Pool, status: str, created: float, updated: float, **more: Any) -> str:
    values = {"id": f"job_{status}", "retries": 0, "retried": None, "owner": None, **more}
    with pool.connection() as connection:
        connection.execute(INSERT.encode(), {"status": status, "created": created, "updated": updated, **values})
        if values["owner"] is not None:
            connection.execute("insert into workers (id, concurrency) values (%s, 1)", [values["owner"]])
            connection.execute(
                "insert into runs (job_id, token, worker_id) values (%s, 'token', %s)",
                [values["id"], values["owner"]],
            )
    return str(values["id"])


def after_tick(pool: Pool, settings: Settings, job_id: str) -> tuple[Any, ...]:
    monitor.tick(pool, settings)
    with pool.connection() as connection:
        row = connection.execute(
            "select status, error_code, retry_count from jobs where id = %s", [job_id]
        ).fetchone()
    assert row is not None
    return tuple(row.values())


@pytest.mark.parametrize(
    ("status", "created", "updated", "more", "expected"),
    [
        # within every limit
        ("running", 9 * MINUTE, 9 * MINUTE, {}, ("running", None, 0)),
        ("queued", 9 * MINUTE, 9 * MINUTE, {}, ("queued", None, 0)),
        # over the SLA: abandoned ones are recovered, living ones fail
        ("running", 11 * MINUTE, 11 * MINUTE, {}, ("queued", None, 1)),
        ("running", 11 * MINUTE, 1 * MINUTE, {"owner": "alive"}, ("failed", "SLA_BREACH", 0)),
        ("queued", 11 * MINUTE, 11 * MINUTE, {}, ("failed", "SLA_BREACH", 0)),
        # no update for too long, by a worker that lives
        ("running", 16 * MINUTE, 16 * MINUTE, {"owner": "alive"}, ("queued", None, 1)),
        ("running", 16 * MINUTE, 16 * MINUTE, {"owner": "alive", "retries": 3}, ("failed", "STUCK_RUNNING", 3)),
        ("queued", 31 * MINUTE, 31 * MINUTE, {}, ("failed", "STUCK_QUEUED", 0)),
        # the SLA of a retried job counts from its retry
        ("running", 60 * MINUTE, 5 * MINUTE, {"retried": 5 * MINUTE, "retries": 1}, ("running", None, 1)),
        ("queued", 60 * MINUTE, 11 * MINUTE, {"retried": 11 * MINUTE, "retries": 1}, ("failed", "SLA_BREACH", 1)),
        # what has ended is nobody's business
        ("done", 60 * MINUTE, 60 * MINUTE, {}, ("done", None, 0)),
    ],
)
def test_a_tick(
    *, pool: Pool, settings: Settings, status: str, created: float, updated: float, more: Any, expected: Any
) -> None:
    assert after_tick(pool, settings, put(pool, status, created, updated, **more)) == expected


def test_the_step_stays_where_the_job_was_failed(pool: Pool, settings: Settings) -> None:
    job_id = put(pool, "queued", 11 * MINUTE, 11 * MINUTE)
    monitor.tick(pool, settings)
    with pool.connection() as connection:
        job = connection.execute("select * from jobs where id = %s", [job_id]).fetchone()
        event = connection.execute("select * from job_events where job_id = %s", [job_id]).fetchone()
    assert job is not None and event is not None
    assert job["current_step"] == "generate_images"
    assert job["error_message"] == "stopped by the job monitor while queued at generate_images"
    assert (event["event"], event["actor"], event["detail"]) == ("failed", "monitor", {"error_code": "SLA_BREACH"})


def test_more_stuck_jobs_than_a_batch_are_all_seen_to(pool: Pool, settings: Settings) -> None:
    for number in range(monitor.BATCH + 5):
        put(pool, "queued", 11 * MINUTE, 11 * MINUTE, id=f"job_{number}")
    monitor.tick(pool, settings)
    with pool.connection() as connection:
        left = connection.execute("select count(*) as jobs from jobs where status = 'queued'").fetchone()
    assert left == {"jobs": 0}


def test_a_tick_writes_the_end_of_a_temporary_limit_down(pool: Pool, settings: Settings) -> None:
    expiry = datetime.now(UTC) - timedelta(minutes=5)
    with pool.connection() as connection:
        connection.execute(
            "update guardrails set temporary_value = 50, expires_at = %s where name = 'max_pending_jobs'", [expiry]
        )
    with pool.connection() as connection:
        assert guardrails.read(connection)["max_pending_jobs"].value == 100
    for _ in range(2):
        monitor.tick(pool, settings)
    with pool.connection() as connection:
        history = connection.execute("select * from guardrail_history").fetchall()
    assert [(row["at"], row["old_value"], row["new_value"], row["actor"]) for row in history] == [
        (expiry, 50, 100, "service")
    ]
