"""HTTP calls whose deadline holds for the whole call, behind a circuit breaker; threads share one transport."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Thread
from typing import TypeVar

import httpx
import pybreaker

from actions.errors import ServiceUnavailable, ServiceUnreachable
from queries.errors import NotConfigured

T = TypeVar("T")

# Three calls that waited in vain are enough to believe that the next one would, too.
FAILURES_TO_OPEN = 3
# Long enough that a dead service costs little, short enough that nobody waits for it after it is back.
PAUSE = timedelta(seconds=10)
# A restarting service has no listener for a moment.
PAUSE_BEFORE_RECONNECT = timedelta(milliseconds=200)


class Transport:
    """One service's address, its constant headers, a deadline and a breaker. close() it.

    The calls run on an event loop in a thread of their own, since only there one deadline covers the name
    lookup, headers that trickle and a body that trickles alike.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str], *, deadline: timedelta, pause: timedelta = PAUSE
    ) -> None:
        self._deadline = deadline
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES_TO_OPEN,
            reset_timeout=pause.total_seconds(),
            exclude=[lambda error: not isinstance(error, ServiceUnavailable)],
            throw_new_error_on_trip=False,
        )
        self._client = _client(base_url, headers, deadline)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="service-calls", daemon=True)
        self._thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, request: httpx.Request, read: Callable[[httpx.Response], T]) -> T:
        """What read makes of the answer.

        Raises ServiceUnreachable (nothing was sent), ServiceUnavailable, and what read raises, of which only
        ServiceUnavailable opens the breaker.
        """
        try:
            # Not breaker.call(): it holds a lock while it waits, so calls would queue behind a hanging one.
            with self._breaker.calling():
                return read(self._sent(request))
        except pybreaker.CircuitBreakerError:
            raise ServiceUnreachable(detail="it failed repeatedly and is given a pause") from None

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, object] | None = None
    ) -> httpx.Request:
        return self._client.build_request(method, path, headers=dict(headers), json=body)

    def _sent(self, request: httpx.Request) -> httpx.Response:
        answer = asyncio.run_coroutine_threadsafe(self._answered(request), self._loop).result()
        if isinstance(answer, ServiceUnavailable):
            raise answer
        return answer

    async def _answered(self, request: httpx.Request) -> httpx.Response | ServiceUnavailable:
        """The answer or why there is none: handed over, not raised, for httpx's errors carry the admin key."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await self._connected(request)
        except (TimeoutError, httpx.TimeoutException):
            return ServiceUnavailable(detail=f"no answer within {self._deadline.total_seconds():g} s")
        except httpx.ConnectError:
            return ServiceUnreachable(detail="no connection")
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            return ServiceUnreachable(detail="the address or the admin key cannot be put into a request")
        except httpx.RequestError as error:
            return ServiceUnavailable(detail=f"the connection broke: {type(error).__name__}")

    async def _connected(self, request: httpx.Request) -> httpx.Response:
        """Sent; once more where no connection came about, since then nothing had left the console."""
        try:
            return await self._client.send(request)
        except httpx.ConnectError:
            await asyncio.sleep(PAUSE_BEFORE_RECONNECT.total_seconds())
            return await self._client.send(request)


def _client(base_url: str, headers: Mapping[str, str], deadline: timedelta) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(
            base_url=base_url,
            # As bytes, so that a key outside ASCII is the service's to refuse, and no error quotes it.
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            timeout=deadline.total_seconds(),
            # A connection kept alive may be closed by the service just as a write is sent on it, and a write
            # that may have arrived must not be repeated.
            limits=httpx.Limits(max_keepalive_connections=0),
            # The admin key goes to the service alone, never through a proxy that the environment names.
            trust_env=False,
            verify=ssl.create_default_context(),
        )
    except httpx.InvalidURL:
        raise NotConfigured(what="The service's address", setting="OPS_SERVICE_URL") from None
