"""What the chain of the audit log costs: a row that is added by workers at once, the upgrade, and the proof."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median

import psycopg
import sqlalchemy as sa
import structlog

from actions import migrations
from actions.audit_trail import record
from actions.release import WORKERS
from demo.postgres import Postgres
from queries.audit_chain import head, lines
from queries.audit_proof import proved
from queries.database import engine

ROUNDS, ACTS_A_ROUND = 6, 400
OLD_ROWS = 100_000
# Every commit waits for the disk, as in production.
DURABLE = ("fsync=on", "synchronous_commit=on")
TIMEOUT = timedelta(minutes=1)
# The same table, whose rows are in no chain.
UNCHAINED = (
    "drop trigger chain on ops.audit_log",
    "drop trigger head on ops.audit_log",
    "create sequence ops.places",
    "alter table ops.audit_log alter position set default nextval('ops.places')",
    "alter table ops.audit_log alter previous set default ''",
    "alter table ops.audit_log alter hash set default ''",
)
FILL = """
insert into ops.audit_log (request_id, phase, actor, role, action, target_kind, target_id, reason, parameters,
    before, after, result, message)
select 'r-' || n, phase, 'olga@example.com', 'operator', 'job.retry', 'job', 'job_' || n, 'the provider is back',
    '{"from": "start"}', '{"status": "failed", "updated_at": "2026-11-23T02:00:00+00:00"}',
    case phase when 'outcome' then '{"status": "queued"}'::jsonb end, case phase when 'outcome' then 'done' end,
    case phase when 'outcome' then 'Retried: the job is queued.' end
from generate_series(1, %s) n, unnest('{intent,outcome}'::text[]) phase
"""
_numbers = count()


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def opened(server: Postgres, name: str, *statements: str) -> sa.Engine:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    migrations.upgrade(server.url(name))
    with psycopg.connect(server.url(name)) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    return engine(server.url(name), statement_timeout=TIMEOUT, pool_size=WORKERS)


def act(store: sa.Engine) -> None:
    """What an act adds: its intent, then its outcome."""
    row = {"request_id": f"b-{next(_numbers)}", "actor": "olga@example.com", "role": "operator"}
    row |= {"action": "job.retry", "target_kind": "job", "target_id": "job_1", "reason": "the provider is back"}
    record(store, row | {"phase": "intent"})
    record(store, row | {"phase": "outcome", "result": "done", "message": "Retried: the job is queued."})


def together(store: sa.Engine) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(act, [store] * ACTS_A_ROUND))


def adding(chained: sa.Engine, bare: sa.Engine) -> str:
    """Rounds in alternating order, so that a drift of the machine meets both alike."""
    took: dict[sa.Engine, list[float]] = {chained: [], bare: []}
    for number in range(ROUNDS + 1):
        for store in (chained, bare) if number % 2 else (bare, chained):
            taken = seconds(lambda store=store: together(store))  # type: ignore[misc]
            if number:  # the first round warms up
                took[store].append(taken)
    with_chain, without = (ACTS_A_ROUND / median(took[store]) for store in (chained, bare))
    ratio = f"{with_chain / without:5.2f} ×"
    return f"acts recorded, {WORKERS} at once, chained : not   {ratio}   {with_chain:.0f} : {without:.0f} acts/s"


def upgrading(server: Postgres) -> str:
    opened(server, "old").dispose()
    migrations.bring(server.url("old"), "0004")
    with psycopg.connect(server.url("old")) as connection:
        connection.execute(FILL, [OLD_ROWS // 2])
    taken = seconds(lambda: migrations.upgrade(server.url("old")))
    return f"upgrade of a log of {OLD_ROWS:,} rows   {taken:.1f} s"


def proving(server: Postgres) -> str:
    store = engine(server.url("old"), statement_timeout=TIMEOUT)
    with store.begin() as connection:
        began = time.perf_counter()
        found = proved(lines(connection), head(connection))
        taken = time.perf_counter() - began
    store.dispose()
    assert (found.lines, found.broken) == (OLD_ROWS, None)
    return f"proof of {OLD_ROWS:,} rows   {taken:.1f} s, {OLD_ROWS / taken:,.0f} rows/s"


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with (
        tempfile.TemporaryDirectory() as directory,
        Postgres(Path(directory) / "data", options=DURABLE) as server,
    ):
        chained, bare = opened(server, "chained"), opened(server, "bare", *UNCHAINED)
        print(adding(chained, bare))
        chained.dispose()
        bare.dispose()
        print(upgrading(server))
        print(proving(server))


if __name__ == "__main__":
    main()
