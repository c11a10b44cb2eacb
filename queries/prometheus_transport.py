"""HTTP to Prometheus: no retries, no proxies from the environment, a deadline that trickling bytes don't move."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from queries.errors import PrometheusRejected, PrometheusUnavailable

SETTING: Final = "OPS_PROMETHEUS_URL"
DETAIL_LENGTH = 300
# Bytes. Two hundred series of as many points as Prometheus gives at once; what is longer is not its answer.
LONGEST_ANSWER = 64 * 1024 * 1024
_CLIENT_ERRORS = range(400, 500)


class _Watch:
    """Shuts the guarded socket down when time is up: a socket's own timeout begins anew with every byte."""

    def __init__(self) -> None:
        self.expired = False
        self._socket: socket.socket | None = None

    def guard(self, guarded: socket.socket | None) -> None:
        self._socket = guarded
        if self.expired:
            self.expire()

    def expire(self) -> None:
        self.expired = True
        if self._socket is None:
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # it was closed meanwhile
            return


_watch: ContextVar[_Watch] = ContextVar("_watch")


class _HTTP(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        _watch.get().guard(self.sock)


class _HTTPS(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        _watch.get().guard(self.sock)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class DeadlineAdapter(HTTPAdapter):
    """Takes a request's timeout for all of it, from the first byte sent to the last one read.

    An answer without end raises PrometheusUnavailable before it fills the memory.
    """

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        with _watched(options["timeout"]) as watch:
            try:
                response = _whole(super().send(request, *args, **{**options, "stream": True}))
            except requests.RequestException:
                if watch.expired:
                    raise requests.ReadTimeout from None
                raise
            if watch.expired:
                raise requests.ReadTimeout
            return response


def _whole(response: requests.Response) -> requests.Response:
    """The same answer once all of it has been read."""
    body = bytearray()
    for part in response.iter_content(65_536):
        body += part
        if len(body) > LONGEST_ANSWER:
            response.close()
            detail = f"its answer is longer than {LONGEST_ANSWER // 2**20} MB"
            raise PrometheusUnavailable(detail=detail, setting=SETTING)
    response._content = bytes(body)  # where requests itself keeps what it read
    return response


@contextmanager
def _watched(seconds: float) -> Iterator[_Watch]:
    watch = _Watch()
    timer = threading.Timer(seconds, watch.expire)
    timer.daemon = True
    token = _watch.set(watch)
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        _watch.reset(token)


def session(warn: Callable[[list[str]], None]) -> requests.Session:
    """A session that raises PrometheusError for answers that are no data; warn is told what stands beside data."""

    def check(response: requests.Response, *_: Any, **__: Any) -> None:
        if not response.is_redirect:
            answer = _checked(response)
            warn([_told(response, text) for key in ("warnings", "infos") for text in _listed(answer.get(key))])

    new = requests.Session()
    new.trust_env = False
    new.max_redirects = 0
    new.hooks["response"].append(check)
    return new


def unavailable(error: requests.RequestException, seconds: float) -> PrometheusUnavailable:
    """Why there was no answer, without the address: it may hold a password."""
    match error:
        case requests.Timeout():
            detail = f"no complete answer within {seconds:g} s"
        case requests.exceptions.SSLError():
            detail = "no trusted TLS connection"
        case requests.TooManyRedirects():
            detail = "it redirects to another address"
        case ValueError():  # requests' errors about addresses, and about answers that are no JSON
            detail = "its address cannot be read"
        case _:
            detail = _reason(error)
    return PrometheusUnavailable(detail=detail, setting=SETTING)


def _reason(error: BaseException) -> str:
    """What the operating system said, deep inside: such as Connection refused."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return "the connection broke"


def _checked(response: requests.Response) -> Mapping[str, Any]:
    answer = _json(response)
    if answer is not None and answer.get("status") == "error":
        raise PrometheusRejected(status=response.status_code, detail=_told(response, answer.get("error")))
    if response.status_code in _CLIENT_ERRORS:
        raise PrometheusRejected(status=response.status_code, detail=_told(response, response.reason))
    if response.status_code != HTTPStatus.OK:
        raise PrometheusUnavailable(detail=f"HTTP {response.status_code}", setting=SETTING)
    if answer is None or not isinstance(_result(answer), list):
        raise PrometheusUnavailable(detail="something else than Prometheus answers there", setting=SETTING)
    return answer


def _json(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _result(answer: Mapping[str, Any]) -> object:
    """What was asked for: the samples, or the groups of rules."""
    data = answer.get("data")
    return data.get("result", data.get("groups")) if isinstance(data, dict) else None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _told(response: requests.Response, text: object) -> str:
    """A sentence of the answer, without the password that it was asked with, should it repeat that."""
    password = str(response.request.headers.get("Authorization", "")).rpartition(" ")[2]
    told = str(text)
    return (told.replace(password, "…") if password else told)[:DETAIL_LENGTH]
