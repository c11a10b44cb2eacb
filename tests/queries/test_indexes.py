"""Which indexes are recommended, and that following the advice ends it."""

from __future__ import annotations

import psycopg
import pytest

from queries import indexes
from queries.indexes import IndexAdvice
from tests.queries.conftest import connect, run

LARGE = (
    "insert into jobs (id, status, user_key) select 'job' || n, 'done', 'key' from generate_series(1, 100000) n"
)


def advised(url: str, jobs_table: str = "jobs") -> tuple[IndexAdvice, ...]:
    with connect(url, jobs_table) as (connection, schema):
        return indexes.advice(connection, schema)


def columns(url: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.table, each.columns) for each in advised(url)]


def follow(url: str, *advice: IndexAdvice) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for each in advice:
            connection.execute(each.statement.encode())


def test_the_newer_deployment_lacks_none(newer_url: str) -> None:
    assert advised(newer_url) == ()


def test_the_older_deployment_lacks_the_one_that_lists_need(older_url: str) -> None:
    (advice,) = advised(older_url)
    assert (advice.table, advice.columns) == ("public.jobs", ("status", "created_at"))
    assert advice.statement == (
        "create index concurrently if not exists ix_jobs_status_created_at on public.jobs (status, created_at)"
    )
    assert "whole table" in advice.speeds_up
    follow(older_url, advice)
    assert advised(older_url) == ()


def test_every_table_has_its_own(newer_url: str) -> None:
    run(
        newer_url,
        "drop index ix_jobs_status_created, ix_jobs_user_profile_created, ix_cost_events_occurred,"
        " ix_cost_events_job, ix_job_events_job, ix_job_events_at, ix_quality_checks_job",
    )
    assert columns(newer_url) == [
        ("public.jobs", ("status", "created_at")),
        ("public.jobs", ("user_key", "created_at")),
        ("public.cost_events", ("occurred_at",)),
        ("public.cost_events", ("job_id", "attempt")),
        ("public.job_events", ("job_id", "at")),
        ("public.job_events", ("at",)),
        ("public.quality_checks", ("job_id",)),
    ]
    follow(newer_url, *advised(newer_url))
    assert advised(newer_url) == ()


@pytest.mark.parametrize(
    "index",
    [
        "(status)",
        "(created_at, status)",
        "(status, updated_at, created_at)",
        "(status) include (created_at)",
        "(lower(status), created_at)",
        "(status, created_at) where status = 'failed'",
        "using brin (status, created_at)",
    ],
)
def test_what_does_not_serve(older_url: str, index: str) -> None:
    run(older_url, f"create index almost on jobs {index}")
    assert columns(older_url) == [("public.jobs", ("status", "created_at"))]


@pytest.mark.parametrize("index", ["(status, created_at desc)", "(status, created_at, user_key)"])
def test_what_serves_as_well(older_url: str, index: str) -> None:
    run(older_url, f"create index wider on jobs {index}")
    assert advised(older_url) == ()


def test_one_whose_building_broke_off_is_built_anew(older_url: str) -> None:
    run(older_url, 'create index "Broken off" on jobs (status, created_at)')
    run(older_url, "update pg_index set indisvalid = false where indexrelid = '\"Broken off\"'::regclass")
    (advice,) = advised(older_url)
    assert advice.statement == 'reindex index concurrently public."Broken off"'
    follow(older_url, advice)
    assert advised(older_url) == ()


def test_a_name_that_is_taken(older_url: str) -> None:
    run(older_url, "create index ix_jobs_status_created_at on jobs (status) where status = 'failed'")
    (advice,) = advised(older_url)
    assert "ix_jobs_status_created_at_2" in advice.statement
    follow(older_url, advice)
    assert advised(older_url) == ()


def test_odd_names_are_quoted(older_url: str) -> None:
    odd = 'Books; drop table "all" 100%'
    quoted = odd.replace('"', '""')
    run(older_url, 'create schema "order"', f'create table "order"."{quoted}" (like public.jobs)')
    advice = advised(older_url, f"order.{odd}")
    assert [each.columns for each in advice] == [("status", "created_at"), ("user_key", "created_at")]
    assert advice[0].statement.endswith(f'on "order"."{quoted}" (status, created_at)')
    follow(older_url, *advice)
    assert advised(older_url, f"order.{odd}") == ()


def test_a_view_cannot_be_indexed(older_url: str) -> None:
    run(older_url, "create view books as select * from jobs")
    assert advised(older_url, "books") == ()


def test_it_matters_where_the_table_is_large(newer_url: str) -> None:
    run(newer_url, "alter table jobs set (autovacuum_enabled = off)", "drop index ix_jobs_status_created")
    assert [each.matters for each in advised(newer_url)] == [False]
    run(newer_url, LARGE)
    (never_analysed,) = advised(newer_url)
    assert 50_000 < never_analysed.rows < 200_000
    run(newer_url, "analyze jobs")
    (advice,) = advised(newer_url)
    assert advice.matters
    assert advice.rows == pytest.approx(100_000, rel=0.05)
