"""Deadline, repetition and breaker against a real server that is slow, broken or not there."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from actions.answers import Capabilities
from actions.client import ServiceClient
from actions.errors import (
    ActionError,
    ServiceRejectedKey,
    ServiceUnavailable,
    ServiceUnreachable,
)
from actions.transport import FAILURES_TO_OPEN
from demo.postgres import free_port
from queries.errors import NotConfigured
from tests.actions.calls import KEY, OFFERED, retry
from tests.actions.odd_service import Answer, Handler, OddService, hang, refusal, status, trickle


@pytest.fixture
def hurried(service: OddService) -> Iterator[ServiceClient]:
    """A client that waits for a quarter of a second."""
    with ServiceClient(service.url, KEY, deadline=timedelta(milliseconds=250)) as opened:
        yield opened


# ---------------------------------------------------------------- what does not come back


@pytest.mark.parametrize("answer", [hang, trickle("headers"), trickle("body")], ids=["hang", "headers", "body"])
def test_the_deadline_is_the_whole_calls(service: OddService, hurried: ServiceClient, answer: Answer) -> None:
    service.answer(answer)
    with pytest.raises(ServiceUnavailable, match=r"no answer within 0\.25 s.*unknown"):
        retry(hurried)
    assert len(service.seen) == 1


def test_calls_do_not_wait_for_each_other(service: OddService, client: ServiceClient) -> None:
    """The service answers none of them before it has all of them."""
    together = Barrier(20)

    def answer(handler: Handler) -> None:
        together.wait(30)
        status(200, OFFERED)(handler)

    service.answer(answer)
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(client.capabilities) for _ in range(20)]
    assert {call.result() for call in calls} == {Capabilities(frozenset({"retry", "cancel"}), "1.4.0")}


def test_nothing_listens_and_nothing_was_done() -> None:
    with (
        ServiceClient(f"http://127.0.0.1:{free_port()}", KEY, deadline=timedelta(seconds=5)) as opened,
        pytest.raises(ServiceUnreachable, match="Nothing was done") as caught,
    ):
        retry(opened)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_connection_that_did_not_come_about_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service comes up in the pause between both tries."""
    service = OddService(free_port())

    async def service_comes_up(_: float) -> None:
        service.__enter__()
        service.answer(status(202, {"status": "queued"}))

    monkeypatch.setattr("actions.transport.asyncio.sleep", service_comes_up)
    with ServiceClient(f"http://127.0.0.1:{service.port}", KEY, deadline=timedelta(seconds=5)) as opened:
        assert retry(opened).status == "queued"
    service.__exit__(None, None, None)
    assert [seen.headers["X-Idempotency-Key"] for seen in service.seen] == ["r-1"]


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "nonsense", "http://"])
def test_an_address_of_another_kind_is_unreachable(address: str) -> None:
    with (
        ServiceClient(address, KEY, deadline=timedelta(seconds=5)) as opened,
        pytest.raises(ServiceUnreachable),
    ):
        opened.capabilities()


def test_an_address_that_is_none_is_told_at_once() -> None:
    with pytest.raises(NotConfigured, match="OPS_SERVICE_URL"):
        ServiceClient("http://[::1", KEY, deadline=timedelta(seconds=5))


@pytest.mark.parametrize("key", ["키", "a\nb", "a\x00b"])
def test_a_key_that_no_service_has_is_never_quoted(service: OddService, key: str) -> None:
    service.answer(status(401, text=""))
    with (
        ServiceClient(service.url, key, deadline=timedelta(seconds=5)) as opened,
        pytest.raises((ServiceRejectedKey, ServiceUnreachable)) as caught,
    ):
        opened.capabilities()
    told = "".join(traceback.format_exception(caught.value))
    assert key not in told
    assert repr(key)[1:-1] not in told


def test_the_client_does_not_show_its_key(client: ServiceClient) -> None:
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))


# ---------------------------------------------------------------- the breaker


def failing(client: ServiceClient, times: int) -> list[type[BaseException]]:
    kinds: list[type[BaseException]] = []
    for _ in range(times):
        with pytest.raises(ServiceUnavailable) as caught:
            client.capabilities()
        kinds.append(type(caught.value))
    return kinds


def test_a_service_that_fails_is_soon_left_alone(service: OddService, client: ServiceClient) -> None:
    service.answer(status(500, text=""))
    kinds = failing(client, FAILURES_TO_OPEN + 5)
    assert kinds == [ServiceUnavailable] * FAILURES_TO_OPEN + [ServiceUnreachable] * 5
    assert len(service.seen) == FAILURES_TO_OPEN
    with pytest.raises(ServiceUnreachable, match="Nothing was done"):
        retry(client)


@pytest.mark.parametrize(
    "answer",
    [
        refusal(409, "state_changed", status="running"),
        refusal(503, "provider_unavailable", {"Retry-After": "27"}),
        status(401, text=""),
        status(404, text=""),
        status(429, text=""),
        status(202, text="<html>"),
    ],
)
def test_a_refusal_is_an_answer_and_no_failure(service: OddService, client: ServiceClient, answer: Answer) -> None:
    service.answer(answer)
    for _ in range(FAILURES_TO_OPEN + 5):
        with pytest.raises(ActionError):
            retry(client)
    assert len(service.seen) == FAILURES_TO_OPEN + 5


def eventually(call: Callable[[], object]) -> None:
    """Until the breaker lets a call through; the test's time limit ends it otherwise."""
    while True:
        try:
            call()
        except ServiceUnreachable:
            continue
        return


def test_the_breaker_closes_again_when_the_service_is_back(service: OddService) -> None:
    with ServiceClient(
        service.url, KEY, deadline=timedelta(seconds=5), breaker_pause=timedelta(milliseconds=100)
    ) as opened:
        service.answer(status(500, text=""))
        failing(opened, FAILURES_TO_OPEN)
        service.answer(status(200, OFFERED))
        eventually(opened.capabilities)
        service.answer(status(500, text=""))
        assert failing(opened, FAILURES_TO_OPEN) == [ServiceUnavailable] * FAILURES_TO_OPEN


def test_a_failed_trial_opens_the_breaker_at_once(service: OddService) -> None:
    with ServiceClient(
        service.url, KEY, deadline=timedelta(seconds=5), breaker_pause=timedelta(milliseconds=100)
    ) as opened:
        service.answer(status(500, text=""))
        failing(opened, FAILURES_TO_OPEN)
        with pytest.raises(ServiceUnavailable, match="it answered 500"):
            eventually(opened.capabilities)
        assert len(service.seen) == FAILURES_TO_OPEN + 1
