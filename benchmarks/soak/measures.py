"""What the console's process and its database connections take, sample by sample."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import psutil
import psycopg

from actions.release import WORKERS
from dashboard.connections import KEEPER_CONNECTIONS, STORE_CONNECTIONS
from demo.database import CONSOLE_ROLE
from demo.stack import Stack
from queries.database import engine

EVERY_SECONDS = 2.0
MEGABYTE = 1 << 20
ACTIVITY = (
    "select application_name, coalesce(state, ''), count(*) from pg_stat_activity where usename = %s group by 1, 2"
)
# The pools of dashboard.connections: the pages' two, the bulk runner's, and the keeper's two.
POOLS = inspect.signature(engine).parameters["pool_size"].default + STORE_CONNECTIONS
MOST_CONNECTIONS = POOLS + (WORKERS + 1) + 1 + KEEPER_CONNECTIONS


@dataclass(frozen=True, slots=True)
class Sample:
    """The console at one moment (Unix time). connections by name and state; None while the database is away."""

    at: float
    rss: float
    threads: int
    files: int
    connections: Counter[tuple[str, str]] | None

    @property
    def open_connections(self) -> int:
        return 0 if self.connections is None else self.connections.total()


def console(stack: Stack) -> psutil.Process:
    """The console's process."""
    port = stack.console_url.rpartition(":")[2]
    for process in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if process.cmdline()[-1:] == [port]:
                return process
    raise RuntimeError("the console does not run")


def sample(stack: Stack, process: psutil.Process) -> Sample:
    """Taken now; rss in megabytes."""
    connections = _connections(stack)
    with process.oneshot():
        rss = process.memory_info().rss / MEGABYTE
        return Sample(time.time(), rss, process.num_threads(), process.num_fds(), connections)


async def watch(stack: Stack, process: psutil.Process, samples: list[Sample]) -> None:
    """Go on until cancelled."""
    while True:
        samples.append(await asyncio.to_thread(sample, stack, process))
        await asyncio.sleep(EVERY_SECONDS)


def _connections(stack: Stack) -> Counter[tuple[str, str]] | None:
    with suppress(psycopg.OperationalError), psycopg.connect(stack.database_url, connect_timeout=2) as connection:
        connection.execute("set statement_timeout = '2s'")
        rows = connection.execute(ACTIVITY, [CONSOLE_ROLE]).fetchall()
        return Counter({(str(name), str(state)): int(number) for name, state, number in rows})
    return None
