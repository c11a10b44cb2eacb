"""A job's state in words: each status, what is usual, stuck, noted, and what could not be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dashboard.components import job_verdict
from dashboard.components.formatting import NOTHING_AT_ALL
from dashboard.components.job_known import Known
from dashboard.components.job_verdict import Told
from queries.audit_models import Acknowledgement
from queries.errors import DatabaseTimeout, MissingMigration
from queries.job_models import Check
from queries.models import Job, RuleHit, StuckJob, StuckRule
from queries.step_times import StepTime

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIN = timedelta(minutes=1)
USUAL = {
    "generate_images": StepTime(timedelta(seconds=40), timedelta(seconds=95)),
    "queued": StepTime(timedelta(seconds=8), timedelta(seconds=8)),
}


def known(status: str, ago: timedelta = 41 * MIN, **changes: Any) -> Known:
    """A job that was created an hour ago and last changed that long ago."""
    job = Job("job_1", status, "user-1", NOW - 60 * MIN, NOW - ago, step="generate_images", retry_count=0)
    return Known(replace(job, **changes), NOW, USUAL, None, None, ())


def said(one: Known) -> str:
    """All that is said, without the backslashes that keep foreign text from being interpreted."""
    found: Told = job_verdict.told(one)
    words = " ".join((found.headline, found.detail, *found.notes))
    return words.replace("\\", "").replace(NOTHING_AT_ALL, "").strip()


def test_failed() -> None:
    one = known("failed", error_code="IMAGE_TIMEOUT", retry_count=1)
    assert said(one) == "Failed 41 min ago at generate_images after 2 attempts: IMAGE_TIMEOUT."
    assert ":red[" in job_verdict.told(one).mark
    assert said(known("failed", retry_count=None)) == "Failed 41 min ago at generate_images: no error code."
    assert said(known("failed", step=None, error_code="X")) == "Failed 41 min ago: X."


@pytest.mark.parametrize("code", ["SAFETY_INPUT", "SAFETY_OUTPUT"])
def test_a_refusal_is_no_fault(code: str) -> None:
    one = known("failed", error_code=code)
    assert said(one) == f"Refused 41 min ago at generate_images: {code}. A refusal is not a fault of the service."
    assert ":red[" not in job_verdict.told(one).mark


def test_running_beside_what_is_usual() -> None:
    one = known("running", 3 * MIN)
    assert said(one) == "Running generate_images for 3 min. This step usually takes 40 sec to 1 min 35 sec."
    assert said(known("running", 3 * MIN, step="그림 그리는 중...")) == "Running 그림 그리는 중... for 3 min."
    assert said(known("running", 3 * MIN, step=None)) == "Running for 3 min."


def test_queued_beside_what_is_usual() -> None:
    assert said(known("queued", 12 * MIN)) == "Queued for 12 min. The usual wait is 8 sec."
    assert said(replace(known("queued", 12 * MIN), usual={})) == "Queued for 12 min."


def check(name: str, score: str) -> Check:
    return Check(name, Decimal(score), Decimal(score) >= Decimal("0.85"), "", NOW)


def test_done() -> None:
    one = known("done", 53 * MIN + timedelta(seconds=40))
    assert said(one) == "Done in 6 min 20 sec, 53 min ago."
    assert ":green[" in job_verdict.told(one).mark
    retried = known("done", retry_count=1)
    assert said(retried) == "Done 41 min ago, at attempt 2, 19 min after it was ordered."


def test_done_is_not_always_good() -> None:
    one = replace(known("done"), checks=(check("placeholder_images", "0.833"), check("repetition", "1")))
    assert said(one) == "Done in 19 min, 41 min ago. Delivered with placeholder images."
    poor = replace(known("done"), checks=(check("repetition", "0.8"),))
    assert said(poor).endswith("Its quality is 80 %, below the 85 % that a book needs.")
    for found in (one, poor):
        assert ":orange[" in job_verdict.told(found).mark


def test_cancelled_and_statuses_of_another_service() -> None:
    assert said(known("cancelled")) == "Cancelled 41 min ago at generate_images."
    assert said(known("paused")) == "paused for 41 min. The console does not know this status."


def test_stuck() -> None:
    one = known("running", 20 * MIN)
    hits = (RuleHit(StuckRule.RUNNING, NOW - 5 * MIN), RuleHit(StuckRule.SLA, NOW - 10 * MIN))
    stuck = replace(one, stuck=StuckJob(one.job, hits))
    assert "Stuck for 10 min: no update · over time." in said(stuck)
    assert ":orange[" in job_verdict.told(stuck).mark
    dead = replace(one, stuck=StuckJob(one.job, (RuleHit(StuckRule.MONITOR_DEAD, NOW - MIN), *hits)))
    assert ":red[" in job_verdict.told(dead).mark


def test_who_looks_after_it() -> None:
    note = Acknowledgement("job_1", NOW - 2 * MIN, "Mina Park", "**on** it", None)
    assert "Mina Park has looked after it for 2 min: **on** it" in said(replace(known("running"), note=note))
    assert "\\*\\*on\\*\\*" in job_verdict.told(replace(known("running"), note=note)).notes[0]
    snoozed = replace(note, snoozed_until=NOW + 30 * MIN)
    assert "Snoozed for 30 min by Mina Park: **on** it" in said(replace(known("running"), note=snoozed))
    over = replace(note, snoozed_until=NOW - MIN)
    assert "Snoozed" not in said(replace(known("running"), note=over))
    assert "Mina Park" not in said(replace(known("done"), note=note))


def test_what_cannot_be_asked_is_said() -> None:
    one = replace(known("running"), stuck=DatabaseTimeout(seconds="10.0"), note=MissingMigration())
    assert "Whether it is stuck: not known. The database took longer than 10.0 s" in said(one)
    assert "Notes and snoozes: not known." in said(one)


def test_nothing_foreign_is_interpreted() -> None:
    hostile = "<b>![x](http://127.0.0.1/x) $f$ :red[g]"
    for status in ("failed", "running", "cancelled", hostile):
        told = job_verdict.told(known(status, step=hostile, error_code=hostile))
        assert "![x](" not in told.headline
        assert "<b>" not in told.headline
        assert hostile in said(known(status, step=hostile, error_code=hostile))
