"""The reference service as real processes, for tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import httpx

from demo.postgres import free_port

ADMIN_KEY = "test-admin-key"
ROOT = Path(__file__).parent.parent
START_SECONDS = 30
STOP_SECONDS = 15
# one page of time: books in well under a second, a monitor that looks around all the time
FAST: Mapping[str, str] = {"BOOKGEN_SPEED": "200", "BOOKGEN_MONITOR_TICK_SECONDS": "0.5"}


class ServiceProcesses:
    """An api, workers and a monitor over one database; use as a context manager, or start() and stop().

    directory takes logs and counters. env adds to, and wins over, FAST.
    """

    def __init__(
        self,
        database_url: str,
        directory: Path,
        *,
        workers: int = 1,
        monitor: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.database_url = database_url
        self.directory = directory
        self.admin_key = ADMIN_KEY
        self.port = free_port()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.monitor: subprocess.Popen[bytes] | None = None
        self.api: subprocess.Popen[bytes] | None = None
        self._wanted = (workers, monitor)
        self._env = {**FAST, **(env or {})}
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """The base address of the api."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the processes are started with."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("BOOKGEN_")}
        return {
            **inherited,
            "BOOKGEN_DATABASE_URL": self.database_url,
            "BOOKGEN_ADMIN_KEY": self.admin_key,
            "BOOKGEN_PORT": str(self.port),
            "PROMETHEUS_MULTIPROC_DIR": str(self.directory / "metrics"),
            **self._env,
        }

    def start(self) -> ServiceProcesses:
        """Start everything and wait until the api is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        workers, monitor = self._wanted
        self.api = self._start("api")
        for _ in range(workers):
            self.start_worker()
        if monitor:
            self.start_monitor()
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def start_worker(self) -> int:
        """Start one more worker; returns its number."""
        self.workers.append(self._start("worker"))
        return len(self.workers) - 1

    def start_monitor(self) -> None:
        self.monitor = self._start("monitor")

    def kill_worker(self, number: int) -> None:
        """kill -9: the worker can clean nothing up."""
        self.workers[number].kill()
        self.workers[number].wait(STOP_SECONDS)

    def stop_worker(self, number: int) -> int:
        """SIGTERM, as a deployment does it; returns the exit code."""
        return _end(self.workers[number])

    def stop_monitor(self) -> None:
        """End the monitor's process: that is all it takes to have a dead monitor."""
        if self.monitor is not None:
            _end(self.monitor)
            self.monitor = None

    def stop(self) -> None:
        """End every process that is left, all at the same time."""
        for process in self._started:
            process.terminate()
        for process in self._started:
            _wait(process)

    def logs(self) -> str:
        """What all processes have written so far."""
        return "".join(path.read_text() for path in sorted(self.directory.glob("*.log")))

    def __enter__(self) -> ServiceProcesses:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        with (self.directory / f"{command}-{len(self._started)}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "service", command], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        self._started.append(process)
        return process

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self.api is None or self.api.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service did not start:\n{self.logs()}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False


def _end(process: subprocess.Popen[bytes]) -> int:
    """SIGTERM; returns the exit code."""
    process.terminate()
    return _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Until a process that was asked to end has done so; kill -9 where it takes too long."""
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(STOP_SECONDS)
