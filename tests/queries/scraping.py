"""A real Prometheus that scrapes what a test exports."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from demo.postgres import free_port
from demo.prometheus import Server, find, load
from demo.supervisor import Supervisor
from queries.errors import PrometheusRejected, PrometheusUnavailable
from queries.prometheus import Prometheus

DEADLINE = timedelta(seconds=20)
WAIT_SECONDS = 60


@contextmanager
def exporting(text: Callable[[int], str]) -> Iterator[int]:
    """A port that answers each scrape with the text for its number, 0 first."""
    scrapes = count()

    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text(next(scrapes)).lstrip().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output readable."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def scraping(exporter: int, folder: Path) -> Iterator[str]:
    """The address of a Prometheus that has scraped the exporter's port at least three times."""
    configuration = folder / "prometheus.yml"
    configuration.write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: bookgen, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n"
    )
    port, binaries = free_port(), find()
    assert binaries is not None, "make test installs Prometheus"
    command = [
        str(binaries.prometheus),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}/"
    try:
        _eventually(lambda: _answers(Prometheus(url, "", DEADLINE), "sum(count_over_time(up[1m])) >= 3"))
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def remembering(samples: Iterable[str], folder: Path) -> Iterator[str]:
    """The address of a Prometheus with this past: lines of OpenMetrics with their instants."""
    text = folder / "history.txt"
    text.write_text("".join([*samples, "# EOF\n"]))
    binaries = find()
    assert binaries is not None, "make test installs Prometheus"
    with Supervisor(folder / "logs") as supervisor:
        load(supervisor, binaries, [text], folder / "data", threading.Event())
        server = Server(supervisor, binaries, folder / "data")
        server.launch("127.0.0.1:1", "127.0.0.1:1")
        server.wait()
        yield server.url


def _eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def _answers(prometheus: Prometheus, expression: str) -> bool:
    try:
        return bool(prometheus.instant(expression))
    except (PrometheusUnavailable, PrometheusRejected):  # it is only starting
        return False
