"""What is there is found, whatever it is called; what is not is not offered or said in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from queries import costs, jobs, queue, step_times, stuck
from queries.aliases import Aliases
from queries.errors import DatabaseError, DatabaseForbidden, MissingColumn, MissingTable
from queries.models import MoneySource, PriceList, StuckRules
from tests.queries.conftest import connect, run

ROW = "insert into jobs (id, status, user_key) values ('job_1', 'queued', 'somebody')"


def test_the_newer_deployment(newer_url: str) -> None:
    with connect(newer_url) as (_, schema):
        assert schema.has_ledger
        assert schema.has_job_events
        assert schema.has_quality_checks
        assert schema.naive
        assert schema.has("last_retry_at")
        assert not schema.has("colour")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("books", "alter table jobs rename to books"),
        ("public.jobs", "select 1"),
        ("Book Jobs", 'alter table jobs rename to "Book Jobs"'),
        ("jobs.v2", 'alter table jobs rename to "jobs.v2"'),
        ('say "jobs"', 'alter table jobs rename to "say ""jobs"""'),
        ("work.jobs", "create schema work; alter table jobs set schema work"),
        ("open_jobs", "create view open_jobs as select * from jobs"),
        ("open_jobs", "create materialized view open_jobs as select * from jobs"),
        ("select", 'alter table jobs rename to "select"'),
    ],
)
def test_other_names_and_views(newer_url: str, name: str, change: str) -> None:
    run(newer_url, ROW, change)
    with connect(newer_url, name) as (connection, schema):
        assert queue.open_jobs(connection, schema).queued == 1
        assert jobs.get(connection, schema, Aliases("k"), "job_1") is not None
        assert schema.has_ledger == (name != "work.jobs")


@pytest.mark.parametrize("name", ["nowhere", "no.where", "", ".", "jobs; drop table jobs", '"', "a" * 500])
def test_a_table_that_is_not_there(newer_url: str, name: str) -> None:
    with pytest.raises(MissingTable, match="OPS_JOBS_TABLE"), connect(newer_url, name):
        pass


@pytest.mark.parametrize("column", ["id", "status", "user_key", "created_at", "updated_at"])
def test_a_required_column_that_is_not_there(newer_url: str, column: str) -> None:
    run(newer_url, f"alter table jobs rename {column} to something_else")
    with pytest.raises(MissingColumn, match=f"table jobs has no column {column}"), connect(newer_url):
        pass


def test_times_that_are_no_times(newer_url: str) -> None:
    run(newer_url, "alter table jobs alter updated_at drop default, alter updated_at type text")
    with pytest.raises(DatabaseError, match="updated_at is text"), connect(newer_url):
        pass


OPTIONAL = ("progress", "current_step", "error_code", "error_message", "retry_count", "last_retry_at", "trace_id")


def test_nothing_but_what_is_required(newer_url: str) -> None:
    run(
        newer_url,
        "alter table jobs " + ", ".join(f"drop {name}" for name in OPTIONAL),
        "drop table cost_events, job_events, quality_checks",
        "insert into jobs (id, status, user_key, created_at, updated_at)"
        " select status || n, status, 'u', now() - interval '1 hour', now() - interval '40 minutes'"
        " from unnest(array['queued', 'running', 'failed', 'done']) status, generate_series(1, 2) n",
    )
    prices = PriceList()
    with connect(newer_url) as (connection, schema):
        assert stuck.find(connection, schema, Aliases("k"), StuckRules(), {"any": timedelta(1)}).total == 4
        assert step_times.usual(connection, schema) == {}
        job = jobs.get(connection, schema, Aliases("k"), "failed1")
        assert job is not None
        assert (job.progress, job.step, job.error_code) == (None, None, None)
        assert jobs.outcomes(connection, schema, timedelta(hours=1)).failed == 2
        assert jobs.failures_by_code(connection, schema, timedelta(hours=1)) == (("", 2),)
        assert costs.spent_today(connection, schema, prices, "UTC").source is MoneySource.NONE
        assert costs.retry_estimates(connection, schema, prices, ["failed1"], "failed_step") == {"failed1": None}


@pytest.fixture
def reader_url(newer_url: str) -> Iterator[str]:
    run(newer_url, "create role reader login", "grant select on jobs to reader")
    yield newer_url.replace("postgres@", "reader@")
    run(newer_url, "drop owned by reader", "drop role reader")


def test_optional_tables_that_may_not_be_read_are_not_offered(reader_url: str, newer_url: str) -> None:
    with connect(reader_url) as (_, schema):
        assert not (schema.has_ledger or schema.has_job_events or schema.has_quality_checks)
    run(newer_url, "grant select on cost_events to reader")
    with connect(reader_url) as (_, schema):
        assert schema.has_ledger


def test_a_ledger_with_other_columns_is_not_offered(newer_url: str) -> None:
    run(newer_url, "alter table cost_events rename cost_usd to cost_eur")
    with connect(newer_url) as (_, schema):
        assert not schema.has_ledger


def test_columns_that_may_not_be_read(reader_url: str, newer_url: str) -> None:
    run(
        newer_url,
        "revoke select on jobs from reader",
        "grant select (id, status, user_key, created_at, updated_at, progress) on jobs to reader",
    )
    with connect(reader_url) as (connection, schema):
        assert schema.has("progress")
        assert not schema.has("error_code")
        assert queue.open_jobs(connection, schema).queued == 0
    run(newer_url, "revoke select (user_key) on jobs from reader")
    with pytest.raises(DatabaseForbidden, match="column user_key of table jobs"), connect(reader_url):
        pass


def test_a_column_that_goes_away_while_we_look(newer_url: str) -> None:
    with pytest.raises(MissingColumn, match="error_message"), connect(newer_url) as (connection, schema):
        run(newer_url, "alter table jobs drop error_message")
        jobs.get(connection, schema, Aliases("k"), "job_1")
