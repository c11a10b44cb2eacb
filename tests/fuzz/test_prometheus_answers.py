"""Whatever Prometheus, or what stands in its place, answers: finite points, or one of the declared errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries import alerts, prometheus_transport
from queries.errors import PrometheusError, PrometheusUnavailable
from queries.prometheus import Prometheus
from tests.fuzz import hostile

NAMES = (
    "status",
    "data",
    "result",
    "groups",
    "warnings",
    "infos",
    "error",
    "metric",
    "value",
    "values",
    "__name__",
)
OF_RULES = (
    "name",
    "state",
    "labels",
    "annotations",
    "alerts",
    "health",
    "lastError",
    "activeAt",
    "severity",
    "rules",
)
START = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)

PAIRS = st.tuples(hostile.SCALARS, hostile.SCALARS) | st.tuples(st.just(1.7e9), hostile.SCALARS)
LINES = st.fixed_dictionaries(
    {"metric": st.dictionaries(hostile.any_texts(), hostile.SCALARS, max_size=2) | hostile.SCALARS},
    optional={"value": PAIRS | hostile.SCALARS, "values": st.lists(PAIRS, max_size=3) | hostile.SCALARS},
)
RULES = st.fixed_dictionaries(
    {"name": hostile.SCALARS, "state": st.sampled_from(["firing", "inactive", "x"])},
    optional={
        "labels": hostile.documents(*OF_RULES),
        "annotations": hostile.documents("needs", "summary", *OF_RULES),
        "alerts": st.lists(
            st.fixed_dictionaries(
                {"state": st.just("firing"), "value": hostile.SCALARS, "activeAt": hostile.INSTANTS},
                optional={"labels": hostile.documents("alertname"), "keepFiringSince": hostile.INSTANTS},
            ),
            max_size=2,
        ),
        "lastError": hostile.SCALARS,
        "health": hostile.SCALARS,
    },
)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "result": st.lists(LINES, max_size=3) | hostile.documents(*NAMES),
        "groups": st.lists(st.fixed_dictionaries({"rules": st.lists(RULES, max_size=2)}), max_size=2)
        | hostile.documents(*OF_RULES),
    },
)
ANSWERS = st.fixed_dictionaries(
    {"status": st.sampled_from(["success", "error", None]), "data": DATA | hostile.documents(*NAMES)},
    optional={"warnings": hostile.SCALARS | st.lists(hostile.SCALARS, max_size=2), "error": hostile.SCALARS},
)
BODIES = (ANSWERS | hostile.documents(*NAMES)).map(lambda value: json.dumps(value).encode()) | st.binary(
    max_size=30
)


class Server(ThreadingHTTPServer):
    """Answers every question with the same status, headers and bytes; sent counts them where they never end.

    answer makes other bytes of each question.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told: tuple[int, bytes, dict[str, str]] = (200, b"", {})
        self.answer: Callable[[BaseHTTPRequestHandler], bytes] | None = None
        self.endless = False
        self.asked = self.sent = 0


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits for 40 ms

    def do_GET(self) -> None:
        self.server.asked += 1
        status, body, headers = self.server.told
        if self.server.answer is not None:
            body = self.server.answer(self)
        self.send_response(status)
        length = {} if self.server.endless else {"Content-Length": str(len(body))}
        for name, value in {**length, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        with suppress(OSError):
            while self.server.endless:
                self.server.sent += self.wfile.write(b" " * 65_536)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as started:
        yield started


def asked(server: Server) -> Prometheus:
    return Prometheus(f"http://somebody:hunter2@127.0.0.1:{server.server_address[1]}", "x_", timedelta(seconds=20))


@given(st.sampled_from([200, 200, 200, 200, 201, 204, 302, 400, 422, 503]), BODIES)
@hostile.examples(120)
def test_any_answer(server: Server, status: int, body: bytes) -> None:
    server.told = (status, body, {})
    prometheus = asked(server)
    with suppress(PrometheusError):
        assert all(isinstance(sample.value, float) for sample in prometheus.instant("x"))
    with suppress(PrometheusError):
        lines = prometheus.range("x", START, START + HOUR, timedelta(minutes=1))
        assert all(isfinite(value) and at.tzinfo for line in lines for at, value in line.points)
    with suppress(PrometheusError):
        alerts.rules(prometheus)
    assert all(len(text) <= 300 for text in prometheus.warnings)


@given(st.lists(RULES, min_size=1, max_size=2))
@hostile.examples(120)
def test_any_rules(server: Server, rules: list[object]) -> None:
    told = {"status": "success", "data": {"groups": [{"rules": rules}], "result": []}}
    server.told = (200, json.dumps(told).encode(), {})
    with suppress(PrometheusError):
        for rule in alerts.rules(asked(server)):
            shown(rule)


def shown(rule: alerts.AlertRule) -> None:
    """What the pages do with it: each is text, each instant can be told in every zone."""
    texts = [rule.name, rule.severity, rule.watches, rule.runbook, rule.page, rule.error]
    assert all(isinstance(text, str) for text in texts)
    assert all(isinstance(part, str) for pair in rule.labels.items() for part in pair)
    for alert in rule.alerts:
        assert all(isinstance(part, str) for pair in alert.labels.items() for part in pair)
        assert all(at is None or (at.tzinfo and 1970 <= at.year < 9999) for at in (alert.since, alert.calm_since))
    assert rule.since is None or rule.since.tzinfo


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5_000, b"\xff\xfe", b'{"data":{"result":[1]},"status":"success"}'],
    ids=["deep-list", "deep-object", "digits", "no-text", "number"],
)
def test_bodies_that_are_no_answer(server: Server, body: bytes) -> None:
    server.told = (200, body, {})
    for question in (lambda: asked(server).instant("x"), lambda: asked(server).rule_groups()):
        with pytest.raises(PrometheusError) as caught:
            question()
        assert "hunter2" not in str(caught.value)


def test_a_body_without_end_is_left_early(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus_transport, "LONGEST_ANSWER", 2**20)
    server.endless = True
    server.told = (200, b"", {"Connection": "close"})
    with pytest.raises(PrometheusUnavailable, match="longer than 1 MB"):
        asked(server).instant("x")
    assert server.sent < 32 * 2**20


def test_the_password_of_the_address_is_not_carried_to_where_it_points(server: Server) -> None:
    with running() as elsewhere:
        server.told = (302, b"", {"Location": f"http://127.0.0.1:{elsewhere.server_address[1]}/api/v1/query"})
        with pytest.raises(PrometheusUnavailable, match="redirects"):
            asked(server).instant("x")
        assert elsewhere.asked == 0
