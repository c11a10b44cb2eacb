"""A small HTTP proxy as a process of its own: it stands between the console and a real service or Prometheus.

It forwards everything, and gives the answers that no real process can be made to give:
`python -m tests.faults.proxy http://127.0.0.1:1234`. Its port is the first line that it writes; each line that it
reads is a Fault as JSON, which holds from the moment that it is echoed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

ROOT = Path(__file__).parent.parent.parent
UPSTREAM_SECONDS = 30
# One more than Prometheus gives.
POINTS = 11_001
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


@dataclass(frozen=True)
class Fault:
    """What comes instead of, or of, the real answer. Without any of it the real one comes.

    status, body, headers: this answer, without asking anybody. delay_seconds: the real one, so much later. hangs:
    none. lost: the real one is asked for, and the connection closed without a word. number: what every value of
    Prometheus becomes. warning: what Prometheus says beside its answer. too_fine: Prometheus is asked for more
    points than it gives.
    """

    status: int = 0
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0
    hangs: bool = False
    lost: bool = False
    number: str = ""
    warning: str = ""
    too_fine: bool = False


class Proxy:
    """The proxy's process, as a test holds it: a context manager. fault() sets what comes next, Fault() mends."""

    def __init__(self, target: str) -> None:
        self._command = [sys.executable, "-m", "tests.faults.proxy", target]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = f"http://127.0.0.1:{int(self._heard())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def fault(self, fault: Fault) -> None:
        """From now on, until the next one."""
        assert self._process.stdin is not None
        print(json.dumps(asdict(fault)), file=self._process.stdin, flush=True)
        self._heard()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the proxy ended"
        return line


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        fault, mended = self.server.fault, self.server.mended
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault.hangs or fault.delay_seconds:
            mended.wait(None if fault.hangs else fault.delay_seconds)
        if fault.hangs:
            return
        if fault.status:
            self._answer(fault.status, fault.headers, fault.body.encode())
            return
        with suppress(OSError, HTTPException):  # where the real one is away, so is this one's answer
            status, headers, real = self._forwarded(fault, body)
            if not fault.lost:
                self._answer(status, headers, _changed(real, fault))

    do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""

    def _forwarded(self, fault: Fault, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        asked = _finer(self.path) if fault.too_fine and "/query_range" in self.path else self.path
        connection = HTTPConnection(self.server.target, timeout=UPSTREAM_SECONDS)
        try:
            headers = dict(self.headers.items()) | {"Accept-Encoding": "identity", "Connection": "close"}
            connection.request(self.command, asked, body, headers)
            answer = connection.getresponse()
            return answer.status, _kept(answer), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        with suppress(OSError):  # whoever asked has given up
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.fault, self.mended = Fault(), Event()

    def change(self, fault: Fault) -> None:
        """Whoever hangs in the fault before is let go."""
        before, self.fault, self.mended = self.mended, fault, Event()
        before.set()


def _kept(answer: HTTPResponse) -> Mapping[str, str]:
    return {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP}


def _finer(path: str) -> str:
    """The same range in one point more than may be."""
    question = urlsplit(path)
    asked = dict(parse_qsl(question.query))
    start, end = float(asked["start"]), float(asked["end"])
    asked |= {"step": str(max(1, round((end - start) / POINTS)) / 2), "end": str(max(end, start + POINTS))}
    return question._replace(query=urlencode(asked)).geturl()


def _changed(body: bytes, fault: Fault) -> bytes:
    if not (fault.number or fault.warning):
        return body
    answer = json.loads(body)
    if fault.warning:
        answer["warnings"] = [fault.warning]
    for line in answer.get("data", {}).get("result", []) if fault.number else []:
        _renumber(line, fault.number)
    return json.dumps(answer).encode()


def _renumber(line: dict[str, Any], number: str) -> None:
    if "value" in line:
        line["value"][1] = number
    for point in line.get("values", []):
        point[1] = number


def main(target: str) -> None:
    """Serve until standard input ends."""
    server = _Server(urlsplit(target).netloc)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print(server.server_port, flush=True)  # noqa: T201  # how its parent hears of it
    for line in sys.stdin:
        server.change(Fault(**json.loads(line)))
        print("changed", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
