"""The verbs on a job: what reaches the service, and what the audit log holds of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from actions import jobs
from actions.audit import Door
from actions.client import ServiceClient
from actions.errors import (
    AlreadyPerformed,
    NotRecorded,
    PermissionDenied,
    ReadOnly,
    ReasonMissing,
    ServiceUnavailable,
    StateChanged,
)
from queries import acknowledgements
from queries.audit_models import Acknowledgement, Result
from tests.actions.conftest import OPERATOR, VIEWER, Rows, job
from tests.actions.odd_service import OddService, refusal, status

LOG = "select * from ops.audit_log order by id"


def test_a_retry_is_done_and_recorded(door: Door, client: ServiceClient, service: OddService, rows: Rows) -> None:
    service.answer(status(202, {"status": "queued", "attempt": 2, "retry_count": 1}))
    outcome = jobs.retry(
        door, client, OPERATOR, job(), start="start", reason=" it is\nback ", request_id="r-1", batch_id="b-1"
    )
    assert (outcome.result, outcome.message) == (Result.DONE, "Retried: the job is queued.")
    assert service.seen[0].body == {
        "reason": "it is back",
        "from": "start",
        "expected_status": "failed",
        "expected_updated_at": "2026-11-23T02:00:00+00:00",
    }
    assert service.seen[0].headers["X-Request-ID"] == "r-1"
    first, second = rows(LOG)
    assert first["parameters"] == {"from": "start"}
    assert first["before"] == {
        "status": "failed",
        "step": "generate_images",
        "progress": None,
        "error_code": None,
        "retry_count": None,
        "updated_at": "2026-11-23T02:00:00+00:00",
    }
    assert second["after"] == {"status": "queued", "attempt": 2, "retry_count": 1}
    assert {row["batch_id"] for row in (first, second)} == {"b-1"}
    assert {row["reason"] for row in (first, second)} == {"it is back"}


def test_a_cancel_is_done_and_recorded(door: Door, client: ServiceClient, service: OddService, rows: Rows) -> None:
    service.answer(status(202, {"status": "cancelled", "cost_usd_spent": 0.1}))
    outcome = jobs.cancel(door, client, OPERATOR, job(status="running"), reason="abuse", request_id="r-1")
    assert outcome.result is Result.DONE
    assert service.seen[0].path == "/v1/admin/jobs/job_1/cancel"
    assert service.seen[0].body["expected_status"] == "running"
    assert rows(LOG)[1]["after"] == {"status": "cancelled", "cost_usd_spent": "0.1"}


def test_a_job_that_changed_is_skipped(door: Door, client: ServiceClient, service: OddService) -> None:
    service.answer(refusal(409, "state_changed", status="running"))
    outcome = jobs.retry(door, client, OPERATOR, job(), start="failed_step", reason="again", request_id="r-1")
    assert outcome.result is Result.SKIPPED
    assert isinstance(outcome.error, StateChanged)
    assert "it is running now" in outcome.message


def test_a_service_that_fails_is_a_failed_outcome(
    door: Door, client: ServiceClient, service: OddService, rows: Rows
) -> None:
    service.answer(status(500, text="<html>"))
    outcome = jobs.cancel(door, client, OPERATOR, job(status="running"), reason="abuse", request_id="r-1")
    assert outcome.result is Result.FAILED
    assert isinstance(outcome.error, ServiceUnavailable)
    assert [row["result"] for row in rows(LOG)] == [None, "failed"]


def attempts(door: Door, client: ServiceClient, **changes: Any) -> list[Any]:
    given: dict[str, Any] = {"actor": OPERATOR, "reason": "again"} | changes
    actor, reason = given["actor"], given["reason"]
    until = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return [
        lambda: jobs.retry(door, client, actor, job(), start="start", reason=reason, request_id="r-1"),
        lambda: jobs.cancel(door, client, actor, job(), reason=reason, request_id="r-2"),
        lambda: jobs.acknowledge(door, actor, "job_1", reason, request_id="r-3"),
        lambda: jobs.snooze(door, actor, "job_1", reason, until=until, request_id="r-4"),
    ]


ACKNOWLEDGED = "select * from ops.acknowledgements"


def test_no_verb_goes_round_the_door(door: Door, client: ServiceClient, service: OddService, rows: Rows) -> None:
    for attempt in attempts(door, client, actor=VIEWER):
        with pytest.raises(PermissionDenied):
            attempt()
    for attempt in attempts(Door(door.store, read_only=True), client):
        with pytest.raises(ReadOnly):
            attempt()
    for attempt in attempts(Door(None), client):
        with pytest.raises(NotRecorded):
            attempt()
    for attempt in attempts(door, client, reason="\x00"):
        with pytest.raises(ReasonMissing):
            attempt()
    assert service.seen == []
    assert rows(ACKNOWLEDGED) == []
    assert [row["result"] for row in rows(LOG)] == [None, "refused"] * 4


def test_a_note_is_recorded_once_and_found(door: Door, store: sa.Engine, rows: Rows) -> None:
    outcome = jobs.acknowledge(door, OPERATOR, "job_1", "calling the\nprovider", request_id="r-1")
    assert (outcome.result, outcome.message) == (Result.DONE, "Acknowledged.")
    with pytest.raises(AlreadyPerformed):
        jobs.acknowledge(door, OPERATOR, "job_1", "calling the\nprovider", request_id="r-1")
    assert len(rows(ACKNOWLEDGED)) == 1
    with store.connect() as connection:
        found = acknowledgements.current(connection, ["job_1", "job_2"])
    at = found["job_1"].at
    assert found == {"job_1": Acknowledgement("job_1", at, "olga@example.com", "calling the provider", None)}
    assert [row["action"] for row in rows(LOG)] == ["job.acknowledge"] * 2


def test_a_snooze_keeps_the_instant(door: Door, store: sa.Engine, rows: Rows) -> None:
    until = datetime.fromisoformat("2026-11-23T18:00:00+09:00")
    jobs.acknowledge(door, OPERATOR, "job_1", "first", request_id="r-1")
    outcome = jobs.snooze(door, OPERATOR, "job_1", "night shift looks", until=until, request_id="r-2")
    assert outcome.result is Result.DONE
    with store.connect() as connection:
        found = acknowledgements.current(connection, ["job_1"])["job_1"]
    assert (found.note, found.snoozed_until) == ("night shift looks", until)
    assert rows(LOG)[2]["parameters"] == {"until": "2026-11-23T18:00:00+09:00"}


def test_a_snooze_needs_a_time_zone(door: Door, rows: Rows) -> None:
    naive = datetime(2026, 11, 23, 9, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        jobs.snooze(door, OPERATOR, "job_1", "later", until=naive, request_id="r-1")
    assert rows(LOG) == []


def test_a_note_that_cannot_be_kept_is_a_failed_outcome(door: Door, store: sa.Engine, rows: Rows) -> None:
    with store.begin() as connection:
        connection.execute(sa.text("alter table ops.acknowledgements rename to away"))
    outcome = jobs.acknowledge(door, OPERATOR, "job_1", "note", request_id="r-1")
    assert outcome.result is Result.FAILED
    assert isinstance(outcome.error, NotRecorded)
    assert [row["result"] for row in rows(LOG)] == [None, "failed"]
    assert timedelta(0) <= rows(LOG)[1]["at"] - rows(LOG)[0]["at"]
