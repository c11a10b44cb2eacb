"""Pages, counts, ids and files of a filter: their limits, and what a deployment must have for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from queries import job_search, users
from queries.aliases import Aliases
from queries.filter_errors import QualifierNotOffered
from queries.job_filter import JobFilter
from queries.job_language import parse
from queries.job_search import Count, Position
from queries.schema import ServiceSchema
from tests.queries import odd_jobs
from tests.queries.conftest import connect, run
from tests.queries.odd_jobs import ZONE

ALIASES = Aliases("a key for tests")
ROWS = odd_jobs.rows()

Found = tuple[Connection, ServiceSchema]


@pytest.fixture(scope="module", params=["newer", "older"])
def found(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], newer_template: str, older_template: str
) -> Iterator[Found]:
    """A deployment with the odd jobs in it."""
    newer = request.param == "newer"
    url = new_database(newer_template if newer else older_template)
    odd_jobs.insert(url, ROWS, newer=newer)
    with connect(url) as (connection, schema):
        yield connection, schema


def test_no_answer_holds_a_key(found: Found) -> None:
    answer = job_search.search(*found, ALIASES, JobFilter(), timezone=ZONE)
    assert answer
    assert not any(key in repr(answer) for key in odd_jobs.USERS)


def test_limits_are_kept(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = (*found, ALIASES, JobFilter())
    for name in ("COUNT_LIMIT", "SEARCH_LIMIT", "IDS_LIMIT", "EXPORT_LIMIT"):
        monkeypatch.setattr(job_search, name, 20)
    assert job_search.count(*asked, timezone=ZONE) == Count(20, capped=True)
    assert job_search.newer(*asked, timezone=ZONE, after=None) == 20
    assert len(job_search.search(*asked, timezone=ZONE, limit=500)) == 20
    assert len(job_search.matching_ids(*asked, timezone=ZONE, limit=500)) == 20
    assert len(job_search.export(*asked, timezone=ZONE, limit=500)) == 20
    monkeypatch.setattr(job_search, "COUNT_LIMIT", len(ROWS))
    assert job_search.count(*asked, timezone=ZONE) == Count(len(ROWS), capped=False)


@pytest.mark.parametrize(
    ("text", "qualifier", "needs"),
    [
        ("attempts:2", "attempts", "jobs.retry_count"),
        ("cost:>1", "cost", "cost_events"),
        ("step:x", "step", "jobs.current_step"),
        ("error:none", "error", "jobs.error_code"),
        ("text:x", "text", "jobs.error_message"),
    ],
)
def test_what_is_not_kept_is_said(older_url: str, text: str, qualifier: str, needs: str) -> None:
    dropped = ("current_step", "error_code", "error_message")
    run(older_url, *(f"alter table jobs drop {column}" for column in dropped))
    wanted = parse(text, ZoneInfo(ZONE))
    with connect(older_url) as (connection, schema):
        asked = (connection, schema, ALIASES, wanted)
        for question in (job_search.search, job_search.count, job_search.matching_ids, job_search.export):
            with pytest.raises(QualifierNotOffered) as caught:
                question(*asked, timezone=ZONE)
            assert caught.value.fields == {"qualifier": qualifier, "needs": needs}


def test_the_real_rows(older_url: str) -> None:
    """Counted by hand in the file."""
    numbers = {
        "": 58,
        "status:failed": 35,
        "status:failed error:none": 2,
        "error:SAFETY_*": 25,
        "status:queued,running": 6,
        'step:"완료"': 17,
        "id:job_20261123_0010*": 6,
        "since:2026-11-23T00:11 until:2026-11-23T00:12": 2,
    }
    with connect(older_url) as (connection, schema):
        for text, number in numbers.items():
            wanted = parse(text, ZoneInfo("UTC"))
            assert job_search.count(connection, schema, ALIASES, wanted, timezone="UTC").number == number, text


def test_the_index_is_known(newer_url: str, older_url: str) -> None:
    for url, found in ((newer_url, True), (older_url, False)):
        with connect(url) as (_, schema):
            assert schema.by_status is found
    run(newer_url, "drop index ix_jobs_status_created", "create index on jobs (status) include (created_at)")
    run(older_url, "create index on jobs (status, created_at desc, id)")
    for url, found in ((newer_url, False), (older_url, True)):
        with connect(url) as (_, schema):
            assert schema.by_status is found
    run(newer_url, "create index on jobs (status, created_at) where status <> 'done'")
    with connect(newer_url) as (_, schema):
        assert not schema.by_status


def test_a_job_that_changed_long_after_its_creation_is_beyond_the_lookback(newer_url: str) -> None:
    """What LOOKBACK says: no index knows when a job changed."""
    run(
        newer_url,
        "insert into jobs (id, status, user_key, created_at) select 'job_' || days, 'failed', 'u',"
        " timezone('utc', now()) - days * interval '1 day' from generate_series(2, 4) days",
    )
    with connect(newer_url) as (connection, schema):
        asked = (connection, schema, ALIASES)
        since = JobFilter(since=timedelta(hours=1))
        assert job_search.matching_ids(*asked, since, timezone=ZONE) == ("job_2", "job_3")
        assert job_search.count(*asked, JobFilter(), timezone=ZONE).number == 3


def test_an_alias_that_nobody_met_is_looked_up(found: Found) -> None:
    keys = odd_jobs.USERS[:2]
    wanted = JobFilter(users=tuple(ALIASES.alias(key) for key in keys))
    strangers = Aliases("a key for tests")
    ids = job_search.matching_ids(*found, strangers, wanted, timezone=ZONE)
    assert sorted(ids) == sorted(row.id for row in ROWS if row.user_key in keys)
    assert users.resolve(*found, strangers, "user-00000000") == 0


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-11-23T00:10:54.123456Z", "2026-13-23T00:10:54.123456Z_a", "2026-11-23T00:10:54Z_" + "x" * 61],
)
def test_what_is_no_position(text: str) -> None:
    assert Position.read(text) is None


def test_a_position_as_text() -> None:
    at = Position(datetime(2026, 11, 23, 9, 0, 0, 1, tzinfo=ZoneInfo("Asia/Seoul")), "job_1")
    assert str(at) == "2026-11-23T00:00:00.000001Z_job_1"
    assert Position.read(str(at)) == Position(at.created_at.astimezone(UTC), "job_1")
