"""From answers and thresholds to verdicts: each threshold at, just below and just above."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dashboard.components import assessments
from dashboard.components.formatting import Zone
from dashboard.components.verdicts import State, Verdict
from dashboard.situation import Notes
from queries.audit_models import Acknowledgement
from queries.errors import DatabaseUnavailable, MissingMigration, NotConfigured
from queries.models import (
    Job,
    MoneySource,
    OpenJobs,
    Outcomes,
    Provider,
    RuleHit,
    Spend,
    StuckJob,
    StuckJobs,
    StuckRule,
    StuckRules,
    Thresholds,
)

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
LIMITS = Thresholds()
RULES = StuckRules()
ALIVE = Verdict(State.OK, "job monitor ran just now")
DEAD = Verdict(State.CRITICAL, "The job monitor has not run since 02:14.")
UNKNOWN = Verdict(State.NO_DATA, "Job monitor: no sign of it.")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def stuck_jobs(*ages: float, rule: StuckRule = StuckRule.RUNNING, total: int | None = None) -> StuckJobs:
    """A job stuck for each number of minutes."""
    at = NOW - timedelta(days=1)
    found = tuple(
        StuckJob(Job(f"job_{place}", "running", "user-1", at, at), (RuleHit(rule, NOW - minutes(age)),))
        for place, age in enumerate(ages)
    )
    return StuckJobs(found, len(found) if total is None else total, NOW)


def stuck(
    found: StuckJobs, *snoozed: str, watch: Verdict = ALIVE, limits: Thresholds = LIMITS, alone: bool = True
) -> Verdict:
    return assessments.stuck(found, frozenset(snoozed), watch, limits, alone=alone)


def test_nothing_stuck_is_fine() -> None:
    assert stuck(stuck_jobs()) == Verdict(State.OK, "no job stuck")


@pytest.mark.parametrize(("number", "state"), [(1, State.WARNING), (5, State.WARNING), (6, State.CRITICAL)])
def test_how_many_are_stuck(number: int, state: State) -> None:
    verdict = stuck(stuck_jobs(*range(1, number + 1)))
    assert verdict.state is state
    assert f"for up to {number} min" in verdict.headline
    assert verdict.link is not None
    assert verdict.link.page == "stuck"


def test_more_than_were_read_are_counted() -> None:
    assert stuck(stuck_jobs(41, total=2_500)).headline == "2,500 jobs stuck for up to 41 min."


def test_snoozed_jobs_are_somebodys_already() -> None:
    verdict = stuck(stuck_jobs(50, 41), "job_0")
    assert (verdict.headline, verdict.detail.endswith("1 more is snoozed.")) == (
        "1 job stuck for up to 41 min.",
        True,
    )
    assert stuck(stuck_jobs(50, 41), "job_0", "job_1") == Verdict(State.OK, "no job stuck (2 more are snoozed)")


def test_what_is_beyond_the_read_ones_has_no_age() -> None:
    assert stuck(stuck_jobs(50, total=3), "job_0").headline == "2 jobs stuck."


@pytest.mark.parametrize(
    ("watch", "state", "detail"),
    [
        (ALIVE, State.WARNING, "The job monitor runs and should recover them at its next tick."),
        (DEAD, State.CRITICAL, f"{DEAD.headline} Nothing recovers by itself."),
        (UNKNOWN, State.WARNING, "Whether the job monitor runs is not known."),
    ],
)
def test_what_the_monitor_will_do_about_it(watch: Verdict, state: State, detail: str) -> None:
    verdict = stuck(stuck_jobs(41), watch=watch)
    assert (verdict.state, verdict.detail) == (state, detail)


def test_beside_the_monitors_own_verdict_it_is_not_repeated() -> None:
    verdict = stuck(stuck_jobs(41), watch=DEAD, alone=False)
    assert (verdict.detail, verdict.link) == ("Nothing recovers by itself.", None)


def monitor(last_run: datetime | None, found: StuckJobs) -> Verdict:
    return assessments.monitor(last_run, found, RULES, Zone("UTC", UTC))


@pytest.mark.parametrize(("age", "state"), [(0, State.OK), (10, State.OK), (10.1, State.CRITICAL)])
def test_the_monitor_is_dead_after_two_ticks(age: float, state: State) -> None:
    assert monitor(NOW - minutes(age), stuck_jobs()).state is state


def test_when_the_monitor_last_ran() -> None:
    assert monitor(NOW - minutes(46), stuck_jobs()).headline == (
        "The job monitor has not run since 02:14 (46 min ago)."
    )
    assert monitor(NOW - minutes(4), stuck_jobs()).headline == "job monitor ran 4 min ago"


def test_a_monitor_without_a_sign_is_known_by_what_it_left() -> None:
    assert monitor(None, stuck_jobs(1)).state is State.NO_DATA
    left = monitor(None, stuck_jobs(41, rule=StuckRule.MONITOR_DEAD))
    assert (left.state, "seems dead" in left.headline) == (State.CRITICAL, True)
    assert monitor(NOW, stuck_jobs(41, rule=StuckRule.MONITOR_DEAD)).state is State.CRITICAL


@pytest.mark.parametrize(
    ("queued", "limit", "state"),
    [
        (0, 100, State.OK),
        (50, 100, State.OK),
        (51, 100, State.WARNING),
        (99, 100, State.WARNING),
        (100, 100, State.CRITICAL),
        (1_000, None, State.OK),
        (1_000, 0, State.OK),
    ],
)
def test_how_full_the_queue_is(queued: int, limit: int | None, state: State) -> None:
    waiting = OpenJobs(queued, 2, NOW - minutes(12) if queued else None, NOW)
    assert assessments.queue(waiting, limit, LIMITS).state is state


def test_the_queue_in_words() -> None:
    waiting = OpenJobs(75, 2, NOW - minutes(12), NOW)
    verdict = assessments.queue(waiting, 100, LIMITS)
    assert verdict.headline == "Queue 75 % full: 75 jobs wait, the oldest for 12 min."
    assert verdict.detail == "At 100 the service refuses new books."
    assert assessments.queue(waiting, None, LIMITS).headline == "queue 75"


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        (Outcomes(0, 0, 25, 3), State.NO_DATA),
        (Outcomes(0, 9, 0, 0), State.OK),  # too few to judge by
        (Outcomes(9, 1, 90, 0), State.OK),
        (Outcomes(89, 11, 0, 0), State.WARNING),
        (Outcomes(8, 2, 0, 0), State.WARNING),
        (Outcomes(79, 21, 0, 0), State.CRITICAL),
    ],
)
def test_the_success_rate(outcomes: Outcomes, state: State) -> None:
    assert assessments.success(outcomes, (), LIMITS).state is state


def test_the_causes_of_failure_are_named_and_escaped() -> None:
    codes = (("LLM_TIMEOUT", 12), ("", 5), ("[x](y)", 3), ("FOURTH", 1))
    detail = assessments.success(Outcomes(79, 21, 0, 0), codes, LIMITS).detail
    assert detail == "Most failed by LLM\\_TIMEOUT (12), no error code (5), \\[x\\]\\(y\\) (3)."
    assert assessments.success(Outcomes(79, 21, 0, 0), (), LIMITS).detail == ""


def spend(usd: str | None, source: MoneySource = MoneySource.LEDGER, unpriced: int = 0) -> Spend:
    return Spend(None if usd is None else Decimal(usd), unpriced, source)


@pytest.mark.parametrize(
    ("usd", "state"),
    [
        (None, State.NOT_OFFERED),
        ("0", State.OK),
        ("99.99", State.OK),
        ("100", State.WARNING),
        ("499.99", State.WARNING),
        ("500", State.CRITICAL),
    ],
)
def test_todays_money(usd: str | None, state: State) -> None:
    assert assessments.spend(spend(usd), None, LIMITS).state is state


def test_money_in_words() -> None:
    assert assessments.spend(spend("9.27", MoneySource.ESTIMATED), None, LIMITS).headline == (
        "$9.27 estimated spent today"
    )
    high = assessments.spend(spend("612.5", unpriced=3), Decimal(140), LIMITS)
    assert high.headline == "$612.50 spent today, over the threshold of $500.00."
    assert high.detail == "Usual for this weekday and hour: $140.00. 3 calls are unpriced."


def test_unpriced_calls_are_told_also_below_the_threshold() -> None:
    said = assessments.spend(spend("0", unpriced=3), None, LIMITS).headline
    assert said == "$0.00 spent today (3 calls are unpriced)"


@pytest.mark.parametrize(
    ("breakers", "state"),
    [
        ((), State.NO_DATA),
        (("closed", "closed"), State.OK),
        (("closed", "unknown"), State.NO_DATA),
        (("closed", "half_open"), State.WARNING),
        (("unknown", "open"), State.CRITICAL),
        (("open", "half_open"), State.CRITICAL),
    ],
)
def test_providers(breakers: tuple[str, ...], state: State) -> None:
    states = [Provider(f"pro_{place}", breaker, 10, 0.5) for place, breaker in enumerate(breakers)]
    assert assessments.providers(states).state is state


def test_the_failing_providers_are_named() -> None:
    states = [Provider("picture_one", "open", 10, 1), Provider("story-llm", "closed", 10, 0)]
    assert assessments.providers(states).headline == "Provider picture\\_one is failing."


def test_a_half_open_breaker_is_not_said_to_be_open() -> None:
    detail = assessments.providers([Provider("story-llm", "half_open", 10, 0)]).detail
    assert "is open" not in detail


def test_a_source_that_could_not_be_asked() -> None:
    quiet = assessments.unavailable("Spend", NotConfigured(what="Prometheus", setting="OPS_PROMETHEUS_URL"))
    assert (quiet.state, quiet.headline) == (State.NOT_OFFERED, "Spend: not known.")
    loud = assessments.unavailable(
        "Spend", DatabaseUnavailable(detail="<b>refused</b>", setting="OPS_DATABASE_URL")
    )
    assert loud.state is State.UNAVAILABLE
    assert "<b>" not in loud.detail


def test_notes_that_cannot_be_read_are_not_silence() -> None:
    note = Acknowledgement("job_1", NOW, "Mina Park", "on it", None)
    assert assessments.notes(Notes({"job_1": note})) == []
    (verdict,) = assessments.notes(Notes({}, MissingMigration()))
    assert verdict.state is State.UNAVAILABLE
