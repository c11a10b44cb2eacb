"""What the jobs of a filter have in common, told anew from the rows without SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from queries import causes, job_search
from queries.aliases import Aliases
from queries.causes import CAUSES_LIMIT, Cause
from queries.job_language import parse
from queries.job_search import Count
from queries.schema import ServiceSchema
from tests.queries import odd_jobs
from tests.queries.conftest import connect, run
from tests.queries.odd_jobs import ZONE, Row

ALIASES = Aliases("a key for tests")
Asked = tuple[Connection, ServiceSchema, Aliases]
ROWS = odd_jobs.rows()


@pytest.fixture(scope="module", params=["newer", "older"])
def asked(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], newer_template: str, older_template: str
) -> Iterator[Asked]:
    newer = request.param == "newer"
    url = new_database(newer_template if newer else older_template)
    odd_jobs.insert(url, ROWS, newer=newer)
    with connect(url) as (connection, schema):
        yield connection, schema, ALIASES


def most(values: Iterable[str | None]) -> tuple[Cause, ...]:
    ranked = sorted(Counter(value or "" for value in values).items(), key=lambda one: (-one[1], one[0].encode()))
    return tuple(Cause(*one) for one in ranked[:CAUSES_LIMIT])


def matching(asked: Asked, text: str) -> list[Row]:
    ids = job_search.matching_ids(*asked, parse(text, ZoneInfo(ZONE)), timezone=ZONE)
    by_id = {row.id: row for row in ROWS}
    return [by_id[one] for one in ids]


@pytest.mark.parametrize("text", ["", "status:failed", "error:IMAGE_*", "kind:series since:2d", "status:queued"])
def test_the_most_frequent_values(asked: Asked, text: str) -> None:
    found = causes.causes(*asked, parse(text, ZoneInfo(ZONE)), timezone=ZONE)
    rows = matching(asked, text)
    assert rows
    assert found.jobs == Count(len(rows), capped=False)
    assert found.errors == most(row.code for row in rows if row.status == "failed")
    assert found.steps == most(row.step for row in rows)
    assert found.kinds == most(row.id.split("_")[0] for row in rows)
    by_key = most(row.user_key for row in rows)
    assert found.users == tuple(Cause(ALIASES.alias(one.value), one.jobs) for one in by_key)
    called = most("p" for row in rows if row.calls)
    assert found.providers == (called if asked[1].has_ledger else None)


def test_when_the_first_and_the_last_one_failed(asked: Asked) -> None:
    found = causes.causes(*asked, parse("kind:job", ZoneInfo(ZONE)), timezone=ZONE)
    ages = [row.updated for row in matching(asked, "kind:job") if row.status == "failed"]
    assert found.first_failed_at is not None
    assert found.last_failed_at is not None
    assert found.last_failed_at - found.first_failed_at == max(ages) - min(ages) > timedelta(days=1)


def test_no_job_matches(asked: Asked) -> None:
    found = causes.causes(*asked, parse("id:nothing", ZoneInfo(ZONE)), timezone=ZONE)
    assert found.jobs == Count(0, capped=False)
    assert (found.first_failed_at, found.last_failed_at) == (None, None)
    assert (found.errors, found.steps, found.kinds, found.users) == ((), (), (), ())


def test_the_newest_ones_tell_where_there_are_too_many(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causes, "COUNT_LIMIT", 30)
    found = causes.causes(*asked, parse("", ZoneInfo(ZONE)), timezone=ZONE)
    rows = matching(asked, "")[:30]
    assert found.jobs == Count(30, capped=True)
    assert found.steps == most(row.step for row in rows)
    monkeypatch.setattr(causes, "COUNT_LIMIT", len(ROWS))
    assert causes.causes(*asked, parse("", ZoneInfo(ZONE)), timezone=ZONE).jobs == Count(len(ROWS), capped=False)


def test_only_failed_calls_accuse_a_provider(newer_url: str) -> None:
    odd_jobs.insert(newer_url, ROWS[:3], newer=True)
    columns = "event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome, units"
    calls = ((0, 1, "bad", "failed"), (0, 2, "bad", "failed"), (1, 1, "bad", "succeeded"), (1, 1, "", "failed"))
    run(newer_url, "truncate cost_events")
    for number, (job, attempt, provider, outcome) in enumerate(calls):
        values = f"'{number}', now(), '{ROWS[job].id}', {attempt}, '{provider}', 'llm', 'm', 's', '{outcome}', 1"
        run(newer_url, f"insert into cost_events ({columns}) values ({values})")  # noqa: S608
    with connect(newer_url) as (connection, schema):
        found = causes.causes(connection, schema, ALIASES, parse("", ZoneInfo(ZONE)), timezone=ZONE)
    assert found.providers == (Cause("", 1), Cause("bad", 1))


def test_what_is_not_kept_is_none(older_url: str) -> None:
    run(older_url, "alter table jobs drop error_code", "alter table jobs drop current_step")
    with connect(older_url) as (connection, schema):
        found = causes.causes(connection, schema, ALIASES, parse("", ZoneInfo(ZONE)), timezone=ZONE)
    assert (found.errors, found.steps, found.providers) == (None, None, None)
    assert found.jobs == Count(58, capped=False)
    assert "00000000-0000" not in repr(found)
