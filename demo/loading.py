"""Rows into the service's tables, by COPY, with the indexes made afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from demo.endings import ENDINGS, FINISHED
from demo.guardrail_rows import guardrail_history, guardrail_rejections
from demo.names import Names, names
from demo.past import Past
from demo.prices import STEPS
from demo.rows import cost_events, jobs, quality_checks
from demo.timeline import job_events
from service import books
from service.steps import Step

TABLES = (
    ("jobs", jobs),
    ("cost_events", cost_events),
    ("job_events", job_events),
    ("quality_checks", quality_checks),
    ("guardrail_rejections", guardrail_rejections),
    ("guardrail_history", guardrail_history),
)
# Rows that travel at once.
BATCH = 20_000
# An artefact that later steps only ask for by its presence.
BOUGHT = "bought-before"


class Cancelled(Exception):
    """The history was not loaded to its end, because somebody asked to stop."""


def load(past: Past, url: str, cancelled: threading.Event) -> None:
    """Fill the empty, migrated tables of a database with the past, in one transaction.

    Raises Cancelled soon after that is set.
    """
    shared = names(past)
    with psycopg.connect(url) as connection:
        _drop_indexes(connection)
        for table, rows in TABLES:
            _copy(connection, table, rows(past, shared), cancelled)
        _copy_runs(connection, past, shared)
        _leave_monitor_dead(connection, past, shared)
        connection.execute(files("service").joinpath("schema.sql").read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum (analyze)")


def _drop_indexes(connection: psycopg.Connection[Any]) -> None:
    """Those that the schema makes again; primary keys stay."""
    found = connection.execute(
        "select indexname from pg_indexes where schemaname = current_schema and tablename = any(%s)"
        " and indexname ~ '^[iu]x_'",
        [[table for table, _ in TABLES]],
    ).fetchall()
    for (name,) in found:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))


def _copy(connection: psycopg.Connection[Any], name: str, rows: pa.Table, cancelled: threading.Event) -> None:
    statement = sql.SQL("copy {} ({}) from stdin with (format csv)").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    options = pyarrow.csv.WriteOptions(include_header=False)
    with connection.cursor().copy(statement) as copy:
        for batch in rows.to_batches(max_chunksize=BATCH):
            if cancelled.is_set():
                raise Cancelled
            text = pa.BufferOutputStream()
            pyarrow.csv.write_csv(batch, text, options)
            copy.write(text.getvalue().to_pybytes())


def _copy_runs(connection: psycopg.Connection[Any], past: Past, shared: Names) -> None:
    """What failed and open books have to resume from: finished ones are never asked again."""
    statement = "copy runs (job_id, attempt, token, worker_id, start_step, artefacts) from stdin"
    with connection.cursor().copy(statement) as copy:
        for row in _runs(past, shared):
            copy.write_row(row)


def _runs(past: Past, shared: Names) -> Iterator[tuple[str, int, str | None, str | None, str, str]]:
    made = past.attempts
    failed = [ending.status in ("failed", "running") for ending in ENDINGS]
    for row in (row for row in past.final.nonzero()[0] if failed[made.ending[row]]):
        job_id = shared.job_ids[int(made.job[row])].as_py()
        step = STEPS[min(made.last[row], FINISHED - 1)]
        held = bool(past.left_open[row])
        token, worker = (job_id[-8:] * 4, shared.workers[int(row)].as_py()) if held else (None, None)
        images = int(made.had[row] + made.got[row])
        yield job_id, int(made.number[row]), token, worker, step, json.dumps(_artefacts(job_id, step, images))


def _artefacts(job_id: str, step: Step, images: int) -> dict[str, Any]:
    """What the steps before this one have made."""
    reached = STEPS.index(step)
    made: dict[str, tuple[Step, Any]] = {
        "wish": (Step.NORMALIZE, ["A book", "friendship"]),
        "pages": (Step.STORY, books.story("A book", "friendship", job_id)),
        "characters": (Step.CHARACTER_SHEET, BOUGHT),
        "prompts": (Step.IMAGE_PROMPTS, BOUGHT),
    }
    before = {name: value for name, (by, value) in made.items() if STEPS.index(by) < reached}
    return before | {"images": {str(number): BOUGHT for number in range(1, images + 1)}}


def _leave_monitor_dead(connection: psycopg.Connection[Any], past: Past, shared: Names) -> None:
    """The monitor's last run, and the last sign of life of the worker that left its books."""
    course = past.course
    connection.execute(
        "insert into state (name, at) values ('job_monitor', %s)",
        [datetime.fromtimestamp(course.monitor_died, UTC)],
    )
    worker = shared.workers[int(past.left_open.nonzero()[0][0])].as_py()
    died = datetime.fromtimestamp(course.worker_died, UTC)
    connection.execute(
        "insert into workers (id, started_at, heartbeat_at, concurrency) values (%s, %s, %s, 3)",
        [worker, died, died],
    )
