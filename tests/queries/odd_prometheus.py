"""A server that answers as Prometheus never should: one path prefix a misbehaviour."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EMPTY = {"status": "success", "data": {"resultType": "vector", "result": []}}


def success(result: object, kind: str = "vector", **beside: object) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}} | beside).encode()


def error(kind: str, text: str) -> bytes:
    return json.dumps({"status": "error", "errorType": kind, "error": text}).encode()


ANSWERS: dict[str, tuple[int, bytes]] = {
    "bad-data": (400, error("bad_data", "invalid parameter")),
    "timeout": (503, error("timeout", "query timed out in expression evaluation")),
    "error-200": (200, error("execution", "found duplicate series")),
    "gateway": (502, b"<html>Bad gateway</html>"),
    "forbidden": (403, b"<html>who are you?</html>"),
    "html": (200, b"<html>Sign in</html>"),
    "empty-body": (200, b""),
    "list": (200, b"[]"),
    "other-json": (200, b'{"data": 7}'),
    "scalar": (200, success([1700000000, "1.5"], "scalar")),
    "text": (200, success([1700000000, "words"], "string")),
    "histogram": (200, success([{"metric": {}, "histogram": [1700000000, {"count": "1"}]}])),
    "warned": (200, success([], warnings=["one store is down"], infos=["not a counter"])),
    "odd-numbers": (
        200,
        success([{"metric": {"n": str(n)}, "value": [1700000000, n]} for n in ("NaN", "+Inf", "-Inf", "1e-9")]),
    ),
}


class _Handler(BaseHTTPRequestHandler):
    server: OddServer

    def do_GET(self) -> None:
        self.server.asked += 1
        name = self.path.split("/")[1]
        match name:
            case "mute":
                self.server.closing.wait()
            case "slow-body":
                self._trickle(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            case "slow-length":
                self._trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            case "slow-headers":
                self._trickle(b"HTTP/1.1 200 OK\r\nX-Long: ")
            case "hang-up":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            case "redirect":
                self.wfile.write(
                    b"HTTP/1.1 302 Found\r\nLocation: /warned/api/v1/query\r\nContent-Length: 0\r\n\r\n"
                )
            case _:
                self._answer(*ANSWERS[name])

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self, head: bytes) -> None:
        """A byte now and then, until the other side has gone."""
        try:
            self.wfile.write(head)
            while not self.server.closing.wait(0.02):
                self.wfile.write(b" ")
        except OSError:
            self.server.hung_up.set()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output readable."""


class OddServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.closing = threading.Event()
        self.hung_up = threading.Event()
        self.asked = 0

    def url(self, name: str) -> str:
        return f"http://someone:hunter2@127.0.0.1:{self.server_address[1]}/{name}"


@contextmanager
def running() -> Iterator[OddServer]:
    server = OddServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
