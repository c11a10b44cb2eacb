"""A job's page on other deployments, with sources that are down, and with texts from outside."""

from __future__ import annotations

import psycopg

from tests.dashboard.conftest import Configure
from tests.pages.job_rows import JOB, TABLES, add, panel
from tests.pages.screen import button, opened, refreshed, words
from tests.pages.test_bad_input import HOSTILE, uninterpreted
from tests.queries import conftest as database


def test_a_deployment_that_keeps_nothing_but_the_row(newer: str) -> None:
    add(newer, story=False)
    database.run(
        newer, f"drop table {', '.join(TABLES)}", "alter table jobs drop moderation_input, drop moderation_output"
    )
    at = opened("job", job=JOB)
    told = words(at)
    assert "This service keeps no job events: this is all that the row of the job tells." in told
    assert [row["what"] for row in panel(at, "ago")] == [
        "ordered", "retried for the last time", "failed at generate_images, 45 % done",
    ]  # fmt: skip
    assert "Not known: this service keeps no ledger, and no prices are set to estimate it by." in told
    assert "Not offered by this service: it keeps no quality checks." in told
    assert "Not offered by this service: it keeps no moderation." in told
    assert len(at.warning) == 0


def test_a_job_older_than_its_services_records(newer: str) -> None:
    add(newer, story=False)
    told = words(opened("job", job=JOB))
    assert "No event of this job is kept: this is all that its row tells." in told
    assert "No provider call of this job is in the ledger." in told


def test_without_a_ledger_money_is_estimated(newer: str, configure: Configure) -> None:
    add(newer, story=False)
    database.run(newer, "drop table cost_events")
    configure(price_per_image="0.04", price_per_llm_call="0.01")
    # 45 % of 12 images, and all 4 calls
    assert "$0.26 estimated from the price list, for the latest attempt." in words(opened("job", job=JOB))


def test_the_older_deployment(hanging: str) -> None:
    with psycopg.connect(hanging) as connection:
        ids = [row[0] for row in connection.execute("select id from jobs order by id")]
    for job_id in ids[:3] + ids[-3:]:
        at = opened("job", job=job_id)
        assert len(at.warning) == 0
        assert "This service keeps no job events" in words(at)
        assert "not told" in [text.value for text in at.text]


def test_times_with_a_zone(newer: str) -> None:
    add(newer)
    columns = ("created_at", "updated_at", "last_retry_at")
    changes = ", ".join(f"alter {one} type timestamptz using {one} at time zone 'utc'" for one in columns)
    database.run(newer, "alter table jobs alter created_at drop default, alter updated_at drop default",
                 f"alter table jobs {changes}")  # fmt: skip
    assert "Failed 41 min ago at generate_images after 2 attempts" in words(opened("job", job=JOB))


def test_without_the_own_store_only_the_log_is_missing(newer: str) -> None:
    add(newer)
    database.run(newer, "drop schema ops cascade")
    at = opened("job", job=JOB)
    assert "Failed 41 min ago" in words(at)
    assert "$1.50 in all" in words(at)
    assert button(at, "Retry…").disabled
    (warning,) = at.warning
    assert warning.value.startswith("Audit log cannot be shown now.")


def test_without_the_database_the_log_still_tells(newer: str, configure: Configure) -> None:
    add(newer)
    configure(database_url="postgresql://nobody@127.0.0.1:1/none", store_url=newer)
    at = opened("job", job=JOB)
    (warning,) = at.warning
    assert warning.value.startswith("The job cannot be shown now.")
    assert "Nobody did anything to this job from here." in words(at)
    assert "There is no job of this id." not in words(at)
    configure(database_url=newer)
    assert "Failed 41 min ago" in words(refreshed(at))


def test_a_ledger_that_may_not_be_read_takes_nothing_else_along(newer: str) -> None:
    add(newer)
    database.run(newer, "alter table cost_events rename to kept", "create view cost_events as select event_id,"
                 " occurred_at, job_id, attempt, 1 / (attempt - attempt) || '' as provider, kind, step, outcome,"
                 " cost_usd from kept")  # fmt: skip
    at = opened("job", job=JOB)
    (warning,) = at.warning
    assert warning.value.startswith("Money cannot be shown now.")
    assert panel(at, "began")


def test_hostile_rows_are_shown_as_text(newer: str) -> None:
    add(newer)
    quoted = HOSTILE.replace("'", "''")
    database.run(
        newer,
        f"update jobs set current_step = '{quoted}', error_message = '{quoted}' || repeat('x', 150)",  # noqa: S608
        f"update jobs set error_code = left('{quoted}', 60), trace_id = '<script>x</script>'",  # noqa: S608
        f"update job_events set detail = json_build_object('step', '{quoted}', '<b>', '{quoted}')",  # noqa: S608
        f"update job_events set actor = '{quoted}'",  # noqa: S608
        f"update job_events set event = left('{quoted}', 20) where event = 'failed'",  # noqa: S608
        f"update cost_events set step = '{quoted}', provider = left('{quoted}', 40)",  # noqa: S608
        f"update jobs set moderation_input = json_build_object('{quoted}', '{quoted}')",  # noqa: S608
        'insert into quality_checks (job_id, "check", score, passed, detail)'  # noqa: S608
        f" values ('{JOB}', left('{quoted}', 40), 0.5, false, '{quoted}')",
    )
    at = opened("job", job=JOB)
    uninterpreted(at)
    assert HOSTILE in [row["what"] for row in panel(at, "began")]
    assert any(text.value == HOSTILE for text in at.text)
