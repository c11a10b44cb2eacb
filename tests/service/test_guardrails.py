"""Limits: reading, changing, expiring, and being enforced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service import admission
from service.admission import Order, Rejected, seconds_to_tomorrow
from service.database import Pool
from service.settings import Settings
from tests.service.driver import GUARDRAILS, Driver, at_once, refusal


def test_every_limit_is_listed_with_its_default(idle: Driver) -> None:
    limits = idle.admin.get(GUARDRAILS).json()
    assert {name: (limit["value"], limit["default"]) for name, limit in limits.items()} == {
        "daily_job_limit_per_user": (20, 20),
        "max_pending_jobs": (100, 100),
        "max_pending_jobs_per_user": (10, 10),
        "daily_generation_budget": (0, 0),
        "daily_cost_limit_usd": (500, 500),
    }
    assert all(limit["min"] <= limit["value"] <= limit["max"] for limit in limits.values())


def test_a_change_is_kept_and_remembered(idle: Driver) -> None:
    before = idle.admin.get(GUARDRAILS).headers["ETag"]
    answer = idle.patch(before, max_pending_jobs=50, daily_cost_limit_usd=99.5)
    assert answer.json() == idle.admin.get(GUARDRAILS).json()
    assert answer.headers["ETag"] == idle.admin.get(GUARDRAILS).headers["ETag"] != before
    assert answer.json()["daily_cost_limit_usd"]["value"] == 99.5
    history = idle.rows("select name, old_value, new_value, actor, reason from guardrail_history order by name")
    assert [tuple(map(str, row.values())) for row in history] == [
        ("daily_cost_limit_usd", "500", "99.5", "ann@example.org", "a test"),
        ("max_pending_jobs", "100", "50", "ann@example.org", "a test"),
    ]


def test_two_operators_at_once_one_wins(idle: Driver) -> None:
    etag = idle.admin.get(GUARDRAILS).headers["ETag"]
    answers = at_once(4, lambda number: idle.patch(etag, max_pending_jobs=number + 1))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    winner = next(answer for answer in answers if answer.is_success)
    assert idle.admin.get(GUARDRAILS).json() == winner.json()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"max_pending_jobs": -1}, "out_of_range"),
        ({"max_pending_jobs": 10_001}, "out_of_range"),
        ({"max_pending_jobs": 2.5}, "not_a_number"),
        ({"max_pending_jobs": "50"}, "not_a_number"),
        ({"max_pending_jobs": True}, "not_a_number"),
        ({"max_pending_jobs": 50, "daily_cost_limit_usd": 1e300}, "out_of_range"),
        ({"no_such_limit": 1}, "unknown_limit"),
        ({}, "nothing_to_change"),
        ({"max_pending_jobs": 50, "reason": "  "}, "invalid_request"),
        ({"max_pending_jobs": 50, "reason": "x" * 10_000}, "invalid_request"),
        ({"max_pending_jobs": 50, "expires_at": "2020-01-01T00:00:00Z"}, "expiry_in_the_past"),
        ({"max_pending_jobs": 50, "expires_at": "9999-12-31T23:59:59-12:00"}, "expiry_too_late"),
        ({"max_pending_jobs": 50, "expires_at": "soon"}, "invalid_request"),
    ],
)
def test_a_bad_change_changes_nothing(idle: Driver, body: dict[str, Any], code: str) -> None:
    before = idle.admin.get(GUARDRAILS)
    assert refusal(idle.patch(**body)) == (422, code)
    after = idle.admin.get(GUARDRAILS)
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])


@pytest.mark.parametrize(
    ("name", "sent", "told"),
    [
        ("max_pending_jobs", "10001", 10_001),
        ("max_pending_jobs", "-1", -1),
        ("daily_cost_limit_usd", "100000.5", 100_000.5),
        ("daily_cost_limit_usd", "1e300", "1e+300"),
        ("daily_cost_limit_usd", "1e400", "inf"),
        ("daily_cost_limit_usd", "NaN", "nan"),
        ("max_pending_jobs", "1" + "0" * 400, "1" + "0" * 19),
    ],
)
def test_out_of_range_names_the_bounds_and_what_was_sent(idle: Driver, name: str, sent: str, told: Any) -> None:
    limit = idle.admin.get(GUARDRAILS).json()[name]
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    answer = idle.admin.patch(GUARDRAILS, content=f'{{"{name}": {sent}, "reason": "a test"}}', headers=headers)
    assert refusal(answer) == (422, "out_of_range")
    bounds = {"limit": name, "min": limit["min"], "max": limit["max"], "value": told}
    assert answer.json()["error"]["details"] == bounds
    assert answer.json()["detail"] == f"{name} may be {limit['min']} to {limit['max']}, not {told}."


def test_a_change_needs_the_state_it_was_decided_on(idle: Driver) -> None:
    answer = idle.admin.patch(GUARDRAILS, json={"max_pending_jobs": 50, "reason": "a test"})
    assert refusal(answer) == (428, "if_match_required")
    assert refusal(idle.patch('"outdated"', max_pending_jobs=50)) == (412, "guardrails_changed")


def test_a_temporary_limit_reverts_by_itself(idle: Driver) -> None:
    expiry = datetime.now(UTC) + timedelta(seconds=1.5)
    raised = idle.patch(max_pending_jobs=500, expires_at=expiry.isoformat())
    limit = raised.json()["max_pending_jobs"]
    assert (limit["value"], limit["reverts_to"]) == (500, 100)
    assert datetime.fromisoformat(limit["expires_at"]) == expiry
    idle.wait(lambda: idle.admin.get(GUARDRAILS).json()["max_pending_jobs"]["value"] == 100, "the limit to revert")
    assert datetime.now(UTC) >= expiry
    assert idle.admin.get(GUARDRAILS).headers["ETag"] != raised.headers["ETag"]
    assert idle.admin.get(GUARDRAILS).json()["max_pending_jobs"]["expires_at"] is None


def test_at_the_daily_limit_exactly_so_many_of_many_at_once_get_in(idle: Driver) -> None:
    idle.limit(daily_job_limit_per_user=3)
    before = idle.metric("bookgen_guardrail_rejections_total", limit="daily_job_limit_per_user") or 0
    answers = at_once(12, lambda _: idle.ask("greedy"))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 9
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "daily_limit_exceeded"
    assert 0 < int(refused.headers["Retry-After"]) <= 86_401
    assert len(idle.rows("select 1 from jobs")) == 3
    assert idle.ask("modest").status_code == 202
    assert idle.metric("bookgen_guardrail_rejections_total", limit="daily_job_limit_per_user") == before + 9


def test_pending_limits(idle: Driver) -> None:
    idle.limit(max_pending_jobs=3, max_pending_jobs_per_user=2)
    assert [idle.ask("one").status_code for _ in range(2)] == [202, 202]
    assert refusal(idle.ask("one")) == (429, "too_many_pending_jobs")
    assert idle.ask("two").status_code == 202
    overloaded = idle.ask("three")
    assert refusal(overloaded) == (503, "system_overloaded")
    assert overloaded.headers["Retry-After"] == "30"


def test_failed_jobs_count_toward_the_day_and_yesterdays_do_not(idle: Driver) -> None:
    idle.limit(daily_job_limit_per_user=2)
    idle.insert("job_failed", "failed", user_key="unlucky")
    idle.insert("job_yesterday", "done", user_key="unlucky", created=86_400)
    assert idle.ask("unlucky").status_code == 202
    assert refusal(idle.ask("unlucky")) == (429, "daily_limit_exceeded")


def test_the_services_budgets(idle: Driver) -> None:
    idle.limit(daily_generation_budget=1)
    assert idle.ask("one").status_code == 202
    assert refusal(idle.ask("two")) == (429, "service_budget_exceeded")
    idle.limit(daily_generation_budget=0, daily_cost_limit_usd=10)
    idle.database.execute(
        "insert into cost_events (event_id, occurred_at, attempt, provider, kind, model, step, outcome, units,"
        " cost_usd) values ('a', now(), 1, 'p', 'llm', 'm', 's', 'failed', 1, 10),"
        " ('b', now(), 1, 'p', 'llm', 'm', 's', 'failed', 1, null)"
    )
    assert refusal(idle.ask("two")) == (429, "service_budget_exceeded")
    idle.limit(daily_cost_limit_usd=10.5)
    assert idle.ask("two").status_code == 202


def test_the_emergency_switch(idle: Driver) -> None:
    closed = idle.admin.put("/v1/admin/intake", json={"accepting": False, "reason": "costs"})
    assert closed.json()["changed_by"] == "ann@example.org"
    assert refusal(idle.ask("one")) == (503, "intake_closed")
    idle.wait_for_gauge(0, "bookgen_intake_open")
    assert idle.admin.get("/v1/admin/intake").json() == closed.json()
    idle.admin.put("/v1/admin/intake", json={"accepting": True, "reason": "mended"})
    assert idle.ask("one").status_code == 202


def test_the_limits_day_is_the_services() -> None:
    seoul = Settings(database_url="postgresql://", timezone="Asia/Seoul")
    before_midnight = datetime(2026, 11, 22, 14, 59, 30, tzinfo=UTC).astimezone(seoul.zone)
    assert seconds_to_tomorrow(before_midnight) == 31
    longer_day = Settings(database_url="postgresql://", timezone="Europe/Berlin")
    summer_ends = datetime(2026, 10, 25, 0, 0, tzinfo=longer_day.zone)
    assert seconds_to_tomorrow(summer_ends) == 25 * 3600 + 1


def test_only_the_services_day_counts(pool: Pool, settings: Settings) -> None:
    """One second before midnight in Seoul was yesterday there, and may be today elsewhere."""
    seoul = settings.model_copy(update={"timezone": "Asia/Seoul"})
    midnight = datetime.now(seoul.zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)

    def admitted() -> str:
        with pool.connection() as connection:
            return admission.admit(connection, seoul, Order("user", None, None, "0" * 32, {}))

    with pool.connection() as connection:
        connection.execute("update guardrails set value = 2 where name = 'daily_job_limit_per_user'")
        for second in (-1, 0):
            created = (midnight + timedelta(seconds=second)).replace(tzinfo=None)
            connection.execute(
                "insert into jobs (id, status, user_key, created_at) values (%s, 'failed', 'user', %s)",
                [f"job_{second}", created],
            )
    assert admitted().startswith("job_")
    with pytest.raises(Rejected) as rejected:
        admitted()
    assert rejected.value.limit == "daily_job_limit_per_user"
