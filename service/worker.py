"""A worker process: claims jobs, runs up to `concurrency` of them in threads, beats, and hands back on SIGTERM."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait

import psycopg
from psycopg_pool import PoolTimeout

from service import database, pipeline, runs
from service.calls import Tools
from service.logs import log
from service.runs import Fenced, Run
from service.settings import Settings

POLL_SECONDS = 0.1
BEATS_PER_TIMEOUT = 4
AFTER_OUTAGE_SECONDS = 1.0
FORGET_WORKERS_AFTER = "1 day"


def main(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish or hand back what is running, and return."""
    database.migrate(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with database.pool(settings, size=settings.concurrency + 2, name="worker") as pool:
        worker = Worker(Tools(pool, settings, stopping))
        worker.run()
    # a thread may still wait for a provider; its job has been handed back, and its fence is gone
    os._exit(0)


class Worker:
    """The loop of one worker process."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"[:120]
        self._threads = ThreadPoolExecutor(tools.settings.concurrency, thread_name_prefix="job")
        self._running: dict[Future[None], Run] = {}
        self._last_beat = float("-inf")

    def run(self) -> None:
        """Claim and run jobs until asked to stop. A database outage is waited out."""
        log.info("worker started", worker=self.name, concurrency=self.tools.settings.concurrency)
        while not self.tools.stopping.is_set():
            try:
                self._tick()
            except (psycopg.OperationalError, PoolTimeout) as error:
                log.warning("database does not answer", error=type(error).__name__)
                self.tools.stopping.wait(AFTER_OUTAGE_SECONDS)
        self._shut_down()

    def _tick(self) -> None:
        self._beat()
        self._collect()
        if len(self._running) >= self.tools.settings.concurrency:
            wait(self._running, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED")
            return
        run = runs.claim(self.tools.pool, self.name)
        if run is None:
            self.tools.stopping.wait(POLL_SECONDS)
        else:
            self._running[self._threads.submit(pipeline.work, self.tools, run)] = run

    def _beat(self) -> None:
        """Tell that this worker lives, a few times within the time after which it counts as dead."""
        if time.monotonic() - self._last_beat < self.tools.settings.worker_timeout_seconds / BEATS_PER_TIMEOUT:
            return
        with self.tools.pool.connection() as connection:
            connection.execute(
                "insert into workers (id, concurrency) values (%s, %s)"
                " on conflict (id) do update set heartbeat_at = clock_timestamp()",
                [self.name, self.tools.settings.concurrency],
            )
            connection.execute(
                "delete from workers where heartbeat_at < now() - %s::interval", [FORGET_WORKERS_AFTER]
            )
        self._last_beat = time.monotonic()

    def _collect(self) -> None:
        """Take away finished threads, and see to jobs that ended with an error nobody foresaw."""
        for future in [future for future in self._running if future.done()]:
            run = self._running.pop(future)
            error = future.exception()
            if error is not None:
                self._settle(run, error)

    def _settle(self, run: Run, error: BaseException) -> None:
        try:
            pipeline.finish_unexpected(self.tools, run, error)
        except Fenced:
            log.info("job was taken away", job_id=run.job_id, attempt=run.attempt)

    def _shut_down(self) -> None:
        """Let threads end or hand back by themselves; hand back for those that a provider keeps waiting."""
        wait(self._running, timeout=self.tools.settings.shutdown_grace_seconds)
        try:
            self._collect()
            for run in self._running.values():
                self._take_back(run)
            with self.tools.pool.connection() as connection:
                connection.execute("delete from workers where id = %s", [self.name])
        except (psycopg.OperationalError, PoolTimeout) as error:
            log.warning("database does not answer while stopping", error=type(error).__name__)
        log.info("worker stopped", worker=self.name)

    def _take_back(self, run: Run) -> None:
        try:
            runs.hand_back(self.tools.pool, run)
        except Fenced:
            log.info("job was finished or taken away", job_id=run.job_id)
