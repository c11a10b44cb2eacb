"""HTTP calls whose deadline holds for the whole call, behind a circuit breaker; threads share one transport."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Thread
from typing import TypeVar

import httpx
import pybreaker

from actions.errors import MalformedAnswer, ServiceError, ServiceUnavailable, ServiceUnreachable
from queries.errors import NotConfigured

T = TypeVar("T")

# Three calls that waited in vain are enough to believe that the next one would, too.
FAILURES_TO_OPEN = 3
# Long enough that a dead service costs little, short enough that nobody waits for it after it is back.
PAUSE = timedelta(seconds=10)
PAUSED = "it failed repeatedly and is given a pause"
# A restarting service has no listener for a moment.
PAUSE_BEFORE_RECONNECT = timedelta(milliseconds=200)
# At once: all the workers of bulk actions and a few viewers. Who comes after them waits, within the deadline.
CONNECTIONS = 32
# Bytes. The longest answer is a history of a thousand changes, with a paragraph each.
LONGEST_ANSWER = 16 * 1024 * 1024
# A shorter secret might stand in any answer by chance, and would be no secret.
SHORTEST_SECRET = 8
# What the bytes of an answer were on their way; they are kept as they are meant.
_ON_THE_WAY = ("content-encoding", "content-length", "transfer-encoding")


class Transport:
    """One service's address, its constant headers, a deadline and a breaker. close() it.

    secret is what no answer may repeat: it is taken out of each before anybody reads it.

    The calls run on an event loop in a thread of their own, since only there one deadline covers the name
    lookup, headers that trickle and a body that trickles alike.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        secret: str,
        deadline: timedelta,
        pause: timedelta = PAUSE,
    ) -> None:
        self._deadline = deadline
        self._secrets = _written(secret) if len(secret) >= SHORTEST_SECRET else ()
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

    @property
    def is_paused(self) -> bool:
        """Whether the breaker is open, so that nothing is sent."""
        return bool(self._breaker.current_state == pybreaker.STATE_OPEN)

    def call(self, request: httpx.Request, read: Callable[[httpx.Response], T]) -> T:
        """What read makes of the answer.

        Raises ServiceUnreachable (nothing was sent), ServiceUnavailable, MalformedAnswer (too long), and what
        read raises; only ServiceUnavailable opens the breaker.
        """
        try:
            # Not breaker.call(): it holds a lock while it waits, so calls would queue behind a hanging one.
            with self._breaker.calling():
                return read(self._sent(request))
        except pybreaker.CircuitBreakerError:
            raise ServiceUnreachable(detail=PAUSED) from None

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, object] | None = None
    ) -> httpx.Request:
        return self._client.build_request(method, path, headers=dict(headers), json=body)

    def _sent(self, request: httpx.Request) -> httpx.Response:
        answer = asyncio.run_coroutine_threadsafe(self._answered(request), self._loop).result()
        if isinstance(answer, ServiceError):
            raise answer
        return answer

    async def _answered(self, request: httpx.Request) -> httpx.Response | ServiceError:
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

    async def _connected(self, request: httpx.Request) -> httpx.Response | ServiceError:
        """Sent; once more where no connection came about, since then nothing had left the console."""
        try:
            return await self._whole(request)
        except httpx.ConnectError:
            await asyncio.sleep(PAUSE_BEFORE_RECONNECT.total_seconds())
            return await self._whole(request)

    async def _whole(self, request: httpx.Request) -> httpx.Response | ServiceError:
        """The answer once all of it is here, without secrets; a service that never ends it fills no memory."""
        body = bytearray()
        response = await self._client.send(request, stream=True)
        try:
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LONGEST_ANSWER:
                    return MalformedAnswer(detail=f"longer than {LONGEST_ANSWER // 2**20} MB")
        finally:
            await response.aclose()
        for secret in self._secrets:
            body = body.replace(secret, "…".encode())
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _ON_THE_WAY]
        return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=request)


def _written(secret: str) -> tuple[bytes, ...]:
    """The ways in which an answer may hold it: as text, and in JSON with its two ways to write letters."""
    ways = (secret, json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1])
    return tuple(dict.fromkeys(way.encode() for way in ways))


def _client(base_url: str, headers: Mapping[str, str], deadline: timedelta) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(
            base_url=base_url,
            # As bytes, so that a key outside ASCII is the service's to refuse, and no error quotes it.
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            timeout=deadline.total_seconds(),
            # A connection kept alive may be closed by the service just as a write is sent on it, and a write
            # that may have arrived must not be repeated.
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0),
            # The admin key goes to the service alone, never through a proxy that the environment names.
            trust_env=False,
            verify=ssl.create_default_context(),
        )
    except httpx.InvalidURL:
        raise NotConfigured(what="The service's address", setting="OPS_SERVICE_URL") from None
