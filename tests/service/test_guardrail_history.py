"""Who changed which limit when; the service itself where a temporary value ran out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service import clock, database, guardrail_history, guardrails, monitor
from service.database import Pool
from service.settings import Settings
from tests.service.driver import GUARDRAILS, OPERATOR, Driver, at_once, refusal
from tests.service_process import ServiceProcesses

HISTORY = f"{GUARDRAILS}/history"


def changes(driver: Driver, **asked: Any) -> list[dict[str, Any]]:
    answer = driver.admin.get(HISTORY, params=asked)
    assert answer.is_success, answer.text
    told: list[dict[str, Any]] = answer.json()["changes"]
    return told


def for_a_moment(driver: Driver, **values: Any) -> tuple[datetime, str]:
    """Set limits for half a second; when they run out, and the ETag while they hold."""
    expiry = datetime.now(UTC) + timedelta(seconds=0.5)
    answer = driver.patch(**values, expires_at=expiry.isoformat())
    assert answer.is_success, answer.text
    return expiry, answer.headers["ETag"]


def test_nothing_was_changed(idle: Driver) -> None:
    assert changes(idle) == []


def test_a_change_is_told_with_its_request(idle: Driver) -> None:
    etag = idle.admin.get(GUARDRAILS).headers["ETag"]
    expiry = datetime.now(UTC) + timedelta(hours=4)
    body = {"daily_cost_limit_usd": 99.5, "reason": "a launch", "expires_at": expiry.isoformat()}
    changed = idle.admin.patch(GUARDRAILS, json=body, headers={"If-Match": etag, "X-Request-ID": "ask-1"})
    assert changed.is_success
    (change,) = changes(idle)
    at = datetime.fromisoformat(change.pop("at"))
    assert change == {
        "id": idle.rows("select id from guardrail_history")[0]["id"],
        "limit": "daily_cost_limit_usd",
        "from": 500,
        "to": 99.5,
        "expires_at": expiry.isoformat(),
        "actor": OPERATOR,
        "reason": "a launch",
        "request_id": "ask-1",
    }
    assert at.utcoffset() == timedelta(0)
    assert timedelta(0) <= datetime.now(UTC) - at < timedelta(minutes=1)


def test_the_newest_come_first_from_an_instant_on_and_no_more_than_asked(idle: Driver) -> None:
    for value in (1, 2, 3):
        idle.limit(max_pending_jobs=value)
    assert [change["to"] for change in changes(idle)] == [3, 2, 1]
    assert [change["to"] for change in changes(idle, limit=2)] == [3, 2]
    assert [change["to"] for change in changes(idle, since=changes(idle)[1]["at"])] == [3, 2]
    assert changes(idle, since="9999-12-31T23:59:59-12:00") == []
    assert len(changes(idle, since="0001-01-01T00:00:00+14:00")) == 3


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 1001}, {"limit": "all"}, {"since": "yesterday"}])
def test_what_cannot_be_asked(idle: Driver, asked: dict[str, Any]) -> None:
    assert refusal(idle.admin.get(HISTORY, params=asked)) == (422, "invalid_request")


def test_the_history_is_the_admins(idle: Driver) -> None:
    assert refusal(idle.public.get(HISTORY)) == (401, "admin_key_invalid")


def test_a_run_out_value_is_the_services_change_though_nobody_writes(idle: Driver) -> None:
    """There is no monitor here: limits, ETag, gauge and history must agree by themselves."""
    before = idle.admin.get(GUARDRAILS).headers["ETag"]
    expiry, _ = for_a_moment(idle, max_pending_jobs=500)
    assert [change["actor"] for change in changes(idle)] == [OPERATOR]
    expired, _ = idle.wait(lambda: len(told := changes(idle)) == 2 and told, "the value to run out")
    assert (expired["from"], expired["to"], expired["actor"]) == (500, 100, "service")
    assert datetime.fromisoformat(expired["at"]) == expiry
    assert (expired["expires_at"], expired["request_id"]) == (None, None)
    assert idle.admin.get(GUARDRAILS).headers["ETag"] == before
    idle.wait_for_gauge(100, "bookgen_guardrail_limit_jobs", limit="max_pending_jobs")


def test_many_who_look_at_once_find_one_end(idle: Driver) -> None:
    expiry, _ = for_a_moment(idle, max_pending_jobs=500, max_pending_jobs_per_user=50)
    idle.wait(lambda: datetime.now(UTC) > expiry, "the values to run out")
    answers = at_once(8, lambda _: idle.admin.get(HISTORY))
    assert {len(answer.json()["changes"]) for answer in answers} == {4}


def test_what_was_decided_on_a_value_that_ran_out_is_refused(idle: Driver) -> None:
    _, etag = for_a_moment(idle, max_pending_jobs=500)
    idle.wait(lambda: idle.admin.get(GUARDRAILS).headers["ETag"] != etag, "the value to run out")
    assert refusal(idle.patch(etag, max_pending_jobs=501)) == (412, "guardrails_changed")
    assert idle.admin.get(GUARDRAILS).json()["max_pending_jobs"]["value"] == 100


def test_a_value_that_ran_out_unseen_stands_before_the_next_change(pool: Pool) -> None:
    with pool.connection() as connection:
        expiry = clock.now(connection) - timedelta(minutes=5)
        connection.execute(
            "update guardrails set temporary_value = 50, expires_at = %s where name = 'max_pending_jobs'", [expiry]
        )
        guardrails.change(
            connection, {"max_pending_jobs": 70}, if_match="*", expires_at=None, actor="ann", reason="a test"
        )
        told = guardrail_history.recent(connection, limit=10)
    assert [(change["from"], change["to"], change["actor"]) for change in told] == [
        (100, 70, "ann"),
        (50, 100, "service"),
    ]
    assert datetime.fromisoformat(told[1]["at"]) == expiry


def test_changes_that_waited_for_each_other_are_in_the_order_of_their_values(pool: Pool) -> None:
    def change(value: int) -> None:
        with pool.connection() as connection:
            guardrails.change(
                connection,
                {"max_pending_jobs": value},
                if_match="*",
                expires_at=None,
                actor="ann",
                reason="a test",
            )

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(change, range(1, 13)))
    with pool.connection() as connection:
        told = guardrail_history.recent(connection, limit=100)
        value = guardrails.read(connection)["max_pending_jobs"].value
    assert told[0]["to"] == value
    assert [change["to"] for change in told[1:]] == [change["from"] for change in told[:-1]]


def test_the_monitor_and_a_reader_write_one_end(pool: Pool, settings: Settings) -> None:
    with pool.connection() as connection:
        connection.execute(
            "update guardrails set temporary_value = 50, expires_at = now() - interval '1 min'"
            " where name = 'max_pending_jobs'"
        )
    monitor.tick(pool, settings)
    with pool.connection() as connection:
        assert len(guardrail_history.recent(connection, limit=10)) == 1


def test_a_database_of_an_earlier_release_gets_the_request_id(pool: Pool, settings: Settings) -> None:
    with pool.connection() as connection:
        connection.execute(
            "insert into guardrail_history (name, old_value, new_value, actor, reason)"
            " values ('max_pending_jobs', 100, 50, 'ann', 'before')"
        )
        connection.execute("alter table guardrail_history drop column request_id")
        connection.execute("delete from state where name = 'schema'")
    database.migrate(settings)
    with pool.connection() as connection:
        guardrails.change(
            connection,
            {"max_pending_jobs": 60},
            if_match="*",
            expires_at=None,
            actor="ann",
            reason="after",
            request_id="ask-2",
        )
        told = guardrail_history.recent(connection, limit=10)
    assert [(change["reason"], change["request_id"]) for change in told] == [("after", "ask-2"), ("before", None)]


def test_a_change_rules_in_every_process_at_once(idle: Driver, tmp_path: Path) -> None:
    """The very next request to another process meets the new limit, and its end."""
    url = idle.service.database_url
    with ServiceProcesses(url, tmp_path, workers=0, monitor=False) as service, Driver(service) as other:
        assert other.ask("one").status_code == 202
        idle.limit(daily_job_limit_per_user=1)
        assert other.ask("one").json()["error"]["details"] == {"limit": 1}
        expiry, _ = for_a_moment(other, daily_job_limit_per_user=2)
        idle.wait(lambda: datetime.now(UTC) > expiry, "the value to run out")
        assert [refusal(driver.ask("one"))[0] for driver in (idle, other)] == [429, 429]
        assert changes(idle) == changes(other)
        assert idle.admin.get(GUARDRAILS).headers["ETag"] == other.admin.get(GUARDRAILS).headers["ETag"]
        other.wait_for_gauge(1, "bookgen_guardrail_limit_jobs", limit="daily_job_limit_per_user")
