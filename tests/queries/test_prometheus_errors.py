"""Whatever answers in Prometheus' place becomes one sentence, in time, without the address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf, isnan

import pytest

from demo.postgres import free_port
from queries.errors import PrometheusError, PrometheusRejected, PrometheusUnavailable
from queries.prometheus import Prometheus
from tests.queries import odd_prometheus
from tests.queries.odd_prometheus import OddServer

SHORT, LONG = timedelta(milliseconds=300), timedelta(seconds=20)
AT = datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.fixture(scope="module")
def odd() -> Iterator[OddServer]:
    with odd_prometheus.running() as server:
        yield server


def client(url: str, deadline: timedelta = LONG) -> Prometheus:
    return Prometheus(url, "bookgen_", deadline)


@pytest.mark.parametrize("name", ["mute", "slow-body", "slow-length", "slow-headers"])
def test_the_deadline_holds_however_slowly_bytes_come(odd: OddServer, name: str) -> None:
    with pytest.raises(PrometheusUnavailable, match=r"no complete answer within 0\.3 s") as caught:
        client(odd.url(name), SHORT).instant("up")
    assert "hunter2" not in str(caught.value)
    if name != "mute":
        assert odd.hung_up.wait(20), "the connection is still open"
        odd.hung_up.clear()


def test_the_deadline_is_one_for_all_parts_of_a_range(odd: OddServer) -> None:
    with pytest.raises(PrometheusUnavailable, match="no complete answer"):
        client(odd.url("warned"), timedelta(0)).range("up", AT, AT, timedelta(minutes=1))


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("bad-data", PrometheusRejected, r"\(400\): invalid parameter"),
        ("timeout", PrometheusRejected, r"\(503\): query timed out"),
        ("error-200", PrometheusRejected, "duplicate series"),
        ("gateway", PrometheusUnavailable, "HTTP 502"),
        ("forbidden", PrometheusRejected, "403"),
        ("html", PrometheusUnavailable, "something else than Prometheus"),
        ("empty-body", PrometheusUnavailable, "something else than Prometheus"),
        ("list", PrometheusUnavailable, "something else than Prometheus"),
        ("other-json", PrometheusUnavailable, "something else than Prometheus"),
        ("text", PrometheusUnavailable, "text instead of numbers"),
        ("hang-up", PrometheusUnavailable, "the connection broke"),
        ("redirect", PrometheusUnavailable, "redirects"),
    ],
)
def test_each_fault_has_its_sentence(odd: OddServer, name: str, error: type[PrometheusError], words: str) -> None:
    before = odd.asked
    with pytest.raises(error, match=words) as caught:
        client(odd.url(name)).instant("up")
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert odd.asked == before + 1, "it was asked again"


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(PrometheusUnavailable, match=r"Connection refused.*OPS_PROMETHEUS_URL"):
        client(f"http://someone:hunter2@127.0.0.1:{free_port()}").instant("up")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://x", "http://", "http://[", "http://x:port", "http://..", "http://a b"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(PrometheusUnavailable):
        client(url).instant("up")


def test_a_proxy_from_the_environment_is_not_used(odd: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client(odd.url("warned")).instant("up") == ()


def test_numbers_that_are_none(odd: OddServer) -> None:
    nan, plus, minus, tiny = client(odd.url("odd-numbers")).instant("up")
    assert isnan(nan.value)
    assert (plus.value, minus.value, tiny.value) == (inf, -inf, 1e-9)
    assert tiny.at == AT


def test_other_kinds_of_answers(odd: OddServer) -> None:
    (scalar,) = client(odd.url("scalar")).instant("1.5")
    assert (scalar.labels, scalar.value, scalar.at) == ({}, 1.5, AT)
    assert client(odd.url("histogram")).instant("up") == ()


def test_warnings_are_kept_once(odd: OddServer) -> None:
    prometheus = client(odd.url("warned"))
    assert prometheus.warnings == ()
    for _ in range(3):
        assert prometheus.instant("up") == ()
    assert prometheus.warnings == ("one store is down", "not a counter")
