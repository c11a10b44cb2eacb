"""The admin key goes to the service alone, and comes back from nowhere."""

from __future__ import annotations

import traceback

import pytest

from actions.client import ServiceClient
from actions.errors import ActionError, ServiceRejected
from tests.actions.calls import retry
from tests.actions.odd_service import OddService, refusal, status
from tests.fuzz.answering import CALLS, KEY, client, outcome, service

__all__ = ["client", "service"]


def test_the_admin_key_is_not_carried_to_where_the_service_points(
    service: OddService, client: ServiceClient
) -> None:
    with OddService() as elsewhere:
        for code in (301, 302, 303, 307, 308):
            service.answer(status(code, {}, headers={"Location": f"{elsewhere.url}/v1/admin/capabilities"}))
            for call in CALLS.values():
                assert isinstance(outcome(client, call), ActionError)
        assert elsewhere.seen == []


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422, 500])
def test_an_answer_that_repeats_the_admin_key(service: OddService, client: ServiceClient, code: int) -> None:
    for answer in (refusal(code, f"no, not {KEY}", status=KEY, limit=KEY, min=1, max=2), status(code, text=KEY)):
        service.answer(answer)
        with pytest.raises(ActionError) as caught:
            retry(client)
        told = "".join(traceback.format_exception(caught.value))
        assert KEY not in told
        assert KEY not in repr(caught.value.fields)


@pytest.mark.parametrize("call", ["guardrails", "intake", "history", "capabilities"])
def test_an_answer_that_tells_the_admin_key_as_news(service: OddService, client: ServiceClient, call: str) -> None:
    limit = {"value": 1, "description": KEY, "unit": KEY}
    change = {
        "id": KEY,
        "at": "2026-11-23T00:00:00Z",
        "limit": KEY,
        "from": 1,
        "to": 2,
        "actor": KEY,
        "reason": KEY,
    }
    told = {"a": limit, "accepting": True, "reason": KEY, "changed_by": KEY, "actions": [KEY], "version": KEY}
    service.answer(status(200, told | {"changes": [change]}))
    assert KEY not in repr(CALLS[call](client))


def test_a_refusal_stays_readable_without_the_key(service: OddService, client: ServiceClient) -> None:
    service.answer(refusal(418, f"{KEY} is short and stout"))
    with pytest.raises(ServiceRejected, match="… is short and stout"):
        retry(client)
