"""What Prometheus tells of the limits: what they turned away by bucket, what they were, and a service without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.components.chart_lines import floored
from queries import guardrails, queue_metrics
from queries.prometheus import Prometheus
from tests.queries.scraping import DEADLINE, exporting, scraping

MINUTE = timedelta(minutes=1)
# Two replicas count each for itself and show the same limit.
EXPORTED = """
bookgen_guardrail_limit_jobs{{limit="max_pending_jobs",replica="a"}} 100
bookgen_guardrail_limit_jobs{{limit="max_pending_jobs",replica="b"}} 100
bookgen_guardrail_limit_jobs{{limit="daily_job_limit_per_user"}} 20
bookgen_guardrail_rejections_total{{limit="max_pending_jobs",replica="a"}} {scrape}
bookgen_guardrail_rejections_total{{limit="max_pending_jobs",replica="b"}} {scrape}
bookgen_guardrail_rejections_total{{limit="daily_job_limit_per_user"}} 0
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        exporting(lambda scrape: EXPORTED.format(scrape=scrape)) as exporter,
        scraping(exporter, tmp_path_factory.mktemp("prometheus")) as address,
    ):
        yield address


@pytest.fixture
def prometheus(url: str) -> Prometheus:
    return Prometheus(url, "bookgen_", DEADLINE)


def test_rejections_stand_at_the_beginning_of_their_bucket(prometheus: Prometheus) -> None:
    now = datetime.now(UTC)
    start, end = floored(now, MINUTE) - 5 * MINUTE, floored(now, MINUTE) + MINUTE
    found = {one.labels["limit"]: one.points for one in guardrails.rejections(prometheus, start, end, MINUTE)}
    assert found.keys() == {"max_pending_jobs", "daily_job_limit_per_user"}
    assert sum(value for _, value in found["max_pending_jobs"]) > 0
    assert {value for _, value in found["daily_job_limit_per_user"]} == {0.0}
    for points in found.values():
        assert all(start <= at < end and at == floored(at, MINUTE) for at, _ in points)
        assert all(value == round(value) for _, value in points)


def test_a_limit_is_taken_once_however_many_replicas_show_it(prometheus: Prometheus) -> None:
    now = datetime.now(UTC)
    found = guardrails.courses(prometheus, now - 5 * MINUTE, now, timedelta(seconds=1))
    values = {one.labels["limit"]: {value for _, value in one.points} for one in found}
    assert values == {"max_pending_jobs": {100.0}, "daily_job_limit_per_user": {20.0}}
    assert guardrails.values(prometheus) == {"max_pending_jobs": 100.0, "daily_job_limit_per_user": 20.0}


def test_what_was_refused_over_another_window(prometheus: Prometheus) -> None:
    found = queue_metrics.refused(prometheus, timedelta(days=1))
    assert found["max_pending_jobs"] > 0
    assert found["daily_job_limit_per_user"] == 0


def test_a_service_without_metrics(url: str) -> None:
    other, now = Prometheus(url, "other_", DEADLINE), datetime.now(UTC)
    assert guardrails.rejections(other, now - MINUTE, now, MINUTE) == ()
    assert guardrails.courses(other, now - MINUTE, now, MINUTE) == ()
    assert guardrails.values(other) == {}
