"""Contract, section 2: the control API. What changes the service runs only where it may."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.conftest import WAIT_SECONDS, Subject, assert_envelope, order

GUARDRAILS = "/v1/admin/guardrails"


def finished(subject: Subject, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while (job := subject.rows("select * from jobs where id = %s", job_id)[0])["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, f"{job_id} did not end within {WAIT_SECONDS} s"
        time.sleep(0.1)
    return job


@pytest.mark.parametrize("path", ["/v1/admin/capabilities", GUARDRAILS, "/v1/admin/intake", "/health/detailed"])
def test_the_admin_key_is_needed(subject: Subject, path: str) -> None:
    for headers in ({}, {"X-Admin-Key": "wrong"}):
        assert_envelope(subject.client.get(path, headers=headers), 401)


def test_capabilities(subject: Subject) -> None:
    answer = subject.admin("GET", "/v1/admin/capabilities")
    assert answer.status_code == 200
    assert set(answer.json()["actions"]) <= {"retry", "cancel", "guardrails", "intake"}
    assert answer.json()["version"]
    assert answer.json().get("guardrail_history", False) in (True, False)


def test_the_request_id_comes_back(subject: Subject) -> None:
    answer = subject.admin("GET", "/v1/admin/capabilities", headers={"X-Request-ID": "contract-1"})
    assert answer.headers["X-Request-ID"] == "contract-1"


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_job_that_is_none(subject: Subject, verb: str) -> None:
    body = {
        "reason": "contract suite",
        "expected_status": "failed",
        "expected_updated_at": datetime.now(UTC).isoformat(),
    }
    assert_envelope(subject.admin("POST", f"/v1/admin/jobs/job_of_nobody/{verb}", json=body), 404)


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_reason_is_needed(subject: Subject, verb: str) -> None:
    assert_envelope(subject.admin("POST", f"/v1/admin/jobs/job_of_nobody/{verb}", json={"reason": ""}), 422)


def test_intake_says_whether_it_is_open(subject: Subject) -> None:
    assert isinstance(subject.admin("GET", "/v1/admin/intake").json()["accepting"], bool)


def test_probes(subject: Subject) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert subject.client.get(path).status_code in (200, 503)
    report = subject.admin("GET", "/health/detailed").json()
    assert {"status", "version", "services", "jobs", "warnings", "config"} <= set(report)
    assert {"database", "job_monitor"} <= set(report["services"])
    assert {"queued", "running", "stuck", "completed_last_hour", "failed_last_hour", "success_rate"} <= set(
        report["jobs"]
    )


def test_a_book_is_made_and_cannot_be_cancelled_or_retried_afterwards(changeable: Subject) -> None:
    answer = order(changeable)
    assert answer.status_code == 202
    job = finished(changeable, answer.json()["job_id"])
    assert job["status"] == "done"
    seen = {"expected_status": "done", "expected_updated_at": job["updated_at"].replace(tzinfo=UTC).isoformat()}
    for verb, code in (("retry", "not_retryable"), ("cancel", "already_finished")):
        path = f"/v1/admin/jobs/{job['id']}/{verb}"
        body = (
            {"reason": "contract suite", "from": "start", **seen} if verb == "retry" else {"reason": "r", **seen}
        )
        assert_envelope(changeable.admin("POST", path, json=body), 409, code)


def test_cancel_acts_once_and_names_what_was_spent(changeable: Subject) -> None:
    job_id = order(changeable).json()["job_id"]
    key = {"X-Idempotency-Key": str(uuid4())}
    body = {"reason": "contract suite"}
    first, again = (
        changeable.admin("POST", f"/v1/admin/jobs/{job_id}/cancel", json=body, headers=key) for _ in range(2)
    )
    assert first.status_code == 202
    assert again.json() == first.json()
    assert (first.json()["job_id"], first.json()["status"]) == (job_id, "cancelled")
    assert first.json()["cost_usd_spent"] >= 0
    assert changeable.rows("select status from jobs where id = %s", job_id) == [{"status": "cancelled"}]


def test_a_changed_job_is_left_alone(changeable: Subject) -> None:
    job_id = order(changeable).json()["job_id"]
    body = {
        "reason": "contract suite",
        "expected_status": "queued",
        "expected_updated_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
    }
    details = assert_envelope(
        changeable.admin("POST", f"/v1/admin/jobs/{job_id}/cancel", json=body), 409, "state_changed"
    )
    assert details["status"] in {"queued", "running", "done"}
    assert datetime.fromisoformat(details["updated_at"]).tzinfo
    finished(changeable, job_id)


def test_a_closed_intake_refuses_books(changeable: Subject) -> None:
    path = "/v1/admin/intake"
    changeable.admin("PUT", path, json={"accepting": False, "reason": "contract suite"})
    try:
        refused = order(changeable)
        assert_envelope(refused, 503, "intake_closed")
        assert int(refused.headers["Retry-After"]) > 0
    finally:
        opened = changeable.admin("PUT", path, json={"accepting": True, "reason": "contract suite"})
    assert opened.json()["accepting"] is True
