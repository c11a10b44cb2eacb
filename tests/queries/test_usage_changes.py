"""Since when there is usage, and which hours of it changed."""

from __future__ import annotations

from datetime import datetime

from queries import usage
from tests.queries.conftest import connect, run
from tests.queries.test_usage import HOUR, MINUTE, NOON, add_call, add_job, reject


def test_usage_begins_with_the_first_row_of_any_table(newer_url: str) -> None:
    def first() -> datetime | None:
        with connect(newer_url) as (connection, schema):
            return usage.first_hour(connection, schema)

    assert first() is None
    reject(newer_url, NOON, "u", 1)
    assert first() == NOON
    add_job(newer_url, "job_2", NOON - MINUTE, status="on hold")
    add_job(newer_url, "job_1", NOON)
    assert first() == NOON - HOUR
    add_call(newer_url, "e1", NOON - 2 * HOUR + MINUTE)
    assert first() == NOON - 2 * HOUR


def changed(url: str, since: datetime, until: datetime = NOON) -> list[float]:
    """The changed hours, as hours from NOON."""
    with connect(url) as (connection, schema):
        return [(hour - NOON) / HOUR for hour in usage.changed_hours(connection, schema, since, until)]


def test_a_job_that_changed_lately_changes_the_hour_of_its_creation(newer_url: str) -> None:
    for name, created in (("job_1", 2), ("job_2", 71), ("job_3", 73), ("job_4", 5)):
        add_job(newer_url, name, NOON - created * HOUR, status="on hold")
    run(
        newer_url,
        f"update jobs set updated_at = timezone('UTC', timestamptz '{NOON - MINUTE}') where id <> 'job_4'",  # noqa: S608
    )
    assert changed(newer_url, NOON - 2 * MINUTE) == [-71, -2]
    assert changed(newer_url, NOON - MINUTE) == [-71, -2]
    assert changed(newer_url, NOON - 2 * MINUTE, NOON - MINUTE) == []
    assert changed(newer_url, NOON - 6 * HOUR) == [-73, -71, -5, -2]


def test_an_old_job_with_an_event_changes_its_hour(newer_url: str) -> None:
    """As when it was retried after longer than anybody looks back."""
    add_job(newer_url, "job_1", NOON - 1000 * HOUR)
    run(
        newer_url,
        f"insert into job_events (job_id, attempt, at, event) values ('job_1', 2, '{NOON - MINUTE}', 'retried')",  # noqa: S608
    )
    assert changed(newer_url, NOON - MINUTE) == [-1000]
    assert changed(newer_url, NOON) == []


def test_late_calls_and_rejections_change_their_hours(newer_url: str) -> None:
    for number, (occurred, recorded) in enumerate(((5, 0), (7, 0), (4, 2))):
        add_call(newer_url, f"e{number}", NOON - occurred * HOUR)
        late = f"recorded_at = '{NOON - recorded * HOUR}' where event_id = 'e{number}'"
        run(newer_url, f"update cost_events set {late}")  # noqa: S608
    assert changed(newer_url, NOON - MINUTE) == [-5]
    reject(newer_url, NOON - HOUR, "u", 1)
    reject(newer_url, NOON - 2 * HOUR, "u", 1)
    assert changed(newer_url, NOON - MINUTE) == [-5, -1]
