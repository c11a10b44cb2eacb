"""Workers that die, stop, or lose their job; the monitor that mends it. Real processes and signals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.service.driver import Driver
from tests.service_process import ROOT, ServiceProcesses

# a hanging image call lasts 60 s / 40 = 1.5 s: long enough to act while it is made
UNHURRIED = {
    "BOOKGEN_SPEED": "40",
    "BOOKGEN_STUCK_RUNNING_SECONDS": "1",
    "BOOKGEN_WORKER_TIMEOUT_SECONDS": "1",
    "BOOKGEN_SHUTDOWN_GRACE_SECONDS": "0.3",
    "BOOKGEN_CONCURRENCY": "2",
}


@pytest.fixture(scope="module")
def service(empty_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("unhurried")
    service = ServiceProcesses(empty_database(), folder, workers=0, monitor=False, env=UNHURRIED)
    with service, Driver(service) as driver:
        yield driver


def hold_in_images(driver: Driver) -> str:
    """A job whose worker waits for an image."""
    driver.switch("picture-one", "hanging")
    job_id = driver.order()
    driver.wait_for(job_id, "running", "generate_images")
    return job_id


def test_a_killed_workers_job_is_recovered_and_finished(service: Driver) -> None:
    service.reset()
    before = service.metric("bookgen_job_retries_total", reason="monitor")
    recovered = service.metric("bookgen_job_monitor_recoveries_total", outcome="recovered")
    killed = service.service.start_worker()
    job_id = hold_in_images(service)
    service.service.kill_worker(killed)
    frozen = service.job(job_id)
    service.switch("picture-one", "ok")
    service.service.start_monitor()
    service.wait(lambda: service.job(job_id)["retry_count"] == 1, "the monitor to recover the job")
    service.service.stop_monitor()
    other = service.service.start_worker()
    job = service.wait_for(job_id, "done")
    assert service.service.stop_worker(other) == 0
    assert frozen["status"] == "running"
    assert job["retry_count"] == 1
    story = service.rows("select attempt from cost_events where job_id = %s and step = 'generate_story'", job_id)
    assert [row["attempt"] for row in story] == [1]
    assert "recovered" in [event["event"] for event in service.events(job_id)]
    assert before is not None and recovered is not None
    assert service.metric("bookgen_job_retries_total", reason="monitor") == before + 1
    assert service.metric("bookgen_job_monitor_recoveries_total", outcome="recovered") == recovered + 1


def test_a_killed_workers_counters_are_kept(service: Driver) -> None:
    service.reset()
    killed = service.service.start_worker()
    service.wait_for(service.order(), "done")
    before = service.metric("bookgen_jobs_finished_total", status="done", error_code="")
    service.service.kill_worker(killed)
    assert before
    assert service.metric("bookgen_jobs_finished_total", status="done", error_code="") == before


def test_sigterm_hands_the_job_back_at_its_step(service: Driver) -> None:
    service.reset()
    first = service.service.start_worker()
    job_id = hold_in_images(service)
    assert service.service.stop_worker(first) == 0
    job = service.job(job_id)
    assert (job["status"], job["current_step"], job["retry_count"]) == ("queued", "generate_images", 0)
    assert service.rows("select 1 from workers where heartbeat_at > now() - interval '1 s'") == []
    service.switch("picture-one", "ok")
    second = service.service.start_worker()
    service.wait_for(job_id, "done")
    assert service.service.stop_worker(second) == 0
    story = service.rows("select 1 from cost_events where job_id = %s and step = 'generate_story'", job_id)
    assert len(story) == 1


def test_cancel_fences_the_worker_off(service: Driver) -> None:
    service.reset()
    worker = service.service.start_worker()
    job_id = hold_in_images(service)
    answer = service.act(job_id, "cancel")
    assert answer.status_code == 202
    assert answer.json()["status"] == "cancelled"
    assert 0.01 < answer.json()["cost_usd_spent"] < 0.05
    cancelled, events = service.job(job_id), service.events(job_id)
    service.switch("picture-one", "ok")
    service.wait(lambda: "job was taken away" in service.service.logs(), "the worker to notice")
    assert service.service.stop_worker(worker) == 0
    assert service.job(job_id) == cancelled
    assert service.events(job_id) == events


def test_retry_of_an_abandoned_job_needs_no_monitor(service: Driver) -> None:
    service.reset()
    killed = service.service.start_worker()
    job_id = hold_in_images(service)
    assert service.act(job_id, "retry").json()["error"]["code"] == "not_retryable"
    service.service.kill_worker(killed)
    service.switch("picture-one", "ok", reset_breaker=True)
    answer = service.wait(
        lambda: (given := service.act(job_id, "retry")).status_code == 202 and given, "the worker to count as dead"
    )
    assert answer.json()["attempt"] == 2
    worker = service.service.start_worker()
    service.wait_for(job_id, "done")
    assert service.service.stop_worker(worker) == 0


def test_the_monitors_last_run_stands_still_once_it_is_dead(service: Driver) -> None:
    service.reset()
    name = "bookgen_job_monitor_last_run_timestamp_seconds"
    before = service.metric(name) or 0
    service.service.start_monitor()
    service.wait(lambda: (service.metric(name) or 0) > before, "the monitor to run")
    service.service.stop_monitor()
    stamped = service.rows("select extract(epoch from at)::float8 as at from state where name = 'job_monitor'")
    service.wait_for_gauge(stamped[0]["at"], name)
    warnings = service.wait(
        lambda: (
            "the job monitor is late" in (given := service.admin.get("/health/detailed").json()["warnings"])
            and given
        ),
        "the health to notice",
    )
    assert "no worker is alive" in warnings


def run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", command],
        cwd=ROOT,
        env={"PATH": "/usr/bin", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_api_refuses_to_start_without_an_admin_key() -> None:
    ended = run("api", {"BOOKGEN_DATABASE_URL": "postgresql://127.0.0.1:1/none"})
    assert ended.returncode == 2
    assert "BOOKGEN_ADMIN_KEY is not set" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrong_settings_are_sentences() -> None:
    ended = run("worker", {"BOOKGEN_SPEED": "fast", "BOOKGEN_TIMEZONE": "Mars/Olympus"})
    assert ended.returncode == 2
    for part in ("BOOKGEN_DATABASE_URL: ", "BOOKGEN_SPEED: ", "'Mars/Olympus' is not an IANA time zone"):
        assert part in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_does_not_answer_is_a_sentence() -> None:
    ended = run("migrate", {"BOOKGEN_DATABASE_URL": "postgresql://127.0.0.1:1/none"})
    assert ended.returncode == 1
    assert ended.stderr.startswith("service: the database does not answer")


def test_migrate_twice_keeps_what_is_there(empty_database: Callable[[], str], tmp_path: Path) -> None:
    environment = {"BOOKGEN_DATABASE_URL": empty_database(), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    assert [run("migrate", environment).returncode for _ in range(2)] == [0, 0]


def test_the_api_document_needs_no_database() -> None:
    ended = run("openapi", {})
    assert ended.returncode == 0
    assert '"/v1/admin/jobs/{job_id}/retry"' in ended.stdout
