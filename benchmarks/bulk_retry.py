"""Bulk retry on the real service: figures as ratios measured in one run, and the proof that no job ran twice."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event

import httpx
import psycopg
import sqlalchemy as sa

from actions import bulks, jobs
from actions.audit import Door
from actions.bulks import Order
from actions.client import ServiceClient
from actions.permissions import Actor, Role
from actions.release import WORKERS, Runner
from demo.stack import Stack
from queries import bulks as questions
from queries import schema, stuck
from queries.aliases import Aliases
from queries.bulk_models import Bulk, ItemState
from queries.database import engine
from queries.jobs import get_many
from queries.models import Job, StuckRules
from queries.schema import ServiceSchema

JOBS = 1_000
ROUNDS, JOBS_A_ROUND = 4, 100
IDLE_READS = 20
PAUSE_BETWEEN_READS_SECONDS = 0.1
BULK_SECONDS = 300
POLL_SECONDS = 0.25
OPERATOR = Actor("bench@example.com", Role.OPERATOR)
ALIASES = Aliases("a key for benchmarks")
TIMEOUT = timedelta(seconds=10)  # the console's default

INSERT = """
insert into jobs (id, status, current_step, user_key, created_at, updated_at)
select id, 'running', 'generate_story', 'key-of-a-user', at, at
from unnest(%s::text[]) as id, (select (now() at time zone 'utc') - interval '1 hour' as at) clock
"""
RETRIES = "select count(*) from job_events where event = 'retried'"
RETRIED_JOBS = "select count(distinct job_id) from job_events where event = 'retried'"
RECORDED = """
select count(*) from (
    select target_id from ops.audit_log where target_kind = 'job' group by target_id
    having array_agg(phase order by phase) = '{intent,outcome}' and max(result) = 'done'
) as once
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """The running service, and the console's way to it, as dashboard.connections makes it."""

    stack: Stack
    client: ServiceClient
    reading: sa.Engine
    door: Door
    schema: ServiceSchema
    numbers: Iterator[int]

    def new_jobs(self, amount: int) -> list[Job]:
        """Insert jobs that are stuck in a step since an hour ago; end those that earlier rounds queued."""
        ids = [f"job_bench_{next(self.numbers):06d}" for _ in range(amount)]
        with psycopg.connect(self.stack.database_url) as connection:
            connection.execute("update jobs set status = 'done' where status = 'queued'")
            connection.execute(INSERT, [ids])
        with self.reading.connect() as reader:
            found = get_many(reader, self.schema, ALIASES, ids)
        return [found[job_id] for job_id in ids]

    def number(self, query: str) -> int:
        with psycopg.connect(self.stack.database_url) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def seconds_to_find(self) -> float:
        """What the Stuck page asks, on its own connection."""
        began = time.perf_counter()
        with self.reading.connect() as reader:
            stuck.find(reader, self.schema, ALIASES, StuckRules(), {})
        return time.perf_counter() - began


def compared(name: str, ratio: float, context: str) -> str:
    return f"{name:<46} {ratio:5.2f} ×   {context}"


@contextmanager
def running() -> Iterator[Bench]:
    """PostgreSQL and the service's API, without workers and monitor: only the console touches a job."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Stack(Path(directory), workers=0, monitor=False, prometheus=False, console=False) as stack,
        ServiceClient(stack.service_url, stack.admin_key, deadline=TIMEOUT) as client,
    ):
        reading = engine(stack.console_database_url, statement_timeout=TIMEOUT, read_only=True)
        store = engine(stack.console_database_url, statement_timeout=TIMEOUT, pool_size=2 * WORKERS)
        with reading.connect() as reader:
            found = schema.discover(reader)
        yield Bench(stack, client, reading, Door(store), found, count(1))
        reading.dispose()
        store.dispose()


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def in_bulk(bench: Bench, selected: Sequence[Job], bulk_id: str) -> Bulk:
    """Queued in the store and worked off by a runner, as in the console."""
    order = Order("job.retry", selected, "bench", parameters={"from": "failed_step"})
    bulks.start(bench.door, OPERATOR, order, bulk_id=bulk_id, limit=JOBS)
    with ExitStack() as closing:
        closing.callback(Runner(bench.door, lambda: bench.client).start().close)
        return ended(bench, bulk_id)


def ended(bench: Bench, bulk_id: str) -> Bulk:
    for _ in range(int(BULK_SECONDS / POLL_SECONDS)):
        with bench.reading.connect() as reader:
            bulk = questions.get(reader, bulk_id)
        if bulk is not None and bulk.ended_at is not None:
            return bulk
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{bulk_id} did not end")


def one_by_one(bench: Bench, selected: Sequence[Job]) -> None:
    """Through the same door, each after the last."""
    retry = partial(jobs.retry, bench.door, bench.client, OPERATOR, start="failed_step", reason="bench")
    for job in selected:
        assert retry(job, request_id=f"one by one {job.id}").error is None


def bare(bench: Bench, selected: Sequence[Job]) -> None:
    """The same requests from as many threads, kept-alive connections, no door and no audit log."""

    def post(job: Job) -> None:
        body = {
            "reason": "bench",
            "from": "failed_step",
            "expected_status": job.status,
            "expected_updated_at": job.updated_at.isoformat(),
        }
        headers = {"X-Operator": OPERATOR.name, "X-Request-ID": job.id, "X-Idempotency-Key": job.id}
        client.post(f"/v1/admin/jobs/{job.id}/retry", json=body, headers=headers).raise_for_status()

    admin = {"X-Admin-Key": bench.stack.admin_key}
    with (
        httpx.Client(base_url=bench.stack.service_url, headers=admin, timeout=10, trust_env=False) as client,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        list(pool.map(post, selected))


def against_one_by_one(bench: Bench) -> str:
    """Rounds in alternating order, so that a drift of the machine meets both alike."""
    took: dict[str, list[float]] = {"bulk": [], "one": []}
    for number in range(ROUNDS):
        for kind in sorted(took, reverse=bool(number % 2)):
            selected = bench.new_jobs(JOBS_A_ROUND)
            at_once = partial(in_bulk, bench, selected, f"round-{number}")
            took[kind].append(seconds(at_once if kind == "bulk" else partial(one_by_one, bench, selected)))
    together, alone = (JOBS_A_ROUND / median(took[kind]) for kind in ("bulk", "one"))
    return compared(
        f"bulk, {WORKERS} at once : one after another",
        together / alone,
        f"{together:.0f} : {alone:.0f} jobs/s, medians of {ROUNDS} rounds of {JOBS_A_ROUND}",
    )


def against_bare(bench: Bench) -> str:
    """Half of the bare requests before the bulk, half after it."""
    first, selected = bench.new_jobs(JOBS // 2), bench.new_jobs(JOBS)
    bare_seconds = seconds(lambda: bare(bench, first))
    bulk_seconds = seconds(lambda: in_bulk(bench, selected, "thousand"))
    last = bench.new_jobs(JOBS // 2)
    bare_seconds += seconds(lambda: bare(bench, last))
    return compared(
        f"bulk of {JOBS:,} : bare requests",
        bare_seconds / bulk_seconds,
        f"{bulk_seconds:.1f} s, {JOBS / bulk_seconds:.0f} : {JOBS / bare_seconds:.0f} jobs/s",
    )


def reading_meanwhile(bench: Bench) -> str:
    """The Stuck page's question while a bulk runs in the same process, as in the console.

    As many jobs again stay stuck throughout, and half of the idle time is taken before, half after.
    """
    bench.new_jobs(JOBS)
    selected, over = bench.new_jobs(JOBS), Event()
    busy: list[float] = []

    def read() -> None:
        while not over.wait(PAUSE_BETWEEN_READS_SECONDS):
            busy.append(bench.seconds_to_find())

    before = [bench.seconds_to_find() for _ in range(IDLE_READS)]
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            in_bulk(bench, selected, "watched")
        finally:
            over.set()
        reader.result()
    after = [bench.seconds_to_find() for _ in range(IDLE_READS)]
    idle, slowed = (median(before) + median(after)) / 2, median(busy)
    return compared(
        "stuck.find while a bulk runs : idle",
        slowed / idle,
        f"{slowed * 1000:.0f} : {idle * 1000:.0f} ms, medians; slowest of {len(busy)}: {max(busy) * 1000:.0f} ms",
    )


def once_each(bench: Bench) -> str:
    """A bulk action that is started again does nothing, and no job was ever retried twice."""
    selected = bench.new_jobs(JOBS_A_ROUND)
    for _ in range(2):
        assert in_bulk(bench, selected, "again").counts[ItemState.DONE] == JOBS_A_ROUND
    through_the_door = 2 * ROUNDS * JOBS_A_ROUND + 2 * JOBS + 2 * JOBS_A_ROUND
    assert bench.number(RETRIES) == bench.number(RETRIED_JOBS) == through_the_door + JOBS
    assert bench.number(RECORDED) == through_the_door
    return f"{through_the_door + JOBS:,} jobs retried, none twice; {through_the_door:,} recorded, each once"


def main() -> None:
    with running() as bench:
        in_bulk(bench, bench.new_jobs(JOBS_A_ROUND), "warm-up")
        for measure in (against_one_by_one, against_bare, reading_meanwhile, once_each):
            print(measure(bench))


if __name__ == "__main__":
    main()
