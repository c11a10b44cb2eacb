"""The releases of the history, and what the newest one broke."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from demo.endings import BROKEN
from demo.incidents import course
from demo.past import past
from demo.releases import NEWEST, RELEASES
from demo.rhythm import DAY, HOUR, MINUTE
from tests.demo.conftest import Told

CODES = ("IMAGE_TIMEOUT", "IMAGE_RATE_LIMIT")


@pytest.fixture
def began(told: Told) -> datetime:
    return datetime.fromtimestamp(told.past.course.end - NEWEST.age, UTC)


def version(told: Told, at: float) -> str:
    ((labels, _),) = told.values("bookgen_build_info", at)
    return f"{labels['version']} {labels['commit']}"


def test_each_release_follows_the_one_before(told: Told) -> None:
    begin = told.past.course.release_begins[-1]
    assert version(told, begin - MINUTE) == f"{RELEASES[-2].version} {RELEASES[-2].commit}"
    assert version(told, begin + 6 * MINUTE) == f"{NEWEST.version} {NEWEST.commit}"
    assert version(told, told.past.course.end) == f"{NEWEST.version} {NEWEST.commit}"


def test_there_is_about_one_release_a_week_and_the_newest_some_hours_ago() -> None:
    begins = course(7, 1_795_000_000.0, 90, "UTC").release_begins
    weeks = (begins[1:] - begins[:-1]) / DAY
    assert all(4 < days < 12 for days in weeks)
    assert 3 * HOUR < 1_795_000_000.0 - begins[-1] < 4 * HOUR
    assert RELEASES[0].age > 90 * DAY


def test_since_the_newest_release_series_fail_in_their_images(told: Told, began: datetime) -> None:
    rows = told.rows(
        "select split_part(job_id, '_', 1) = 'series', detail ->> 'error_code' = any(%s), count(*)"
        " from job_events where event in ('done', 'failed') and at > %s group by 1, 2",
        list(CODES),
        began,
    )
    ended: dict[tuple[bool, bool], int] = {(series, bool(broken)): 0 for series, broken, _ in rows}
    for series, broken, count in rows:
        ended[series, bool(broken)] += count
    assert ended[True, True] > 0.1 * sum(ended.values())
    assert ended[True, True] < 0.3 * sum(ended.values())
    assert ended.get((False, True), 0) <= 6


def test_their_errors_are_new_or_were_rare(told: Told, began: datetime) -> None:
    before = dict(
        told.rows(
            "select detail ->> 'error_code', count(*) from job_events"
            " where event = 'failed' and at < %s group by 1",
            began,
        )
    )
    assert "IMAGE_RATE_LIMIT" not in before
    rate = 'increase(bookgen_jobs_finished_total{error_code="IMAGE_RATE_LIMIT"}[%s])'
    ((_, since),) = told.values(rate % f"{int(NEWEST.age)}s", told.past.course.end)
    assert since > 15


def test_the_failed_calls_and_the_wasted_money_are_in_the_ledger(told: Told, began: datetime) -> None:
    rows = told.rows(
        "select j.id, count(*) filter (where c.outcome = 'failed' and c.provider = 'picture-one'),"
        "       sum(c.cost_usd)::float8"
        " from jobs j join cost_events c on c.job_id = j.id"
        " where j.status = 'failed' and j.error_code = any(%s) and j.created_at > %s"
        " group by 1",
        list(CODES),
        began.replace(tzinfo=None),
    )
    assert 40 <= len(rows) <= 120
    assert all(failed >= 3 and usd > 0.01 for _, failed, usd in rows)


@pytest.mark.parametrize("hour", [0, 6, 12, 18])
@pytest.mark.parametrize("seed", [7, 20261123])
def test_at_any_time_of_day_the_incident_is_as_large(seed: int, hour: int) -> None:
    made = past(course(seed, 1_795_392_000.0 + hour * HOUR, 3, "UTC"))
    since = made.course.regression.begin
    ending = made.attempts.ending[made.final & (made.attempts.closed > since) & ~made.left_open]
    broken = np.isin(ending, BROKEN)
    assert 40 <= broken.sum() <= 120
    assert 0.1 < broken.mean() < 0.3


def test_books_are_retryable_from_their_images(told: Told, began: datetime) -> None:
    """What was bought before is kept: a retry resumes in the step that failed."""
    rows = told.rows(
        "select j.retry_count, r.start_step, r.token from jobs j join runs r on r.job_id = j.id"
        " where j.status = 'failed' and j.error_code = any(%s) and j.created_at > %s",
        list(CODES),
        began.replace(tzinfo=None),
    )
    assert {(step, token) for _, step, token in rows} == {("generate_images", None)}
    assert sum(retries < 3 for retries, _, _ in rows) >= 40
