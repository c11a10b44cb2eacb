"""The failure matrix counts what the list counts; what is new or rising; failures over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from queries import failures, job_search
from queries.aliases import Aliases
from queries.failures import WINDOWS, FailureMatrix, FailureRow
from queries.filter_errors import QualifierNotOffered
from queries.job_filter import JobFilter, exactly
from queries.job_language import parse
from queries.schema import ServiceSchema
from tests.queries import odd_jobs
from tests.queries.conftest import connect, run, set_clock
from tests.queries.odd_jobs import ZONE

ALIASES = Aliases("a key for tests")
USER = ALIASES.alias(odd_jobs.USERS[0])
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING = JobFilter()

Asked = tuple[Connection, ServiceSchema, Aliases]


@pytest.fixture(scope="module", params=["newer", "aware", "older"])
def asked(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], newer_template: str, older_template: str
) -> Iterator[Asked]:
    newer = request.param != "older"
    url = new_database(newer_template if newer else older_template)
    odd_jobs.insert(url, odd_jobs.rows(), newer=newer)
    if request.param == "aware":
        odd_jobs.aware(url)
    with connect(url) as (connection, schema):
        yield connection, schema, ALIASES


def matrix(asked: Asked, wanted: JobFilter = NOTHING, zone: str = ZONE) -> FailureMatrix:
    return failures.matrix(*asked, wanted, timezone=zone)


@contextmanager
def rows_of(url: str) -> Iterator[Asked]:
    with connect(url) as (connection, schema):
        yield connection, schema, ALIASES


FILTERS = (
    "",
    "status:done error:LLM_TIMEOUT since:1h until:2h",
    f"user:{USER}",
    "kind:series",
    "step:a*b text:timed",
    "id:*0",
    "created:>=3d",
    "created:>=00:00",
    "attempts:>=2 cost:>0",
)


@pytest.mark.parametrize("text", FILTERS)
@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns"])
def test_every_cell_is_what_the_list_counts(asked: Asked, text: str, zone: str) -> None:
    wanted = parse(text, ZoneInfo(zone))
    if wanted.attempts and not asked[1].has("retry_count"):
        with pytest.raises(QualifierNotOffered):
            matrix(asked, wanted, zone)
        return
    answer = matrix(asked, wanted, zone)
    assert answer.rows
    assert (answer.others, answer.other_codes) == ((0,) * len(WINDOWS), 0)
    for row in answer.rows:
        for window, number in zip(WINDOWS, row.counts, strict=True):
            cell = replace(wanted, statuses=("failed",), errors=(exactly(row.code),), since=window, until=None)
            assert job_search.count(*asked, cell, timezone=zone).number == number, (row.code, window)
    for window, total in zip(WINDOWS, answer.totals, strict=True):
        every = replace(wanted, statuses=("failed",), errors=(), since=window, until=None)
        assert job_search.count(*asked, every, timezone=zone).number == total


def test_rows_are_in_order_and_whole(asked: Asked) -> None:
    answer = matrix(asked)
    codes = [row.code for row in answer.rows]
    assert len(set(codes)) == len(codes) > 8
    assert "" in codes
    assert {row.code for row in answer.rows if row.refusal} == {"SAFETY_INPUT"}
    ranks = [(-row.counts[2], -row.counts[4], row.code.encode()) for row in answer.rows]
    assert ranks == sorted(ranks)
    assert all(list(row.counts) == sorted(row.counts) for row in answer.rows)
    assert abs(answer.now - datetime.now(UTC)) < HOUR


def test_the_codes_beyond_the_limit_are_summed(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = matrix(asked)
    monkeypatch.setattr(failures, "CODES_LIMIT", 3)
    cut = matrix(asked)
    assert cut.rows == whole.rows[:3]
    assert cut.other_codes == len(whole.rows) - 3
    assert cut.totals == whole.totals
    monkeypatch.setattr(failures, "CODES_LIMIT", len(whole.rows))
    assert matrix(asked).rows == whole.rows
    assert matrix(asked).other_codes == 0


def test_nothing_failed(newer_url: str) -> None:
    with rows_of(newer_url) as asked:
        answer = matrix(asked)
    assert (answer.rows, answer.totals) == ((), (0,) * len(WINDOWS))
    assert abs(answer.now - datetime.now(UTC)) < HOUR


def test_without_error_codes_it_is_not_offered(older_url: str) -> None:
    run(older_url, "alter table jobs drop error_code")
    with rows_of(older_url) as asked, pytest.raises(QualifierNotOffered):
        matrix(asked)


def test_the_real_rows(older_url: str) -> None:
    """Counted by hand: at 00:13 all 35 had failed within the hour, and nothing before."""
    set_clock(older_url, "2026-11-23 00:13:00")
    with rows_of(older_url) as asked:
        answer = matrix(asked)
    day = {row.code: row.counts[2] for row in answer.rows}
    assert day == {"SAFETY_INPUT": 25, "SLA_BREACH": 3, "UNKNOWN": 3, "": 2, "LLM_JSON_INVALID": 2}
    assert answer.totals[2:] == (35, 35, 35)
    assert all(row.new for row in answer.rows)


# Numbers of 1 h, 3 h, 24 h, 3 d, 7 d.
@pytest.mark.parametrize(
    ("counts", "new", "rising"),
    [
        ((0, 0, 0, 0, 0), False, False),
        ((1, 1, 1, 1, 1), True, False),  # one is chance
        ((4, 4, 4, 4, 4), True, False),
        ((5, 5, 5, 5, 5), True, True),
        ((5, 5, 5, 5, 6), False, True),
        ((0, 0, 7, 7, 7), True, False),
        ((0, 0, 0, 7, 7), False, False),
        ((10, 30, 240, 720, 1680), False, False),  # as ever
        ((19, 39, 249, 729, 1689), False, False),  # less than twice as many
        ((21, 41, 251, 731, 1691), False, True),
        ((2, 9, 20, 60, 140), False, True),  # the last three hours
        ((5, 7, 50, 150, 350), False, False),  # e is 2: more than twice, and still chance
        ((1000, 1000, 1000, 1000, 1000), True, True),
    ],
)
def test_new_and_rising(counts: tuple[int, ...], new: bool, rising: bool) -> None:
    row = FailureRow("IMAGE_TIMEOUT", counts)
    assert (row.new, row.rising) == (new, rising)


def test_buckets_have_no_gaps_and_add_up(asked: Asked) -> None:
    for text in ("", "status:failed", "error:IMAGE_* status:failed", f"user:{USER}"):
        wanted = parse(text, ZoneInfo(ZONE))
        buckets = failures.failures_by_bucket(*asked, wanted, timezone=ZONE, since=DAY, bucket=HOUR)
        assert len(buckets) == 25
        assert {later.start - earlier.start for earlier, later in pairwise(buckets)} == {HOUR}
        whole = replace(wanted, since=buckets[0].start)
        assert sum(bucket.jobs for bucket in buckets) == job_search.count(*asked, whole, timezone=ZONE).number > 0
        for bucket in buckets[::6]:
            cell = replace(wanted, since=bucket.start, until=bucket.start + HOUR)
            # Lookback: buckets know jobs that are older than the cell's own filter reaches.
            assert bucket.jobs >= job_search.count(*asked, cell, timezone=ZONE).number


def test_the_filters_own_limits_hold_within_the_buckets(asked: Asked) -> None:
    wanted = parse("status:failed since:3h", ZoneInfo(ZONE))
    buckets = failures.failures_by_bucket(*asked, wanted, timezone=ZONE, since=DAY, bucket=HOUR)
    assert sum(bucket.jobs for bucket in buckets) == job_search.count(*asked, wanted, timezone=ZONE).number > 0
    assert not any(bucket.jobs for bucket in buckets[:20])
