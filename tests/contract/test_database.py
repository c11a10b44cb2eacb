"""Contract, section 1: the database."""

from __future__ import annotations

import pytest

from tests.contract.conftest import Subject

REQUIRED = {"id", "status", "user_key", "created_at", "updated_at"}
TIMESTAMPS = {"timestamp without time zone", "timestamp with time zone"}
STATUSES = {"queued", "running", "done", "failed", "cancelled"}
CHECKS = {
    "forbidden_content",
    "text_length",
    "repetition",
    "vocabulary_diversity",
    "character_consistency",
    "placeholder_images",
}
EVENTS = {"created", "started", "step", "progress", "retried", "cancelled", "recovered", "failed", "done"}
LEDGER = {
    "event_id": "text",
    "occurred_at": "timestamp with time zone",
    "recorded_at": "timestamp with time zone",
    "job_id": None,
    "attempt": "integer",
    "user_key": None,
    "provider": None,
    "kind": None,
    "model": None,
    "step": None,
    "outcome": None,
    "units": "numeric",
    "cost_usd": "numeric",
}


def columns(subject: Subject, table: str) -> dict[str, str]:
    """Name and type of each column; {} where there is no such table."""
    rows = subject.rows(
        "select a.attname as name, format_type(a.atttypid, null) as type from pg_attribute a"
        " where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped",
        table,
    )
    return {row["name"]: row["type"] for row in rows}


def offered(subject: Subject, table: str) -> dict[str, str]:
    found = columns(subject, table)
    if not found:
        pytest.skip(f"{table} is not offered by this service")
    return found


def test_jobs_has_what_the_console_cannot_do_without(subject: Subject) -> None:
    found = columns(subject, "jobs")
    assert set(found) >= REQUIRED
    assert {found["created_at"], found["updated_at"]} <= TIMESTAMPS
    key = subject.rows(
        "select a.attname from pg_index i"
        " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)"
        " where i.indrelid = to_regclass('jobs') and i.indisprimary"
    )
    assert key == [{"attname": "id"}]


def test_statuses_are_the_contracts(subject: Subject) -> None:
    statuses = {row["status"] for row in subject.rows("select distinct status from jobs")}
    assert statuses <= STATUSES


def test_times_are_utc(subject: Subject) -> None:
    """A naive column written in local time lies in the future, or hours in the past, of the database's clock."""
    late = subject.rows(
        "select count(*) as jobs from jobs where created_at > updated_at"
        " or updated_at::timestamp > (now() at time zone 'utc') + interval '1 minute'"
    )
    assert late == [{"jobs": 0}]


def test_progress_is_a_percentage(subject: Subject) -> None:
    if "progress" not in columns(subject, "jobs"):
        pytest.skip("progress is not offered by this service")
    assert subject.rows("select 1 from jobs where progress not between 0 and 100 limit 1") == []


def test_the_ledger(subject: Subject) -> None:
    found = offered(subject, "cost_events")
    assert set(LEDGER) <= set(found)
    assert {name: found[name] for name, kind in LEDGER.items() if kind} == {
        name: kind for name, kind in LEDGER.items() if kind
    }
    wrong = subject.rows(
        "select 1 from cost_events where kind not in ('llm', 'image', 'tts', 'storage')"
        " or outcome not in ('succeeded', 'failed') or cost_usd < 0 or attempt < 1 limit 1"
    )
    assert wrong == []


def test_quality_checks(subject: Subject) -> None:
    assert {"job_id", "checked_at", "check", "score", "passed", "detail"} <= set(
        offered(subject, "quality_checks")
    )
    wrong = subject.rows("select 1 from quality_checks where score not between 0 and 1 limit 1")
    assert wrong == []
    checks = {row["check"] for row in subject.rows('select distinct "check" from quality_checks')}
    assert checks <= CHECKS


def test_job_events(subject: Subject) -> None:
    found = offered(subject, "job_events")
    assert {"job_id", "attempt", "at", "event", "detail", "actor"} <= set(found)
    assert found["detail"] in {"json", "jsonb"}
    events = {row["event"] for row in subject.rows("select distinct event from job_events")}
    assert events <= EVENTS


def test_refusals_at_the_door(subject: Subject) -> None:
    """Where the service tells them by user: whole hours, each user and guardrail once in each."""
    found = offered(subject, "guardrail_rejections")
    assert {"hour", "user_key", "guardrail", "requests", "last_at"} <= set(found)
    assert {found["hour"], found["last_at"]} == {"timestamp with time zone"}
    wrong = subject.rows(
        "select 1 from guardrail_rejections where requests < 1 or hour <> date_trunc('hour', hour, 'UTC')"
        " or last_at < hour or last_at >= hour + interval '1 hour' limit 1"
    )
    assert wrong == []
    twice = "select 1 from guardrail_rejections group by hour, user_key, guardrail having count(*) > 1 limit 1"
    assert subject.rows(twice) == []
