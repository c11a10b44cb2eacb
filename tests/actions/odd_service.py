"""A real HTTP server whose answers a test dictates, also the ones that no sane service gives."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the next answer of its server; the last answer stays."""

    server: Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.seen.append(Seen(self.command, self.path, dict(self.headers.items()), body))
        answers = self.server.answers
        (answers.popleft() if len(answers) > 1 else answers[0])(self)

    do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.seen: list[Seen] = []
        self.answers: deque[Answer] = deque([status(404)])
        self.released = Event()


Answer = Callable[[Handler], None]


class OddService:
    """Use as a context manager; answer(…) sets what comes next."""

    def __init__(self, port: int = 0) -> None:
        self.port = port

    def __enter__(self) -> Self:
        self.server = Server(self.port)
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def seen(self) -> list[Seen]:
        return self.server.seen

    def answer(self, *answers: Answer) -> None:
        self.server.answers = deque(answers)


def status(
    code: int, document: Any = None, *, text: str | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """A whole answer: a JSON document, or any text."""

    def send(handler: Handler) -> None:
        body = (json.dumps(document) if text is None else text).encode()
        handler.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


def refusal(code: int, error: str, headers: dict[str, str] | None = None, **details: Any) -> Answer:
    """The contract's error envelope."""
    message = f"refused: {error}"
    document = {
        "detail": message,
        "error": {"code": error, "message": message, "details": details},
        "request_id": "r",
    }
    return status(code, document, headers=headers)


def hang(handler: Handler) -> None:
    """No answer until the test is over."""
    handler.server.released.wait()
    handler.close_connection = True


def trickle(part: str) -> Answer:
    """Headers or a body that come forward byte by byte, each soon enough, but only whole after a minute."""

    def send(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        if part == "body":
            handler.wfile.write(b"Content-Length: 1200\r\n\r\n")
        for _ in range(1200):
            if handler.server.released.wait(0.05):
                return
            try:
                handler.wfile.write(b"X-A: b\r\n" if part == "headers" else b" ")
            except OSError:
                return

    return send


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True
