"""A worker's hold on a job: claim, and writes that only the holder can make.

The fence is a job's attempt number plus the token drawn at the claim. Retry, cancel and recovery clear the token,
so that a worker that lost its job meanwhile raises Fenced at its next write and writes nothing. Locks are taken in
one order everywhere: first the row of jobs, then the row of runs.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json

from service import events
from service.database import Pool, Row
from service.steps import DONE, PROGRESS, Step, known


class Fenced(Exception):
    """The job is no longer this worker's: somebody cancelled, retried or recovered it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed job. artefacts is the run's own dict: steps add to it, and writes keep it."""

    job_id: str
    attempt: int
    token: str
    worker: str
    user_key: str
    start: Step
    request: dict[str, Any]
    artefacts: dict[str, Any]
    waited_seconds: float


def claim(pool: Pool, worker: str) -> Run | None:
    """Take the oldest waiting job that nobody holds, and start its first step; None where nothing waits."""
    with pool.connection() as connection:
        job = connection.execute(
            "select j.id, j.user_key, j.retry_count,"
            " extract(epoch from (clock_timestamp() at time zone 'utc') - j.updated_at)::float8 as waited"
            " from jobs j left join runs r on r.job_id = j.id"
            " where j.status = 'queued' and r.token is null"
            " order by j.created_at limit 1 for update of j skip locked"
        ).fetchone()
        return None if job is None else _take(connection, job, worker)


def _take(connection: Connection[Row], job: Row, worker: str) -> Run | None:
    """Read the run again under the job's lock: the claim's own look at it may be older."""
    kept = ensure(connection, job["id"], job["retry_count"])
    if kept["token"] is not None:
        return None
    run = Run(
        job_id=job["id"],
        attempt=kept["attempt"],
        token=secrets.token_hex(16),
        worker=worker,
        user_key=job["user_key"],
        start=known(kept["start_step"]),
        request=kept["request"],
        artefacts=kept["artefacts"],
        waited_seconds=max(0.0, job["waited"]),
    )
    connection.execute(
        "update runs set token = %s, worker_id = %s where job_id = %s", [run.token, run.worker, run.job_id]
    )
    events.record(connection, run.job_id, run.attempt, "started", actor=worker, step=run.start)
    _enter(connection, run, run.start)
    return run


def ensure(connection: Connection[Row], job_id: str, retry_count: int) -> Row:
    """The run of a job, locked; made where another program inserted the job. The job's row must be locked."""
    connection.execute(
        "insert into runs (job_id, attempt, start_step) select id, %s, current_step from jobs where id = %s"
        " on conflict do nothing",
        [retry_count + 1, job_id],
    )
    row = connection.execute("select * from runs where job_id = %s for update", [job_id]).fetchone()
    if row is None:
        raise LookupError(f"job {job_id} is gone")
    return row


@contextmanager
def _fenced(pool: Pool, run: Run) -> Iterator[Connection[Row]]:
    """A transaction that holds the job and keeps its artefacts; raises Fenced where it is not ours any more."""
    with pool.connection() as connection:
        connection.execute("select 1 from jobs where id = %s for update", [run.job_id])
        kept = connection.execute(
            "update runs set artefacts = %s where job_id = %s and attempt = %s and token = %s"
            " and exists (select 1 from jobs where id = runs.job_id and status = 'running')",
            [Json(run.artefacts), run.job_id, run.attempt, run.token],
        )
        if kept.rowcount == 0:
            raise Fenced(run.job_id)
        yield connection


def enter(pool: Pool, run: Run, step: Step) -> None:
    """Write a step's start: the only moments, but for the end, at which updated_at moves."""
    with _fenced(pool, run) as connection:
        _enter(connection, run, step)


def _enter(connection: Connection[Row], run: Run, step: Step) -> None:
    connection.execute(
        "update jobs set status = 'running', current_step = %s, progress = %s,"
        " updated_at = clock_timestamp() at time zone 'utc' where id = %s",
        [step, PROGRESS[step], run.job_id],
    )
    connection.execute("update runs set start_step = %s where job_id = %s", [step, run.job_id])
    events.record(
        connection, run.job_id, run.attempt, "step", actor=run.worker, step=step, progress=PROGRESS[step]
    )


def keep_image(pool: Pool, run: Run, image: int, total: int, *, placeholder: bool) -> None:
    """Keep an image that was just paid for, and tell the timeline."""
    with _fenced(pool, run) as connection:
        detail = {"image": image, "of": total, "placeholder": placeholder}
        events.record(connection, run.job_id, run.attempt, "progress", actor=run.worker, **detail)


def keep_moderation(pool: Pool, run: Run, *, output: bool, verdict: dict[str, Any]) -> None:
    """Write what moderation said of the input or of the output."""
    with _fenced(pool, run) as connection:
        if output:
            connection.execute("update jobs set moderation_output = %s where id = %s", [Json(verdict), run.job_id])
        else:
            connection.execute("update jobs set moderation_input = %s where id = %s", [Json(verdict), run.job_id])


def finish(pool: Pool, run: Run, checks: list[tuple[str, float, bool, str]]) -> float:
    """The job is done; checks are (check, score, passed, detail). Returns seconds since its creation."""
    with _fenced(pool, run) as connection:
        with connection.cursor() as cursor:
            cursor.executemany(
                'insert into quality_checks (job_id, "check", score, passed, detail) values (%s, %s, %s, %s, %s)',
                [(run.job_id, *check) for check in checks],
            )
        connection.execute("update jobs set current_step = %s, progress = 100 where id = %s", [DONE, run.job_id])
        events.record(connection, run.job_id, run.attempt, "done", actor=run.worker)
        return _end(connection, run, "done", None, None)


def fail(pool: Pool, run: Run, code: str, message: str) -> float:
    """The job failed; step and progress stay as they are. Returns seconds since its creation."""
    with _fenced(pool, run) as connection:
        events.record(connection, run.job_id, run.attempt, "failed", actor=run.worker, error_code=code)
        return _end(connection, run, "failed", code, message[:300])


def _end(connection: Connection[Row], run: Run, status: str, code: str | None, message: str | None) -> float:
    connection.execute("update runs set token = null, worker_id = null where job_id = %s", [run.job_id])
    row = connection.execute(
        "update jobs set status = %s, error_code = %s, error_message = %s,"
        " updated_at = clock_timestamp() at time zone 'utc' where id = %s"
        " returning extract(epoch from updated_at - created_at)::float8 as seconds",
        [status, code, message, run.job_id],
    ).fetchone()
    return 0.0 if row is None else float(row["seconds"])


def hand_back(pool: Pool, run: Run) -> None:
    """Queue the unfinished job again at the step it is in: the worker is shutting down."""
    with _fenced(pool, run) as connection:
        connection.execute("update runs set token = null, worker_id = null where job_id = %s", [run.job_id])
        connection.execute(
            "update jobs set status = 'queued', updated_at = clock_timestamp() at time zone 'utc' where id = %s",
            [run.job_id],
        )
        events.record(
            connection, run.job_id, run.attempt, "recovered", actor=run.worker, reason="the worker was shut down"
        )
