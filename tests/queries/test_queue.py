"""What came and went, what runs: counted on known rows, on both deployments; and the outlook that follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from queries import queue, queue_models
from queries.aliases import Aliases
from queries.models import OpenJobs
from queries.queue_models import Course, Flow, Flows
from tests.queries.conftest import connect, run, set_clock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
QUARTER = 15 * MINUTE
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
INSERT = """
insert into jobs (id, status, user_key, created_at, updated_at, last_retry_at) values
    ('{id}', '{status}', 'a-user-key', timezone('utc', now() - interval '{created}'),
     timezone('utc', now() - interval '{updated}'), timezone('utc', now() - {retried}))
"""


def job(job_id: str, status: str, created: str, updated: str, retried: str | None = None) -> str:
    """A row by its ages."""
    interval = f"interval '{retried}'" if retried else "null::interval"
    return INSERT.format(id=job_id, status=status, created=created, updated=updated, retried=interval)


ROWS = (
    job("waiting", "queued", "5 min", "5 min"),
    job("runs", "running", "40 min", "1 min"),
    job("done", "done", "50 min", "10 min"),
    job("refused", "failed", "70 min", "20 min"),
    job("cancelled", "cancelled", "2 hours", "30 min"),
    job("past", "done", "3 hours", "2 hours"),
    job("again", "queued", "2 days", "3 min", "3 min"),
    job("again-at-once", "done", "8 min", "2 min", "6 min"),
    job("paused", "paused", "1 min", "1 min"),
)


def test_what_came_and_went(newer_url: str) -> None:
    run(newer_url, *ROWS)
    with connect(newer_url) as (connection, schema):
        flows = queue.flows(connection, schema)
    assert flows.short == Flow(QUARTER, new=2, arrived=3, finished=2)
    assert flows.long == Flow(HOUR, new=4, arrived=5, finished=4)


def test_without_retry_columns_what_was_created_arrived(older_url: str) -> None:
    """Between 00:08 and 00:13 of the real rows: counted by hand in the file."""
    set_clock(older_url, "2026-11-23 00:13:00")
    with connect(older_url) as (connection, schema):
        flows = queue.flows(connection, schema)
        buckets = queue.flow_by_bucket(connection, schema, HOUR, 5 * MINUTE)
    assert flows.long == Flow(HOUR, new=58, arrived=58, finished=52)
    assert sum(one.arrived for one in buckets) == 58
    assert sum(one.finished for one in buckets) == 52


def test_buckets_are_whole_and_without_gaps(newer_url: str) -> None:
    run(newer_url, *ROWS)
    with connect(newer_url) as (connection, schema):
        buckets = queue.flow_by_bucket(connection, schema, 4 * HOUR, QUARTER)
        now = connection.execute(schema.now.select()).scalar_one()
    assert len(buckets) == 17
    assert {later.start - earlier.start for earlier, later in pairwise(buckets)} == {QUARTER}
    assert buckets[-1].start <= now < buckets[-1].start + QUARTER
    assert all(one.start.minute % 15 == 0 for one in buckets)
    # A retried job arrives again: six were created in these hours, two were retried.
    assert sum(one.arrived for one in buckets) == 9
    assert sum(one.finished for one in buckets) == 5


def test_more_buckets_than_a_chart_has_pixels_are_cut(newer_url: str) -> None:
    with connect(newer_url) as (connection, schema):
        buckets = queue.flow_by_bucket(connection, schema, timedelta(days=9), MINUTE)
    assert len(buckets) == queue.BUCKET_LIMIT + 1


def test_what_runs_oldest_first_without_a_key(newer_url: str) -> None:
    run(newer_url, *ROWS, job("runs-longer", "running", "50 min", "10 sec"))
    with connect(newer_url) as (connection, schema):
        found = queue.running(connection, schema, Aliases("k"))
    assert [one.id for one in found] == ["runs-longer", "runs"]
    assert all(one.user.startswith("user-") for one in found)


def test_ids_for_an_estimate(newer_url: str) -> None:
    with connect(newer_url) as (connection, schema):
        assert queue.open_ids(connection, schema) == ()
        assert queue.recent_id(connection, schema) is None
    run(newer_url, *ROWS)
    with connect(newer_url) as (connection, schema):
        assert set(queue.open_ids(connection, schema)) == {"waiting", "runs", "again"}
        assert queue.recent_id(connection, schema) in {"waiting", "runs", "done", "again-at-once"}


# ---------------------------------------------------------------- where it leads


def waiting(queued: int, running: int = 0, age: timedelta = MINUTE) -> OpenJobs:
    return OpenJobs(queued, running, NOW - age if queued else None, NOW)


def flows(short: tuple[int, int], long: tuple[int, int]) -> Flows:
    """(arrived, finished) of the last quarter of an hour and of the last hour."""
    return Flows(Flow(QUARTER, short[0], *short), Flow(HOUR, long[0], *long))


@pytest.mark.parametrize(
    ("now", "moves", "limit", "course", "until"),
    [
        # 20 - 10 in a quarter of an hour are 40 an hour; 60 of 100 places are free.
        (waiting(36, 4), flows((20, 10), (40, 40)), 100, Course.FILLING, 90 * MINUTE),
        (waiting(36, 4), flows((20, 10), (40, 40)), None, Course.FILLING, None),
        # The quarter shows no clear change, the hour does: 30 an hour.
        (waiting(36, 4), flows((25, 22), (130, 100)), 100, Course.FILLING, 2 * HOUR),
        # It turned: the hour's pace is no longer the present one.
        (waiting(36, 4), flows((20, 22), (130, 100)), 100, Course.STEADY, None),
        (waiting(8, 3), flows((5, 35), (60, 60)), 100, Course.DRAINING, 4 * MINUTE),
        (waiting(0, 3), flows((5, 35), (60, 60)), 100, Course.STEADY, None),
        (waiting(3), flows((10, 10), (40, 40)), 100, Course.STEADY, None),
        # Chance: 9 more of 171 moves are fewer than the root of 171.
        (waiting(3), flows((20, 20), (90, 81)), 100, Course.STEADY, None),
        (waiting(97, 3), flows((10, 10), (40, 40)), 100, Course.FULL, None),
        (waiting(150), flows((0, 0), (0, 0)), 100, Course.FULL, None),
        (waiting(3), flows((2, 1), (4, 3)), 100, Course.UNKNOWN, None),
        (waiting(0), flows((0, 0), (1, 1)), 100, Course.STEADY, None),
        (waiting(3, age=16 * MINUTE), flows((9, 0), (30, 20)), 100, Course.STILL, None),
        (waiting(3, age=14 * MINUTE), flows((30, 0), (40, 20)), 100, Course.FILLING, HOUR * (97 / 120)),
        (waiting(3, age=16 * MINUTE), flows((9, 1), (30, 20)), None, Course.FILLING, None),
    ],
)
def test_where_the_queue_goes(
    now: OpenJobs, moves: Flows, limit: int | None, course: Course, until: timedelta | None
) -> None:
    ahead = queue_models.outlook(now, moves, limit)
    assert (ahead.course, ahead.until) == (course, until)


def test_a_limit_of_nothing_is_full() -> None:
    assert queue_models.outlook(waiting(0), flows((9, 9), (9, 9)), 0).course is Course.FULL


def test_the_limit_counts_what_runs_too() -> None:
    assert queue_models.free(waiting(60, 30), 100) == 10
    assert queue_models.free(waiting(60, 30), 50) == 0
