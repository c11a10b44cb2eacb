"""A real Prometheus over a small exporter: depth, limit, waits, refusals, and services that lack them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isclose

import pytest

from queries import metrics, queue_metrics
from queries.prometheus import Prometheus
from queries.queue_models import DepthHistory, WaitHistory
from tests.queries.scraping import DEADLINE, exporting, scraping

SECOND = timedelta(seconds=1)

# Two replicas show the same gauges. {n1} rises by one a scrape: half of the jobs wait for less than 5 s.
EXPORTED = """
bookgen_jobs{{status="queued",replica="a"}} 7
bookgen_jobs{{status="queued",replica="b"}} 7
bookgen_jobs{{status="running",replica="a"}} 2
bookgen_jobs{{status="done",replica="a"}} 900
bookgen_oldest_pending_job_timestamp_seconds {minute_ago}
bookgen_guardrail_limit_jobs{{limit="max_pending_jobs"}} 100
bookgen_guardrail_limit_jobs{{limit="daily_job_limit_per_user"}} 20
bookgen_job_queue_wait_seconds_bucket{{le="5.0"}} {n1}
bookgen_job_queue_wait_seconds_bucket{{le="10.0"}} {n2}
bookgen_job_queue_wait_seconds_bucket{{le="+Inf"}} {n2}
bookgen_guardrail_rejections_total{{limit="max_pending_jobs",replica="a"}} {n1}
bookgen_guardrail_rejections_total{{limit="max_pending_jobs",replica="b"}} {n1}
bookgen_guardrail_rejections_total{{limit="intake"}} 0
idle_jobs{{status="queued"}} 0
idle_jobs{{status="running"}} 0
idle_job_queue_wait_seconds_bucket{{le="5.0"}} 3
idle_job_queue_wait_seconds_bucket{{le="+Inf"}} 3
mute_jobs{{status="queued"}} 4
"""


def exported(scrape: int) -> str:
    minute_ago = datetime.now(UTC).timestamp() - 60
    return EXPORTED.format(n1=scrape, n2=2 * scrape, minute_ago=minute_ago)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that has scraped the exporter at least three times."""
    with (
        exporting(exported) as exporter,
        scraping(exporter, tmp_path_factory.mktemp("prometheus")) as address,
    ):
        yield address


@pytest.fixture
def prometheus(url: str) -> Prometheus:
    return of(url, "bookgen_")


def of(url: str, prefix: str) -> Prometheus:
    """The same server, asked for one of the services' metrics."""
    return Prometheus(url, prefix, DEADLINE)


def lately() -> tuple[datetime, datetime, timedelta]:
    now = datetime.now(UTC)
    return now - timedelta(minutes=5), now, SECOND


def test_depth_by_status_is_counted_once_beside_the_limit(prometheus: Prometheus) -> None:
    found = queue_metrics.depth(prometheus, *lately())
    assert [one.labels for one in found.by_status] == [{"status": "queued"}, {"status": "running"}]
    assert [{value for _, value in one.points} for one in found.by_status] == [{7.0}, {2.0}]
    (limit,) = found.limit
    assert {value for _, value in limit.points} == {100.0}


def test_how_long_jobs_had_waited(prometheus: Prometheus) -> None:
    waits = queue_metrics.waits_now(prometheus)
    assert waits is not None
    assert waits.p50 == timedelta(seconds=5)
    assert isclose(waits.p95.total_seconds(), 9.5)
    found = queue_metrics.waits(prometheus, *lately())
    assert [len(line) for line in (found.p50, found.p95, found.oldest)] == [1, 1, 1]
    # Older by what a busy machine makes a scrape late.
    assert all(60 <= value < 120 for _, value in found.oldest[0].points)


def test_refusals_by_limit(prometheus: Prometheus) -> None:
    one_replica = 'increase(bookgen_guardrail_rejections_total{limit="max_pending_jobs",replica="a"}[1h])'
    (alone,) = prometheus.instant(one_replica)
    found = queue_metrics.refused(prometheus)
    # Both replicas together; meanwhile it only grows.
    assert found["max_pending_jobs"] > 1.5 * alone.value > 0
    assert found["intake"] == 0


def test_where_nothing_waits_the_oldest_waits_for_nothing(url: str) -> None:
    assert [one.value for one in of(url, "").instant(metrics.oldest_pending_seconds("idle_"))] == [0]
    assert queue_metrics.waits_now(of(url, "idle_")) is None


def test_an_age_that_is_not_told_is_not_nothing(prometheus: Prometheus) -> None:
    assert prometheus.instant(metrics.oldest_pending_seconds("mute_")) == ()


def test_a_service_without_metrics(url: str) -> None:
    other = of(url, "other_")
    assert queue_metrics.depth(other, *lately()) == DepthHistory((), ())
    assert queue_metrics.waits(other, *lately()) == WaitHistory((), (), ())
    assert queue_metrics.waits_now(other) is None
    assert queue_metrics.refused(other) == {}
