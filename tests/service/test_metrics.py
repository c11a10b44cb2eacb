"""The metrics of the contract."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from demo.postgres import free_port
from service import database, gauges, stuck
from service.database import Pool
from service.remembered import Remembered
from service.settings import Settings
from tests.service.driver import PROVIDERS, Driver

MINUTE = 60


def test_label_sets_are_there_before_anything_happens(idle: Driver) -> None:
    """No worker has ever run on this service."""
    for reason in ("operator", "monitor"):
        assert idle.metric("bookgen_job_retries_total", reason=reason) is not None
    assert idle.metric("bookgen_jobs_finished_total", status="done", error_code="") == 0
    assert idle.metric("bookgen_jobs_finished_total", status="failed", error_code="SLA_BREACH") == 0
    assert idle.metric("bookgen_job_duration_seconds_bucket", status="done", le="600.0") == 0
    assert idle.metric("bookgen_job_step_duration_seconds_count", step="generate_images") == 0
    assert idle.metric("bookgen_job_queue_wait_seconds_count") == 0
    assert idle.metric("bookgen_job_monitor_recoveries_total", outcome="recovered") == 0
    kinds = dict(zip(PROVIDERS, ("llm", "llm", "image", "storage", "tts"), strict=True))
    for provider, kind in kinds.items():
        assert idle.metric("bookgen_api_requests_total", provider=provider, kind=kind, outcome="failed") == 0
        assert idle.metric("bookgen_api_cost_usd_total", provider=provider, kind=kind) == 0
        assert idle.metric("bookgen_api_unpriced_requests_total", provider=provider) == 0
        assert idle.metric("bookgen_circuit_breaker_state", provider=provider, state="half_open") == 0


def test_a_books_metrics_agree_with_its_ledger(working: Driver) -> None:
    def cost() -> float:
        return sum(
            sample.value
            for family in text_string_to_metric_families(working.public.get("/metrics").text)
            for sample in family.samples
            if sample.name == "bookgen_api_cost_usd_total"
        )

    before = cost()
    job_id = working.order()
    working.wait_for(job_id, "done")
    spent = working.rows("select sum(cost_usd)::float8 as usd from cost_events")[0]["usd"]
    assert cost() - before == pytest.approx(spent)


def test_gauges_come_from_the_database(idle: Driver) -> None:
    idle.insert("job_1", "queued", created=90)
    idle.insert("job_2", "queued", created=30)
    idle.limit(daily_cost_limit_usd=250, max_pending_jobs=77)
    idle.wait_for_gauge(2, "bookgen_jobs", status="queued")
    idle.wait_for_gauge(77, "bookgen_guardrail_limit_jobs", limit="max_pending_jobs")
    assert idle.metric("bookgen_daily_cost_limit_usd", level="critical") == 250
    oldest = idle.rows("select extract(epoch from min(created_at) at time zone 'utc')::float8 as at from jobs")
    assert idle.metric("bookgen_oldest_pending_job_timestamp_seconds") == pytest.approx(oldest[0]["at"])
    assert idle.metric("bookgen_db_pool_connections_max") == 10
    assert idle.metric("bookgen_build_info", version="1.0.0", commit="unknown") == 1


@pytest.mark.parametrize(
    ("rule", "status", "created", "updated", "monitor_ran"),
    [
        ("monitor_dead", "queued", 21 * MINUTE, 1 * MINUTE, 0),
        ("monitor_dead", "queued", 11 * MINUTE, 1 * MINUTE, 11 * MINUTE),
        ("stuck_running", "running", 16 * MINUTE, 16 * MINUTE, 0),
        ("sla_breach", "queued", 11 * MINUTE, 1 * MINUTE, 0),
        ("stalled", "running", 6 * MINUTE, 6 * MINUTE, 0),
        ("sla_breach", "running", 11 * MINUTE, 4 * MINUTE, 0),
        (None, "running", 4 * MINUTE, 4 * MINUTE, 11 * MINUTE),
    ],
)
def test_a_stuck_job_counts_under_its_worst_rule(
    *,
    pool: Pool,
    settings: Settings,
    rule: str | None,
    status: str,
    created: float,
    updated: float,
    monitor_ran: float,
) -> None:
    with pool.connection() as connection:
        connection.execute(
            "insert into state (name, at) values ('job_monitor', now() - make_interval(secs => %s))", [monitor_ran]
        )
        connection.execute(
            "insert into jobs (id, status, user_key, created_at, updated_at) values ('job_a', %s, 'user',"
            " (now() at time zone 'utc') - make_interval(secs => %s),"
            " (now() at time zone 'utc') - make_interval(secs => %s))",
            [status, created, updated],
        )
        counts = stuck.count_by_rule(connection, settings, {})
    assert counts == {name: int(name == rule) for name in stuck.RULES}


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_the_time_zone_of_the_session_changes_nothing(pool: Pool, settings: Settings, zone: str) -> None:
    with pool.connection() as connection:
        connection.execute("select set_config('TimeZone', %s, true)", [zone])
        connection.execute("insert into jobs (id, status, user_key) values ('job_a', 'queued', 'user')")
        assert sum(stuck.count_by_rule(connection, settings, {}).values()) == 0


def test_no_label_names_a_user(working: Driver) -> None:
    working.wait_for(working.order("secret-user-of-metrics"), "done")
    assert "secret-user" not in working.public.get("/metrics").text


def test_while_the_database_is_away_counters_stay_and_gauges_are_absent(tmp_path: Path) -> None:
    """Absent is not zero: an outage never looks like an empty queue."""
    settings = Settings(database_url=f"postgresql://127.0.0.1:{free_port()}/none", metrics_dir=tmp_path)
    (tmp_path / "counter_1.db").touch()
    with database.pool(settings, size=1, name="outage") as pool:
        text = generate_latest(gauges.registry(pool, settings, Remembered(stuck.step_p95, 60))).decode()
    names = {family.name for family in text_string_to_metric_families(text)}
    assert names == {"bookgen_build_info", "bookgen_db_pool_connections", "bookgen_db_pool_connections_max"}
