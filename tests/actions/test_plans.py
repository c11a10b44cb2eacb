"""The dry run: which jobs an action takes, which not and why, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from actions.jobs import Caution, Obstacle, Plan, PlannedJob, plan_cancel, plan_retry
from queries.models import Job, MoneySource, Spend
from tests.actions.conftest import job

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)


def retry_plan(*jobs: Job, **changes: Any) -> Plan:
    given: dict[str, Any] = {
        "start": "failed_step",
        "estimates": {each.id: Decimal("0.25") for each in jobs},
        "owner_jobs_today": {each.id: 1 for each in jobs},
        "daily_limit": 20,
        "kinds_down": frozenset(),
        "stuck_ids": frozenset(),
        "offered": True,
        "now": NOW,
    }
    return plan_retry(jobs, **{**given, **changes})


def only(plan: Plan) -> PlannedJob:
    (planned,) = plan.jobs
    return planned


def test_a_failed_job_can_be_retried() -> None:
    plan = retry_plan(job())
    assert only(plan) == PlannedJob(job(), None, (), Decimal("0.25"), None, 1)
    assert plan.action == "job.retry"
    assert (plan.eligible, plan.blocked) == (plan.jobs, ())


@pytest.mark.parametrize(
    ("status", "stuck", "obstacle"),
    [
        ("failed", False, None),
        ("running", True, None),
        ("queued", True, None),
        ("running", False, Obstacle.STATUS),
        ("queued", False, Obstacle.STATUS),
        ("done", True, Obstacle.STATUS),
        ("cancelled", True, Obstacle.STATUS),
        ("archiving", True, Obstacle.STATUS),
    ],
)
def test_retry_is_for_what_failed_or_is_stuck(status: str, stuck: bool, obstacle: Obstacle | None) -> None:
    stuck_ids = frozenset({"job_1"} if stuck else set[str]())
    assert only(retry_plan(job(status=status), stuck_ids=stuck_ids)).obstacle is obstacle


@pytest.mark.parametrize(
    ("status", "obstacle"),
    [("queued", None), ("running", None), ("failed", Obstacle.STATUS), ("done", Obstacle.STATUS)],
)
def test_cancel_is_for_what_is_open(status: str, obstacle: Obstacle | None) -> None:
    plan = plan_cancel([job(status=status)], offered=True, spent={}, now=NOW)
    assert only(plan).obstacle is obstacle


@pytest.mark.parametrize(
    ("count", "obstacle"), [(None, None), (2, None), (3, Obstacle.RETRY_LIMIT), (7, Obstacle.RETRY_LIMIT)]
)
def test_the_retry_limit(count: int | None, obstacle: Obstacle | None) -> None:
    assert only(retry_plan(job(retry_count=count))).obstacle is obstacle


def test_the_service_may_set_another_retry_limit() -> None:
    assert only(retry_plan(job(retry_count=3), retry_limit=5)).obstacle is None


@pytest.mark.parametrize(
    ("step", "down", "obstacle", "caution"),
    [
        ("generate_images", "image", Obstacle.PROVIDER_DOWN, None),
        ("generate_images", "llm", None, Caution.PROVIDER_DOWN_LATER),
        ("generate_images", "storage", None, Caution.PROVIDER_DOWN_LATER),
        ("generate_images", "tts", None, None),
        ("generate_story", "image", None, Caution.PROVIDER_DOWN_LATER),
        ("moderate_output", "image", None, None),
        ("package", "storage", Obstacle.PROVIDER_DOWN, None),
        ("package", "llm", None, None),
        ("queued", "llm", Obstacle.PROVIDER_DOWN, None),
        ("이미지 생성 중", "image", None, Caution.PROVIDER_MAYBE_DOWN),
        (None, "image", None, Caution.PROVIDER_MAYBE_DOWN),
    ],
)
def test_a_provider_that_is_down(
    step: str | None, down: str, obstacle: Obstacle | None, caution: Caution | None
) -> None:
    planned = only(retry_plan(job(step=step), kinds_down=frozenset({down})))
    assert planned.obstacle is obstacle
    assert planned.cautions == (() if caution is None else (caution,))


def test_from_the_start_every_step_is_ahead() -> None:
    stays = retry_plan(job(step="package"), kinds_down=frozenset({"llm"}))
    again = retry_plan(job(step="package"), kinds_down=frozenset({"llm"}), start="start")
    prose = retry_plan(job(step="준비"), kinds_down=frozenset({"llm"}), start="start")
    assert [only(plan).obstacle for plan in (stays, again, prose)] == [
        None,
        Obstacle.PROVIDER_DOWN,
        Obstacle.PROVIDER_DOWN,
    ]


def test_no_obstacle_hides_that_the_service_does_not_offer_it() -> None:
    assert only(retry_plan(job(status="done"), offered=False)).obstacle is Obstacle.NOT_OFFERED
    plan = plan_cancel([job(status="done")], offered=False, spent={}, now=NOW)
    assert only(plan).obstacle is Obstacle.NOT_OFFERED


@pytest.mark.parametrize(
    ("made", "limit", "over"),
    [(19, 20, False), (20, 20, True), (None, 20, False), (50, None, False), (0, 0, True)],
)
def test_the_owners_daily_limit(made: int | None, limit: int | None, over: bool) -> None:
    owners = {} if made is None else {"job_1": made}
    plan = retry_plan(job(), owner_jobs_today=owners, daily_limit=limit)
    assert (Caution.OVER_DAILY_LIMIT in only(plan).cautions) is over
    assert plan.users_over_limit == (frozenset({"user-1"}) if over else frozenset())


@pytest.mark.parametrize(("age", "moments"), [(0, True), (59, True), (60, False), (-5, True)])
def test_a_job_that_has_just_moved(age: int, moments: bool) -> None:
    moved = job(status="running", updated_at=NOW - timedelta(seconds=age))
    retried = retry_plan(moved, stuck_ids=frozenset({"job_1"}))
    cancelled = plan_cancel([moved], offered=True, spent={"job_1": spend("1")}, now=NOW)
    for plan in (retried, cancelled):
        assert only(plan).cautions == ((Caution.UPDATED_MOMENTS_AGO,) if moments else ())


@pytest.mark.parametrize(
    ("code", "refused"), [("SAFETY_INPUT", True), ("SAFETY_OUTPUT", True), ("IMAGE_FAILED", False)]
)
def test_what_was_refused_for_its_content_will_be_again(code: str, refused: bool) -> None:
    assert (Caution.REFUSED in only(retry_plan(job(error_code=code))).cautions) is refused


def test_the_total_counts_what_is_eligible_and_known() -> None:
    jobs = (job("job_1"), job("job_2"), job("job_3", status="done"), job("job_4"))
    estimates = {"job_1": Decimal("0.10"), "job_2": None, "job_3": Decimal(9)}
    plan = retry_plan(*jobs, estimates=estimates)
    assert plan.total_estimate == Decimal("0.10")
    assert plan.unknown_costs == 2
    assert [planned.job.id for planned in plan.blocked] == ["job_3"]


def test_a_total_of_nothing_known_is_not_zero() -> None:
    assert retry_plan(job(), estimates={}).total_estimate is None
    assert retry_plan().total_estimate is None


def test_users_over_their_limit_are_counted_once() -> None:
    jobs = (job("job_1", user="a"), job("job_2", user="a"), job("job_3", user="b"), job("job_4", user="c"))
    plan = retry_plan(*jobs, owner_jobs_today={"job_1": 20, "job_2": 20, "job_3": 25, "job_4": 19})
    assert plan.users_over_limit == {"a", "b"}


def spend(usd: str | None) -> Spend:
    return Spend(None if usd is None else Decimal(usd), 0, MoneySource.LEDGER)


def test_a_cancel_tells_what_it_gives_up() -> None:
    jobs = (job("job_1", status="running"), job("job_2", status="queued"), job("job_3", status="running"))
    plan = plan_cancel(jobs, offered=True, spent={"job_1": spend("0.4"), "job_2": spend(None)}, now=NOW)
    assert plan.total_spent == Decimal("0.4")
    assert plan.unknown_costs == 2
    assert plan.total_estimate is None
    assert plan.action == "job.cancel"
