"""A service that answers as a test wants it, and every call that the console makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from actions.client import ServiceClient
from actions.errors import ActionError
from tests.actions.calls import REQUEST, UPDATED, cancel, retry
from tests.actions.odd_service import OddService

KEY = "the-one-and-only-admin-key/äß\"'"
Call = Callable[[ServiceClient], Any]
CALLS: dict[str, Call] = {
    "capabilities": ServiceClient.capabilities,
    "retry": retry,
    "cancel": cancel,
    "guardrails": ServiceClient.guardrails,
    "history": ServiceClient.guardrail_history,
    "intake": ServiceClient.intake,
    "switch": lambda client: client.switch_intake(accepting=True, reason="r", request=REQUEST),
    "change": lambda client: client.change_guardrails(
        {"a": Decimal("1e-9")}, reason="r", expires_at=UPDATED, etag='"1"', request=REQUEST
    ),
    "health": ServiceClient.health,
}


@pytest.fixture(scope="module")
def service() -> Iterator[OddService]:
    with OddService() as running:
        yield running


@pytest.fixture(scope="module")
def client(service: OddService) -> Iterator[ServiceClient]:
    """One whose breaker closes at once, so that every call is made."""
    pause = timedelta(microseconds=1)
    with ServiceClient(service.url, KEY, deadline=timedelta(seconds=10), breaker_pause=pause) as opened:
        yield opened


def outcome(client: ServiceClient, call: Call) -> Any:
    """The value, or the declared error."""
    try:
        return call(client)
    except ActionError as error:
        assert "\n" not in str(error)
        return error
