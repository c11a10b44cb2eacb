"""What the pages ask, at 10,000 jobs and at 1,000,000: the same traffic a day, a longer history."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from statistics import median

import psycopg
import sqlalchemy as sa

from demo.many_jobs import fill
from demo.postgres import BIN, Postgres, debian
from queries import causes, failures, job_search, job_story, jobs, schema, step_times, stuck
from queries.aliases import Aliases
from queries.database import engine
from queries.job_filter import JobFilter
from queries.job_language import parse
from queries.models import StuckRules
from queries.schema import ServiceSchema

ROUNDS = 21
SMALL, LARGE = 10_000, 1_000_000
JOBS_A_DAY = 1_000
# The ledger, the events and the checks of a million jobs would fill the disk, and only their newest are asked for.
TOLD_PERCENT = 10
PAGE = 51  # one more tells that there is a next page
ZONE = "Asia/Seoul"
ALIASES = Aliases("a key for benchmarks")
TIMEOUT = timedelta(seconds=10)  # the console's default
SERVICE = Path(__file__).parent.parent / "service" / "schema.sql"
ALL, FAILURES = JobFilter(), parse("status:failed error:IMAGE_* since:24h", UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    """The console's way to one database, and a job of it that all tables tell of."""

    connection: sa.Connection
    schema: ServiceSchema
    job_id: str


def a_job(reader: Reader) -> None:
    """What the page of one job asks."""
    connection, found = reader.connection, reader.schema
    assert jobs.get(connection, found, ALIASES, reader.job_id)
    assert step_times.usual(connection, found)
    stuck.find(connection, found, ALIASES, StuckRules(), {})
    assert job_story.events(connection, found, ALIASES, reader.job_id)
    assert job_story.calls(connection, found, reader.job_id)
    job_story.checks(connection, found, reader.job_id)
    job_story.moderation(connection, found, ALIASES, reader.job_id)


def listed(reader: Reader, filter: JobFilter) -> None:
    found = job_search.search(reader.connection, reader.schema, ALIASES, filter, timezone=ZONE, limit=PAGE)
    assert found


def counted(reader: Reader, filter: JobFilter) -> None:
    assert job_search.count(reader.connection, reader.schema, ALIASES, filter, timezone=ZONE).number


MEASURED: Mapping[str, Callable[[Reader], object]] = {
    "list, all jobs": lambda reader: listed(reader, ALL),
    "list, status:failed error:IMAGE_* since:24h": lambda reader: listed(reader, FAILURES),
    "count, all jobs (stops at 10,000)": lambda reader: counted(reader, ALL),
    "count, status:failed error:IMAGE_* since:24h": lambda reader: counted(reader, FAILURES),
    "matrix": lambda reader: failures.matrix(reader.connection, reader.schema, ALIASES, ALL, timezone=ZONE),
    "causes, status:failed error:IMAGE_* since:24h": lambda reader: causes.causes(
        reader.connection, reader.schema, ALIASES, FAILURES, timezone=ZONE
    ),
    "a job's page": a_job,
}


@contextmanager
def reading(server: Postgres, number: int) -> Iterator[Reader]:
    """A database of so many jobs, as the console reads it."""
    name = f"jobs_{number}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    with psycopg.connect(server.url(name)) as connection:
        connection.execute(SERVICE.read_text().encode())
    fill(server.url(name), jobs=number, days=number / JOBS_A_DAY, told_percent=TOLD_PERCENT)
    pool = engine(server.url(name), statement_timeout=TIMEOUT, read_only=True)
    with pool.connect() as reader:
        found = schema.discover(reader)
        assert found.ledger is not None
        newest = sa.select(found.ledger.c.job_id).order_by(found.ledger.c.occurred_at.desc()).limit(1)
        yield Reader(reader, found, reader.execute(newest).scalar_one())
    pool.dispose()


def milliseconds(ask: Callable[[Reader], object], reader: Reader) -> float:
    began = time.perf_counter()
    ask(reader)
    return (time.perf_counter() - began) * 1000


def compared(small: Reader, large: Reader) -> None:
    """Each question to both in alternating order, so that a drift of the machine meets both alike."""
    for name, ask in MEASURED.items():
        took: dict[int, list[float]] = {SMALL: [], LARGE: []}
        readers = [(SMALL, small), (LARGE, large)]
        for round_number in range(ROUNDS):
            for number, reader in readers[:: -1 if round_number % 2 else 1]:
                took[number].append(milliseconds(ask, reader))
        few, many = median(took[SMALL]), median(took[LARGE])
        print(f"{name:<46} {many / few:5.2f} ×   {many:6.1f} : {few:.1f} ms")


def main() -> None:
    for binaries in (BIN, debian()):
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            options = ("wal_level=minimal", "max_wal_senders=0", "maintenance_work_mem=256MB")
            server = stack.enter_context(Postgres(directory / "data", options=options, binaries=binaries))
            small, large = (stack.enter_context(reading(server, number)) for number in (SMALL, LARGE))
            version = small.connection.dialect.server_version_info
            print(
                f"PostgreSQL {'.'.join(map(str, version or ()))}, {LARGE:,} : {SMALL:,} jobs, medians of {ROUNDS}"
            )
            compared(small, large)


if __name__ == "__main__":
    main()
