"""Everything that `make demo` runs, as one object: the browser tests run the very same."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

from demo import database
from demo.machine import timezone
from demo.parts import (
    API,
    CONSOLE,
    MONITOR,
    POSTGRES,
    POSTGRES_PROGRAM,
    PROMETHEUS,
    TRAFFIC,
    Parts,
    worker_name,
)
from demo.postgres import free_port
from demo.prometheus import Binaries, Server, find
from demo.state import HISTORY_VERSION, Marker, State
from demo.supervisor import Supervisor

SEED = 20261123


class Stack:
    """The running stack: a context manager. A fresh history ends in an incident: its monitor is not started."""

    def __init__(
        self,
        directory: Path,
        *,
        workers: int = 2,
        monitor: bool = True,
        prometheus: bool = True,
        console: bool = True,
        traffic: bool = False,
        history_days: float = 0,
        console_port: int = 0,
        service_env: Mapping[str, str] | None = None,
        console_env: Mapping[str, str] | None = None,
        seed: int = SEED,
        say: Callable[[str], None] | None = None,
        keep_open: tuple[int, ...] = (),
    ) -> None:
        """directory keeps all state. The environments go on top of what the service and the console are told.

        say hears of each step that is done; keep_open are descriptors to hold until every program has ended.
        """
        self.state = State(directory.absolute())
        self.workers = workers
        self.seed = seed
        self.admin_key = secrets.token_urlsafe(24)
        self.fresh = False
        self._wanted = {MONITOR: monitor, PROMETHEUS: prometheus, CONSOLE: console, TRAFFIC: traffic}
        self._history_days = history_days
        self._console_port = console_port
        self._environments = (dict(service_env or {}), dict(console_env or {}))
        self._say = say
        self._keep_open = keep_open
        self._server: Server | None = None

    # ------------------------------------------------------------ addresses, known once the stack is entered

    @property
    def console_url(self) -> str:
        return self._parts.console_url

    @property
    def service_url(self) -> str:
        return self._parts.service_url

    @property
    def database_url(self) -> str:
        """The service's database, as its owner."""
        return self._parts.service_database

    @property
    def console_database_url(self) -> str:
        """The same database, as the console may use it."""
        return self._parts.console_database

    @property
    def prometheus_url(self) -> str | None:
        """None where there is no Prometheus."""
        return self._server.url if self._server else None

    # ------------------------------------------------------------ what tests and the demo do to it

    def kill_worker(self, number: int) -> int:
        """kill -9; answers the process id it had."""
        return self.supervisor.kill(worker_name(number))

    def restart_worker(self, number: int) -> None:
        self.supervisor.restart(worker_name(number))

    def stop_monitor(self) -> None:
        self.supervisor.stop(MONITOR)

    def start_monitor(self) -> None:
        """Start the job monitor, unless it runs."""
        if not self.supervisor.running(MONITOR):
            self.supervisor.start(self._parts.monitor())

    def stop_api(self) -> None:
        self.supervisor.stop(API)

    def start_api(self) -> None:
        self.supervisor.start(self._parts.api())

    def stop_console(self) -> None:
        self.supervisor.stop(CONSOLE)

    def start_console(self) -> None:
        self.supervisor.start(self._parts.console(self.prometheus_url))

    def stop_prometheus(self) -> None:
        self.supervisor.stop(PROMETHEUS)

    def start_prometheus(self) -> None:
        """On the port it had."""
        if self._server:
            self._server.start()

    def stop_postgres(self) -> None:
        self.supervisor.stop(POSTGRES)

    def start_postgres(self) -> None:
        """On the port it had."""
        self._postgres.start()

    def pause(self, name: str) -> None:
        """SIGSTOP: postgres, prometheus, api, console, monitor, traffic or worker-0, worker-1, ..."""
        self.supervisor.pause(name)

    def resume(self, name: str) -> None:
        self.supervisor.resume(name)

    def revive(self, name: str) -> None:
        """Start a program that died."""
        {POSTGRES: self.start_postgres, PROMETHEUS: self.start_prometheus}.get(
            name, lambda: self.supervisor.restart(name)
        )()

    # ------------------------------------------------------------ start and stop

    def __enter__(self) -> Stack:
        with ExitStack() as undo:
            self.supervisor = undo.enter_context(
                Supervisor(self.state.directory / "logs", keep_open=self._keep_open)
            )
            undo.callback(self._stop)
            self._start()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self.supervisor.close()

    def _start(self) -> None:
        binaries = find() if self._wanted[PROMETHEUS] else None
        self.fresh = bool(self._history_days) and self.state.marker() is None
        if self.fresh:
            self.state.forget()
        self.state.begin_counters()
        with self._told("PostgreSQL"):
            self._postgres = database.start(self.state.postgres, self._spawned)
            database.prepare(self._postgres)
        if self.fresh:
            with self._told(f"{self._history_days:g} days of history"):
                marker = self._make_history(binaries)
        database.admit_console(self._postgres)
        self._parts = self._plan()
        if binaries is not None:
            with self._told("Prometheus"):
                self._server = Server(self.supervisor, binaries, self.state.prometheus)
                self._server.launch(self._parts.api_address, self._parts.console_address)
        with self._told("service and console"):
            self._start_programs()
        if self._server:
            self._server.wait()
        if self.fresh:
            self.state.mark(marker)

    def _stop(self) -> None:
        """Those who ask first, then those who answer."""
        self.supervisor.stop(TRAFFIC, CONSOLE)
        self.supervisor.stop(API, MONITOR, *map(worker_name, range(self.workers)))
        self.supervisor.stop(PROMETHEUS)
        self.supervisor.stop(POSTGRES)

    def _spawned(self, process: Popen[bytes]) -> None:
        self.supervisor.adopt(POSTGRES_PROGRAM, process)

    def _make_history(self, binaries: Binaries | None) -> Marker:
        # What makes a history takes seconds to import, and a later start has no need of it.
        from demo import history, incidents  # noqa: PLC0415

        course = incidents.course(self.seed, float(int(time.time())), self._history_days, timezone())
        url = self._postgres.url(database.NAME)
        history.make(course, url, supervisor=self.supervisor, binaries=binaries, metrics=self.state.prometheus)
        return Marker(HISTORY_VERSION, self.seed, self._history_days, course.end, binaries is not None)

    def _plan(self) -> Parts:
        service_env, console_env = self._environments
        return Parts(
            directory=self.state.directory,
            counters=self.state.counters,
            api_port=free_port(),
            console_port=self._console_port or free_port(),
            admin_key=self.admin_key,
            service_database=self._postgres.url(database.NAME),
            console_database=database.console_url(self._postgres),
            timezone=timezone(),
            service_env=service_env,
            console_env=console_env,
        )

    def _start_programs(self) -> None:
        """All at once, the slowest first."""
        programs = [self._parts.api(), *(self._parts.worker(number) for number in range(self.workers))]
        if self._wanted[CONSOLE]:
            programs.insert(0, self._parts.console(self.prometheus_url))
        if self._wanted[MONITOR] and not self.fresh:
            programs.append(self._parts.monitor())
        for program in programs:
            self.supervisor.launch(program)
        for program in programs:
            self.supervisor.wait(program.name)
        if self._wanted[TRAFFIC]:
            self.supervisor.start(self._parts.traffic(self.seed))

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say how long a step took."""
        began = time.monotonic()
        yield
        if self._say is not None:
            self._say(f"{time.monotonic() - began:6.1f} s  {what}")
