"""A console process that does nothing but work off bulk actions: python -m tests.actions.runner_process <json>."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import timedelta
from threading import Event
from types import TracebackType
from typing import Self

import structlog

from actions.audit import Door
from actions.client import ServiceClient
from actions.release import WORKERS, Runner
from queries.database import engine
from tests.service_process import ADMIN_KEY, ROOT

# Long enough that a busy machine keeps its lease, short enough to wait for.
LEASE, POLL = timedelta(seconds=3), timedelta(milliseconds=100)


class RunnerProcess:
    """The process, for tests; use as a context manager."""

    def __init__(self, store_url: str, service_url: str) -> None:
        self._arguments = json.dumps([store_url, service_url])

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.actions.runner_process", self._arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.freeze(frozen=False)
        self.process.terminate()
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill(self) -> None:
        """kill -9: it can clean nothing up."""
        self.process.kill()
        self.process.wait(60)

    def freeze(self, *, frozen: bool = True) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)


def main(store_url: str, service_url: str) -> None:
    # Nobody reads the standard output on; a log that fills it would stop the process.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    store = engine(store_url, statement_timeout=timedelta(seconds=10), pool_size=WORKERS + 1)
    with ServiceClient(service_url, ADMIN_KEY, deadline=timedelta(seconds=20)) as client:
        runner = Runner(Door(store), lambda: client, lease=LEASE, poll=POLL).start()
        print("ready", flush=True)  # noqa: T201
        ended.wait()
        runner.close()
    store.dispose()


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
