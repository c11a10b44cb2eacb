"""Turning limits of services that answer oddly."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from actions import guardrails
from actions.answers import Guardrail
from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.errors import (
    GuardrailsChanged,
    LimitOutOfRange,
    MalformedAnswer,
    NotOffered,
    ReadOnly,
    ServiceUnavailable,
)
from queries.audit_models import Result
from tests.actions.acts import LOG
from tests.actions.conftest import Rows
from tests.actions.limits import ADA
from tests.actions.odd_service import OddService, hang_up, refusal, status

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
JOBS = Guardrail(Decimal(20), None, None, None, "", None)


def turn(door: Door, client: ServiceClient, expires_at: datetime | None = None) -> Outcome:
    return guardrails.change(
        door, client, ADA, limit="jobs", value=Decimal(40), expires_at=expires_at, reason="r", etag='"7"',
        before=JOBS, stake_usd=None, approval_usd=None, request_id="o-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "error", "result"),
    [
        (status(412, text=""), GuardrailsChanged, Result.SKIPPED),
        (refusal(422, "out_of_range", limit="jobs", min=0, max=9), LimitOutOfRange, Result.REFUSED),
        (status(404, text=""), NotOffered, Result.REFUSED),
        (refusal(503, "database_unavailable"), ServiceUnavailable, Result.FAILED),
        (status(200, {"jobs": {"value": 20}}), MalformedAnswer, Result.FAILED),
        (status(200, {"usd": {"value": 40}}), MalformedAnswer, Result.FAILED),
        (
            status(200, {"jobs": {"value": 40, "expires_at": "2026-11-24T00:00:00Z"}}),
            MalformedAnswer,
            Result.FAILED,
        ),
        (hang_up, ServiceUnavailable, Result.FAILED),
    ],
    ids=["412", "422", "no route", "503", "does nothing", "forgets it", "for a while", "hangs up"],
)
def test_what_is_answered(
    *,
    service: OddService, client: ServiceClient, door: Door, rows: Rows, answer: Any, error: type, result: Result
) -> None:  # fmt: skip
    service.answer(answer)
    outcome = turn(door, client)
    assert (type(outcome.error), outcome.result) == (error, result)
    assert [row["result"] for row in rows(LOG)] == [None, result.value]


def test_a_service_that_knows_no_end_is_caught(service: OddService, client: ServiceClient, door: Door) -> None:
    service.answer(status(200, {"jobs": {"value": 40}}))
    outcome = turn(door, client, expires_at=AT)
    assert isinstance(outcome.error, MalformedAnswer)
    assert "it took the change, but jobs is 40" in outcome.message


def test_nothing_is_sent_by_a_read_only_console(service: OddService, client: ServiceClient, door: Door) -> None:
    with pytest.raises(ReadOnly):
        turn(Door(door.store, read_only=True), client)
    assert service.seen == []
