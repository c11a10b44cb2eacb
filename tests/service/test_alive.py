"""What a container asks of the process in it: real processes, of which some are gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.service.driver import Driver
from tests.service_process import ROOT, ServiceProcesses

QUICK = {"BOOKGEN_WORKER_TIMEOUT_SECONDS": "1", "BOOKGEN_MONITOR_TICK_SECONDS": "0.3"}


@pytest.fixture(scope="module")
def service(empty_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("alive")
    processes = ServiceProcesses(empty_database(), folder, workers=1, monitor=True, env=QUICK)
    with processes, Driver(processes) as driver:
        yield driver


def asked(service: Driver, what: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", f"{what}-alive"],
        cwd=ROOT,
        env=service.service.environment | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


PATIENT = {"BOOKGEN_WORKER_TIMEOUT_SECONDS": "60", "BOOKGEN_MONITOR_TICK_SECONDS": "60"}


@pytest.mark.parametrize("what", ["api", "worker", "monitor"])
def test_what_lives_says_nothing(service: Driver, what: str) -> None:
    service.wait(lambda: service.rows("select 1 from workers") != [], "the worker's first beat")
    service.wait(lambda: service.rows("select 1 from state where name = 'job_monitor'") != [], "the first tick")
    ended = asked(service, what, **PATIENT)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_each_process_counts_in_files_of_its_own_name(service: Driver) -> None:
    names = [path.name for path in (service.service.directory / "metrics").glob("counter_*.db")]
    assert names
    assert all(name.startswith(f"counter_{socket.gethostname()}-") for name in names)
    assert all(name.rpartition("-")[2].removesuffix(".db").isdecimal() for name in names)


def test_what_is_gone_is_told(service: Driver) -> None:
    service.service.stop_worker(0)
    service.service.stop_monitor()
    worker = service.wait(
        lambda: (ended := asked(service, "worker")).returncode and ended, "the worker to be gone"
    )
    monitor = service.wait(lambda: (ended := asked(service, "monitor")).returncode and ended, "ticks to be missed")
    assert (worker.returncode, worker.stderr) == (1, "no worker of this machine beats\n")
    assert (monitor.returncode, monitor.stderr) == (1, "the job monitor has missed its ticks\n")
    api = asked(service, "api", BOOKGEN_PORT="1")
    assert (api.returncode, api.stderr) == (1, "the api does not answer: ConnectionRefusedError\n")


def test_without_a_database_nothing_is_known() -> None:
    nowhere = {**os.environ, "BOOKGEN_DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    command = [sys.executable, "-m", "service", "worker-alive"]
    ended = subprocess.run(command, cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("service: the database does not answer")
