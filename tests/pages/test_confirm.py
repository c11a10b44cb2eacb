"""From the click to what came of it, on the real service: dry run, reason, batch, result, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from streamlit.testing.v1 import AppTest

from dashboard import connections
from dashboard.components.confirm import PENDING
from tests.dashboard.conftest import Configure
from tests.pages.screen import (
    OPERATOR,
    confirm,
    dialogs,
    ended,
    jobs,
    midday_zone,
    opened,
    press,
    run,
    select,
    table,
    words,
)
from tests.service_process import ServiceProcesses

# Running at their images without a sign for an hour, longest first; the second was retried as often as it may be.
STUCK = """
insert into jobs (id, status, progress, current_step, retry_count, user_key, created_at, updated_at)
select id, 'running', 45, 'generate_images', retries, 'key-of-a-user', at, at + 60 * age
from unnest(%(ids)s::text[], %(retries)s::int[], %(ages)s::interval[]) as new (id, retries, age),
    (select (now() at time zone 'utc') - interval '1 hour' as at) clock
"""
REASON = "the provider is back"


class Database:
    """The service's database, past the console."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        return self.connection.execute(statement.encode(), values).fetchall()

    def job(self, job_id: str) -> dict[str, Any]:
        (found,) = self.rows("select * from jobs where id = %s", job_id)
        return found

    def log(self) -> list[tuple[str, str, str | None]]:
        rows = self.rows(
            "select target_id, phase, result from ops.audit_log where id > %s and target_kind = 'job' order by id",
            self.begun,
        )
        return [(row["target_id"], row["phase"], row["result"]) for row in rows]

    def begin(self, retries: tuple[int, ...]) -> list[str]:
        """Only these jobs, and only what is logged from now on; answers their ids in the list's order."""
        self.connection.execute("delete from jobs")
        (last,) = self.rows("select coalesce(max(id), 0) as id from ops.audit_log")
        self.begun = last["id"]
        ids = [f"job_{number}_{uuid4().hex[:8]}" for number in range(len(retries))]
        ages = [f"{number} seconds" for number in range(len(retries))]
        self.connection.execute(STUCK, {"ids": ids, "retries": list(retries), "ages": ages})
        return ids


@pytest.fixture
def database(service: ServiceProcesses, configure: Configure) -> Iterator[Database]:
    """The console before the running service, whose books have prices."""
    configure(
        database_url=service.database_url,
        service_url=service.url,
        service_admin_key=service.admin_key,
        service_timezone=midday_zone(),
        price_per_image="0.04",
        price_per_llm_call="0.01",
    )
    opened_database = Database(service.database_url)
    yield opened_database
    opened_database.connection.close()


def asked(action: str, *rows: int) -> AppTest:
    """The dialog for these rows of the list."""
    return press(select(opened("stuck"), *rows), f"{action} {len(rows)}…")


def test_the_dry_run_of_a_retry(database: Database) -> None:
    ids = database.begin((0, 3, 0))
    at = asked("Retry", 0, 1, 2)
    (dialog,) = dialogs(at)
    assert dialog.proto.dialog.title == "Retry 3 jobs?"
    # From the failed step on: 55 % of 12 images at $0.04 are still to be bought, twice.
    assert "2 of 3 jobs will be retried for an estimated $0.53." in words(at)
    assert [(row["job"], row["verdict"], row["usd"], row["today"]) for row in table(at)] == [
        (ids[1], "It was retried 3 times, which is the limit.", "$0.26", 3),
        (ids[0], "will be retried", "$0.26", 3),
        (ids[2], "will be retried", "$0.26", 3),
    ]
    at.radio(key="retry-start").set_value("start")
    # A whole book: 12 images at $0.04 and 4 calls at $0.01.
    assert "2 of 3 jobs will be retried for an estimated $1.04." in words(run(at))
    assert database.log() == []


def test_the_dry_run_of_a_cancel(database: Database) -> None:
    ids = database.begin((0, 3))
    at = asked("Cancel", 0, 1)
    assert "2 of 2 jobs will be cancelled for good" in words(at)
    assert [(row["job"], row["verdict"]) for row in table(at)] == [(one, "will be cancelled") for one in ids]
    assert database.log() == []


def test_a_job_that_is_gone_since_is_named(database: Database) -> None:
    ids = database.begin((0, 0))
    at = select(opened("stuck"), 0, 1)
    database.rows("delete from jobs where id = %s returning id", ids[1])
    at = press(at, "Retry 2…")
    assert "1 job does not exist any more." in words(at)
    assert "1 of 1 job will be retried" in words(at)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("", "Give a reason: it goes into the audit log. Nothing was done."),
        (" \u202e\n\t", "Give a reason: it goes into the audit log. Nothing was done."),
        ("x" * 10_000, "The reason has 10000 characters and may have 2000. Nothing was done."),
    ],
    ids=["empty", "invisible", "10,000 characters"],
)
def test_an_unfit_reason_does_nothing(database: Database, reason: str, told: str) -> None:
    (job_id,) = database.begin((0,))
    at = confirm(asked("Retry", 0), "Retry 1 job", reason)
    assert told in words(at)
    assert len(dialogs(at)) == 1
    assert "batch" not in at.query_params
    assert database.log() == []
    assert database.job(job_id)["status"] == "running"


def test_a_retry_and_what_came_of_it(database: Database) -> None:
    ids = database.begin((0, 3, 0))
    at = asked("Retry", 0, 1, 2)
    moved = (
        "update jobs set progress = 50, updated_at = updated_at + interval '1 second' where id = %s returning id"
    )
    database.rows(moved, ids[2])
    at = ended(confirm(at, "Retry 2 jobs", REASON))
    assert len(dialogs(at)) == 0
    assert "Retry · 2 jobs · 1 done · 1 skipped" in words(at)
    results = {row["job"]: row for row in table(at, 0)}
    assert results.keys() == {ids[0], ids[2]}
    assert (results[ids[0]]["result"], results[ids[0]]["now"]) == ("done", "queued")
    assert (results[ids[2]]["result"], results[ids[2]]["now"]) == ("skipped", "running")
    assert "changed this job meanwhile: it is running now. Nothing was done." in results[ids[2]]["message"]
    assert jobs(at) == [ids[1], ids[2]]
    (event,) = database.rows(
        "select actor, detail from job_events where job_id = %s and event = 'retried'", ids[0]
    )
    assert event["detail"]["reason"] == REASON


def test_the_same_batch_again_does_nothing_twice(database: Database) -> None:
    ids = database.begin((0, 0))
    at = asked("Retry", 0, 1)
    pending = at.session_state[PENDING]
    at = ended(confirm(at, "Retry 2 jobs", REASON))
    written = database.log()
    assert sorted(written, key=str) == sorted(
        [(one, phase, result) for one in ids for phase, result in (("intent", None), ("outcome", "done"))], key=str
    )
    at.session_state[PENDING] = pending
    at = ended(confirm(run(at), "Retry 2 jobs", REASON))
    assert database.log() == written

    connections.close_runner()
    at.session_state[PENDING] = pending
    at = ended(confirm(run(at), "Retry 2 jobs", REASON))
    assert database.log() == written
    assert "Retry · 2 jobs · 2 done" in words(at)
    assert [database.job(one)["retry_count"] for one in ids] == [1, 1]


def test_a_cancel(database: Database) -> None:
    (job_id,) = database.begin((0,))
    at = ended(confirm(asked("Cancel", 0), "Cancel 1 job", "abuse"))
    assert "Cancel · 1 job · 1 done" in words(at)
    assert table(at, 0)[0]["message"] == "Cancelled: the job is cancelled."
    assert database.job(job_id)["status"] == "cancelled"
    assert "No job is stuck." in words(at)


def test_what_came_of_it_stays_readable_until_it_is_closed(database: Database) -> None:
    database.begin((0,))
    at = ended(confirm(asked("Cancel", 0), "Cancel 1 job", "abuse"))
    batch = at.query_params["batch"]
    connections.close_runner()
    later = opened("stuck", batch=batch)
    assert "Cancel · 1 job · 1 done" in words(later)
    press(later, "Close")
    assert "batch" not in later.query_params
    assert "1 done" not in words(later)


def test_a_store_that_fails_meanwhile_is_told_and_nothing_is_done(
    database: Database, configure: Configure
) -> None:
    (job_id,) = database.begin((0,))
    at = asked("Retry", 0)
    configure(store_url="postgresql://nobody@127.0.0.1:1/none")
    at = confirm(at, "Retry 1 job", REASON)
    assert "The audit log cannot be written" in words(at)
    assert "Nothing was done." in words(at)
    assert len(dialogs(at)) == 1
    assert "batch" not in at.query_params
    assert database.job(job_id)["status"] == "running"
    assert database.log() == []


def test_the_request_id_joins_page_and_log(database: Database) -> None:
    (job_id,) = database.begin((0,))
    at = ended(confirm(asked("Retry", 0), "Retry 1 job", REASON))
    (row,) = table(at, 0)
    log = database.rows("select phase, actor from ops.audit_log where request_id = %s order by id", row["request"])
    assert log == [{"phase": "intent", "actor": OPERATOR}, {"phase": "outcome", "actor": OPERATOR}]
    found = table(opened("audit_log", find=row["request"]))
    assert [(one["target"], one["what"], one["reason"]) for one in found] == [(job_id, "done", REASON)]
