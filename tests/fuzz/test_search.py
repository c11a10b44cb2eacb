"""Whatever is typed into the search box: jobs, or words that point into the text; no key is ever repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import fields
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Connection

from dashboard import links
from dashboard.components import filters as page_filters
from dashboard.components import query_text
from queries import job_language, job_search
from queries.aliases import Aliases
from queries.filter_errors import FilterError, QualifierNotOffered
from queries.filter_suggestions import suggestions
from queries.job_filter import JobFilter
from queries.job_search import Position
from queries.schema import ServiceSchema
from tests.dashboard.conftest import Configure
from tests.fuzz import hostile
from tests.queries import filters
from tests.queries.conftest import connect, run

SEOUL = ZoneInfo("Asia/Seoul")
NAMES = st.sampled_from(
    ["", "id:", "user:", "status:", "kind:", "step:", "error:", "text:", "since:", "created:", "cost:"]
)
TERMS = st.tuples(NAMES, hostile.any_texts(), st.booleans()).map(
    lambda term: f'{term[0]}"{term[1]}"' if term[2] else f"{term[0]}{term[1]}"
)
TYPED = st.lists(TERMS | filters.near, max_size=4).map(" ".join)
# A matcher that goes back for each wildcard would not end.
FLOODS = ("*a" * 400, "a*" * 400 + "b", "*" * 900, "_%" * 400, "\\" * 901, "%a" * 400, "(a+)+$" * 100)
ROWS = """
insert into jobs (id, status, user_key, current_step, error_code, error_message)
select 'job_' || n, 'failed', 'k' || n, repeat('a', 120), repeat('a', 60), repeat('a', 300)
from generate_series(1, 500) n
"""


@pytest.fixture(scope="module")
def databases(
    new_database: Callable[[str], str], newer_template: str, older_template: str
) -> Iterator[list[tuple[Connection, ServiceSchema]]]:
    """Connections of the console to both deployments, the newer one with texts that are hard to match."""
    newer = new_database(newer_template)
    run(newer, ROWS)
    with ExitStack() as stack:
        yield [stack.enter_context(connect(url)) for url in (newer, new_database(older_template))]


@given(TYPED, filters.zones)
@hostile.examples(400)
def test_a_filter_or_where_it_is_none(typed: str, zone: ZoneInfo) -> None:
    try:
        found = job_language.parse(typed, zone)
    except FilterError as error:
        assert 0 <= error.position <= len(typed)
        assert error.position + error.length <= len(typed)
        assert "\n" not in str(error)
        return
    written = job_language.printed(found, zone)
    assert written.isprintable()
    assume(len(written) <= job_language.TEXT_LIMIT)
    assert job_language.parse(written, zone) == found


@given(TYPED, st.none() | st.integers(-5, 1_200), st.lists(hostile.texts(60).filter(bool), max_size=3))
@hostile.examples(200)
def test_what_may_come_next(typed: str, cursor: int | None, codes: list[str]) -> None:
    for one in suggestions(typed, cursor, {"error": codes}):
        assert one.label


@given(TYPED)
@hostile.examples(120)
def test_each_filter_is_a_question_that_both_deployments_answer(
    databases: list[tuple[Connection, ServiceSchema]], typed: str
) -> None:
    try:
        found = job_language.parse(typed, SEOUL)
    except FilterError:
        return
    answered(databases, found)


@given(filters.filters)
@hostile.examples(60)
def test_each_filter_there_is_likewise(
    databases: list[tuple[Connection, ServiceSchema]], wanted: JobFilter
) -> None:
    answered(databases, wanted)


@pytest.mark.parametrize("name", ["ids", "steps", "errors", "texts", "kinds", "statuses"])
@pytest.mark.parametrize("flood", FLOODS)
def test_floods_of_wildcards(databases: list[tuple[Connection, ServiceSchema]], flood: str, name: str) -> None:
    assert name in {field.name for field in fields(JobFilter)}
    answered(databases, JobFilter(**{name: (flood,)}))


def answered(databases: list[tuple[Connection, ServiceSchema]], wanted: JobFilter) -> None:
    """Within the statement time-out, and nothing but jobs; or in words why this deployment cannot tell."""
    for connection, schema in databases:
        try:
            found = job_search.search(connection, schema, Aliases("k"), wanted, timezone="Asia/Seoul", limit=5)
            counted = job_search.count(connection, schema, Aliases("k"), wanted, timezone="Asia/Seoul")
        except QualifierNotOffered:
            continue
        assert len(found) <= 5
        assert len(found) <= counted.number


@given(hostile.any_texts() | hostile.texts(60).map(lambda text: f"2026-11-23T00:00:00.000000Z_{text}"))
@hostile.examples(200)
def test_a_place_in_the_list_is_one_that_can_be_asked_for(text: str) -> None:
    place = Position.read(text)
    if place is not None:
        assert not hostile.unstorable(place.id)
        assert Position.read(str(place)) == place


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59.000000Z_x", "0001-01-01T00:00:00.000000Z_x"])
def test_a_place_at_either_end_of_the_calendar(
    databases: list[tuple[Connection, ServiceSchema]], text: str
) -> None:
    for connection, schema in databases:
        place = Position.read(text)
        job_search.search(connection, schema, Aliases("k"), JobFilter(), timezone="UTC", before=place, limit=1)


KEYS = st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_.+/=", min_size=15, max_size=60).map("9{}".format)


@given(KEYS, hostile.texts(60), st.sampled_from(["{}", "user:{}", 'user:"{}"', '"{}"']))
@hostile.examples(60)
def test_a_pasted_key_is_not_repeated(configure: Configure, key: str, beside: str, written: str) -> None:
    """Neither in what is put into the address, nor by the error that the text may be."""
    assume(page_filters.looks_like_key(key))
    configure(database_url="postgresql://127.0.0.1:1/none")
    typed = f"{' '.join(beside.replace(chr(34), '').split())} {written.format(key)}".strip()
    hidden = query_text.without_keys(typed)
    assert key not in hidden
    for text in (typed, hidden):
        try:
            job_language.parse(text, UTC)
        except FilterError as error:
            assert key not in f"{error} {error.fields}"


@given(hostile.texts(60).filter(bool))
@hostile.examples(100)
def test_a_place_after_any_job_is_found_again(job_id: str) -> None:
    place = Position(datetime(2026, 11, 23, tzinfo=UTC), job_id)
    assert Position.read(str(place)) == place


def test_the_box_takes_no_more_than_an_address_holds() -> None:
    assert job_language.TEXT_LIMIT <= links.MAX_QUERY
    assert Position.read(str(Position(datetime(2026, 11, 23, tzinfo=UTC), "job_1"))) is not None
