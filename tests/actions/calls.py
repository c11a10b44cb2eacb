"""Calls of the control API as tests make them."""

from __future__ import annotations

from datetime import UTC, datetime

from actions.answers import Cancelled, Retried
from actions.client import Request, ServiceClient

KEY = "the-admin-key"
UPDATED = datetime(2026, 11, 23, 2, 14, 5, 123456, tzinfo=UTC)
REQUEST = Request("olga@example.com", "r-1")
OFFERED = {"actions": ["retry", "cancel"], "version": "1.4.0"}


def retry(client: ServiceClient, job_id: str = "job_1", request: Request = REQUEST) -> Retried:
    return client.retry(
        job_id,
        start="failed_step",
        reason="공급자 복구됨",
        expected_status="failed",
        expected_updated_at=UPDATED,
        request=request,
    )


def cancel(client: ServiceClient) -> Cancelled:
    return client.cancel(
        "job_1", reason="abuse", expected_status="running", expected_updated_at=UPDATED, request=REQUEST
    )
