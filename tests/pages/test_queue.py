"""The Queue page: on both deployments, with and without service and Prometheus, and its emergency switch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.conftest import Configure
from tests.pages.screen import (
    markdown,
    numbers,
    opened,
    refreshed,
    run,
    table,
    words,
)
from tests.queries.conftest import run as run_sql
from tests.queries.conftest import set_clock
from tests.queries.scraping import exporting, scraping
from tests.service_process import ServiceProcesses

FRESH = "2026-11-23 00:13:00"
METRICS = """
bookgen_jobs{{status="queued"}} 7 {at}
bookgen_jobs{{status="running"}} 2 {at}
bookgen_guardrail_limit_jobs{{limit="max_pending_jobs"}} 100 {at}
bookgen_oldest_pending_job_timestamp_seconds 1 {at}
bookgen_intake_open 0 {at}
"""


@pytest.fixture
def older(configure: Configure, migrated_url: str) -> str:
    """The older deployment's rows; no service, no Prometheus."""
    set_clock(migrated_url, FRESH)
    configure(database_url=migrated_url)
    return migrated_url


def metrics(_: int) -> str:
    """As scraped two minutes ago, so that the last whole minute has a point."""
    return METRICS.format(at=round((datetime.now(UTC) - timedelta(minutes=2)).timestamp() * 1000))


def charts(at: AppTest) -> int:
    return len(at.get("plotly_chart"))


@pytest.mark.usefixtures("older")
def test_a_database_alone_tells_depth_flow_and_what_runs() -> None:
    at = opened("queue")
    told = words(at)
    assert "Steady: 4 jobs wait, the oldest for 2 min" in told
    shown = numbers(at)
    assert shown.pop("Oldest waits").startswith("2 min")
    assert shown == {
        "Waiting": "4",
        "Running": "2",
        "Arrived, last hour": "58",
        "Finished, last hour": "52",
        "Workers alive": "–",
    }
    assert charts(at) == 1
    for panel in ("The depth", "The waiting time"):
        assert f"{panel}: Prometheus is not configured: set OPS_PROMETHEUS_URL." in told
    assert "The workers: The service's control API is not configured: set OPS_SERVICE_URL." in told
    assert "The intake switch: The service's control API is not configured: set OPS_SERVICE_URL." in told
    assert "room for" not in told
    rows = table(at)
    assert [row["job"] for row in rows] == [
        "job?job=job_20261123_001048_19a1d681",
        "job?job=job_20261123_001048_e0192e4c",
    ]
    assert {row["step"] for row in rows} == {"표지 그리는 중..."}
    assert {row["usual"] for row in rows} == {"–"}
    assert "worker" not in rows[0]


def test_a_table_of_the_required_columns_alone_is_enough(older: str) -> None:
    run_sql(older, "alter table jobs drop column progress, drop column current_step, drop column error_code")
    at = opened("queue")
    assert numbers(at)["Running"] == "2"
    assert "progress" not in table(at)[0]
    assert "step" not in table(at)[0]


@pytest.mark.usefixtures("older")
def test_what_another_limit_would_do_is_in_the_address() -> None:
    at = opened("queue")
    assert at.number_input(key="limit").value is None
    assert "more jobs would fit" not in words(at)
    at.number_input(key="limit").set_value(5)
    at = run(at)
    assert at.query_params["limit"] == "5"
    assert "New requests would be refused at once, until 2 of the 6 open jobs have ended." in words(at)
    assert "44 more jobs would fit." in words(opened("queue", limit="50"))


@pytest.mark.usefixtures("older")
def test_the_time_range_is_in_the_address() -> None:
    at = opened("queue", span="7d")
    assert "jobs per 6 hours; the last, lighter one still fills" in words(at)
    at.radio(key="span").set_value("1h")
    at = run(at)
    assert at.query_params["span"] == "1h"
    assert "jobs per 5 minutes" in words(at)


@pytest.mark.usefixtures("older")
def test_nonsense_in_the_address_is_named_and_left_out() -> None:
    at = opened("queue", span="![x](y)", limit="-1")
    assert "left out: span=![x](y)." in words(at)
    assert "left out: limit=-1." in words(at)
    assert not any("![x](" in text for text in markdown(at))
    assert charts(at) == 1


def test_an_empty_queue_is_idle(newer: str) -> None:
    at = opened("queue")
    assert "Idle: nothing waits and nothing runs" in words(at)
    assert "No job runs." in words(at)
    assert numbers(at)["Oldest waits"] == "–"


def test_without_its_database_the_page_says_so(configure: Configure) -> None:
    configure(database_url="postgresql://somebody:a-password@127.0.0.1:1/none")
    told = words(opened("queue"))
    assert "The queue cannot be shown now." in told
    assert "a-password" not in told


def test_prometheus_draws_depth_and_waits_and_tells_of_closed_intake(
    older: str, configure: Configure, tmp_path: Path
) -> None:
    with exporting(metrics) as exporter, scraping(exporter, tmp_path) as url:
        configure(prometheus_url=url)
        at = opened("queue", span="1h")
        assert charts(at) == 3
        assert "Intake is closed: new requests are refused." in words(at)
        assert "Intake is closed: new requests are refused." in words(opened())
    down = words(refreshed(at))
    assert "The depth cannot be shown now." in down
    assert charts(at) == 1
    assert "Steady: 4 jobs wait" in down


def test_workers_and_what_each_does(running: ServiceProcesses) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    with psycopg.connect(running.database_url) as connection:
        connection.execute("insert into workers (id, concurrency) values ('worker-a', 3)")
        for job_id, worker, at in (
            ("job_held", "worker-a", now),
            ("job_lost", "gone", now - timedelta(minutes=9)),
        ):
            connection.execute(
                "insert into jobs (id, status, user_key, current_step, progress, created_at, updated_at)"
                " values (%s, 'running', 'key', 'generate_images', 45, %s, %s)", [job_id, at, at]
            )  # fmt: skip
            connection.execute("insert into runs (job_id, worker_id) values (%s, %s)", [job_id, worker])
    at = opened("queue")
    held = {row["job"].removeprefix("job?job="): row["worker"] for row in table(at)}
    assert held == {"job_lost": "no living worker has it", "job_held": "worker-a"}
    assert "worker-a · 1 of 3 places taken · last sign" in words(at)
    assert numbers(at)["Workers alive"] == "1"
    with psycopg.connect(running.database_url) as connection:
        connection.execute("delete from workers")
    at = refreshed(at)
    assert "No worker is alive: nothing will move." in words(at)
    assert "2 jobs count as running, though nobody works on them." in words(at)
