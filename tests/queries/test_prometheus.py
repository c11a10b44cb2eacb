"""A real Prometheus that scrapes a small exporter: what the expressions of queries.metrics answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from queries import health, metrics, providers
from queries.errors import PrometheusRejected
from queries.models import Provider
from queries.prometheus import POINTS_LIMIT, Prometheus
from tests.queries.scraping import DEADLINE, exporting, scraping

PREFIX = "bookgen_"
MONITOR_RAN = datetime(2026, 11, 23, 2, 14, tzinfo=UTC)
SECOND = timedelta(seconds=1)

# {n} rises by one a scrape: of eight calls five succeed, of eight jobs six are done, one fails, one is refused.
EXPORTED = """
bookgen_jobs{{status="queued"}} 7
bookgen_jobs{{status="running"}} 2
bookgen_jobs_stuck{{rule="stuck_running"}} 2
bookgen_jobs_stuck{{rule="sla_breach"}} 1
bookgen_oldest_pending_job_timestamp_seconds 0
bookgen_jobs_finished_total{{status="done",error_code=""}} {n6}
bookgen_jobs_finished_total{{status="failed",error_code="LLM_TIMEOUT"}} {n1}
bookgen_jobs_finished_total{{status="failed",error_code="SAFETY_INPUT"}} {n1}
bookgen_job_duration_seconds_bucket{{status="done",le="10"}} 0
bookgen_job_duration_seconds_bucket{{status="done",le="20"}} {n6}
bookgen_job_duration_seconds_bucket{{status="done",le="+Inf"}} {n6}
bookgen_api_requests_total{{provider="painter",kind="image",outcome="succeeded"}} {n5}
bookgen_api_requests_total{{provider="painter",kind="image",outcome="failed"}} {n3}
bookgen_api_requests_total{{provider="writer",kind="llm",outcome="succeeded"}} {n1}
bookgen_api_requests_total{{provider="idle",kind="tts",outcome="succeeded"}} 0
bookgen_api_cost_usd_total{{provider="painter",kind="image"}} {n1}
bookgen_circuit_breaker_state{{provider="painter",state="open",process="1"}} 1
bookgen_circuit_breaker_state{{provider="painter",state="closed",process="1"}} 0
bookgen_circuit_breaker_state{{provider="painter",state="closed",process="2"}} 1
bookgen_circuit_breaker_state{{provider="writer",state="closed",process="1"}} 1
bookgen_circuit_breaker_state{{provider="idle",state="half_open",process="1"}} 1
bookgen_job_monitor_last_run_timestamp_seconds {monitor}
bookgen_db_pool_connections{{state="used"}} 3
bookgen_db_pool_connections{{state="idle"}} 5
bookgen_db_pool_connections_max 10
bookgen_intake_open 1
bookgen_build_info{{version="1.2",commit="abc"}} 1
bookgen_odd{{label="a\\"b\\\\c\\nd"}} 1
"""
NAMES = ("n1", "n3", "n5", "n6")


def exported(scrape: int) -> str:
    values = {name: int(name[1:]) * scrape for name in NAMES}
    return EXPORTED.format(**values, monitor=MONITOR_RAN.timestamp())


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that has scraped the exporter at least three times."""
    with (
        exporting(exported) as exporter,
        scraping(exporter, tmp_path_factory.mktemp("prometheus")) as url,
    ):
        yield Prometheus(url, PREFIX, DEADLINE)


def value(prometheus: Prometheus, expression: str) -> float:
    (sample,) = prometheus.instant(expression)
    return sample.value


def test_gauges(prometheus: Prometheus) -> None:
    assert value(prometheus, metrics.stuck_jobs(PREFIX)) == 3
    assert value(prometheus, metrics.queued_jobs(PREFIX)) == 7
    assert value(prometheus, metrics.running_jobs(PREFIX)) == 2
    assert value(prometheus, metrics.oldest_pending_seconds(PREFIX)) == 0
    by_rule = prometheus.instant(metrics.stuck_jobs_by_rule(PREFIX))
    assert {sample.labels["rule"]: sample.value for sample in by_rule} == {"stuck_running": 2, "sla_breach": 1}


def test_ratios_leave_refusals_out(prometheus: Prometheus) -> None:
    assert value(prometheus, metrics.success_ratio(PREFIX)) == pytest.approx(6 / 7)
    assert value(prometheus, metrics.call_failure_ratio(PREFIX)) == pytest.approx(3 / 9)
    assert value(prometheus, metrics.duration_p95_seconds(PREFIX)) == pytest.approx(19.5)
    assert value(prometheus, metrics.cost_usd_per_hour(PREFIX)) > 0


def test_providers(prometheus: Prometheus) -> None:
    idle, painter, writer = providers.states(prometheus, PREFIX)
    assert idle == Provider("idle", "half_open", 0, None, ("tts",))
    assert (painter.name, painter.breaker, painter.kinds) == ("painter", "open", ("image",))
    assert painter.failure_ratio == pytest.approx(3 / 8)
    assert (writer.breaker, writer.failure_ratio) == ("closed", 0)
    assert writer.requests > 0


def test_health(prometheus: Prometheus) -> None:
    assert health.monitor_last_run(prometheus) == MONITOR_RAN
    assert health.intake_open(prometheus) is True
    assert health.db_pool_ratio(prometheus) == pytest.approx(0.3)
    assert health.versions(prometheus) == ("1.2",)


def test_what_the_service_does_not_offer(prometheus: Prometheus) -> None:
    other = "other_"
    for name, expression in vars(metrics).items():
        if callable(expression) and expression.__module__ == metrics.__name__ and name[0] != "_":
            takes = expression.__code__.co_varnames[: expression.__code__.co_argcount]
            if takes[0] == "prefix":
                given = [other] if takes[1:2] not in (("status",), ("kind",)) else [other, "x"]
                assert prometheus.instant(expression(*given)) == (), name
    assert providers.states(prometheus, other) == ()


def test_label_values_are_escaped(prometheus: Prometheus) -> None:
    odd = 'a"b\\c\nd'
    (sample,) = prometheus.instant(f'bookgen_odd{{label="{metrics.escaped(odd)}"}}')
    assert sample.labels["label"] == odd
    assert prometheus.instant(metrics.jobs_in_status(PREFIX, 'x"} or up{job!="')) == ()


def test_a_series_has_its_gaps_left_out(prometheus: Prometheus) -> None:
    now = datetime.now(UTC)
    questions = (
        health.stuck_jobs_series,
        health.queued_jobs_series,
        health.success_ratio_series,
        health.cost_usd_per_hour_series,
        health.duration_p95_seconds_series,
    )
    for question in questions:
        (series,) = question(prometheus, now - timedelta(minutes=10), now, SECOND)
        assert 0 < len(series.points) < 300
        assert all(at.utcoffset() == timedelta(0) for at, _ in series.points)
    assert prometheus.range("0 / (up * 0)", now - timedelta(minutes=1), now, SECOND)[0].points == ()


def test_a_range_of_more_points_than_prometheus_gives_is_cut_and_joined(prometheus: Prometheus) -> None:
    end = datetime.now(UTC)
    start = end - timedelta(seconds=2.5 * POINTS_LIMIT)
    (series,) = prometheus.range("time()", start, end, SECOND)
    assert len(series.points) == int(end.timestamp()) - int(start.timestamp()) + 1
    assert all(at.timestamp() == number for at, number in series.points)
    steps = {later[0] - earlier[0] for earlier, later in pairwise(series.points)}
    assert steps == {SECOND}


def test_points_lie_on_multiples_of_the_step(prometheus: Prometheus) -> None:
    start = datetime(2026, 11, 23, 1, 2, 3, 456_789, tzinfo=UTC)
    asked = [prometheus.range("time()", start + later, start + later + timedelta(hours=1), timedelta(minutes=15))
             for later in (timedelta(0), timedelta(minutes=12))]  # fmt: skip
    assert asked[0] == asked[1]
    assert [at.minute for at, _ in asked[0][0].points] == [0, 15, 30, 45, 0]


def test_series_are_told_apart_and_sorted(prometheus: Prometheus) -> None:
    now = datetime.now(UTC)
    found = prometheus.range("bookgen_jobs", now - timedelta(seconds=5), now, SECOND)
    assert [series.labels["status"] for series in found] == ["queued", "running"]


def test_a_question_that_is_none(prometheus: Prometheus) -> None:
    with pytest.raises(PrometheusRejected, match=r"\(400\).*parse error"):
        prometheus.instant("sum(")
