"""The limits in words: what binds and how badly, what holds for a while, what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from actions.answers import Guardrail, GuardrailChange, Guardrails
from actions.errors import NotOffered, ServiceUnreachable
from dashboard.components import guardrail_verdict
from dashboard.components.formatting import Zone
from dashboard.components.guardrail_now import Now, Standing, Use
from dashboard.components.verdicts import State, Verdict
from dashboard.fetch import Fetched
from queries.errors import DatabaseTimeout, OpsError
from queries.guardrail_proposals import Proposal, ProposalState
from queries.guardrails import UserJobs

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ZONE = Zone("UTC", UTC)
DAILY, OPEN, BUDGET = "daily_job_limit_per_user", "max_pending_jobs", "daily_generation_budget"


def rail(value: int, expires_at: datetime | None = None) -> Guardrail:
    reverts_to = None if expires_at is None else Decimal(20)
    return Guardrail(Decimal(value), Decimal(0), Decimal(1000), Decimal(20), "", expires_at, "jobs", reverts_to)


def of_users(*jobs: int) -> Use:
    return Use(Decimal(max(jobs)), tuple(UserJobs(f"{user:032x}", number) for user, number in enumerate(jobs)))


def standing(
    name: str = DAILY,
    value: int = 20,
    use: Use | OpsError | None = None,
    *,
    refused: int | None = 0,
    expires_at: datetime | None = None,
    last: GuardrailChange | None = None,
) -> Standing:
    return Standing(name, rail(value, expires_at), use, refused, refused, last)


def verdicts(*standings: Standing, waiting: tuple[Proposal, ...] = ()) -> list[Verdict]:
    limits = Fetched(Guardrails({one.name: one.rail for one in standings}, '"1"'), NOW, "service")
    return guardrail_verdict.told(Now(limits, standings, NOW, timedelta(hours=14)), None, waiting, ZONE)


def test_where_nothing_binds_one_quiet_line_says_so() -> None:
    assert verdicts(standing(use=of_users(19, 3))) == [Verdict(State.OK, "No limit binds now")]


def test_users_at_their_limit_who_were_refused_are_a_warning() -> None:
    (found,) = verdicts(standing(use=of_users(20, 20, 21, 25, 3), refused=31))
    assert found.state is State.WARNING
    assert found.headline == "Jobs a day per user: 4 users at the limit of 20."
    assert (
        found.detail
        == "31 requests refused in the last hour. It counts anew in 14 hr, with the service's next day."
    )


@pytest.mark.parametrize(("refused", "rest"), [(0, ", nobody refused in the last hour"), (None, "")])
def test_users_at_their_limit_whom_nobody_refused_are_quiet(refused: int | None, rest: str) -> None:
    (found,) = verdicts(standing(use=of_users(20), refused=refused))
    assert (found.state, found.headline) == (State.OK, f"Jobs a day per user: 1 user at the limit of 20{rest}")


def test_a_limit_of_the_whole_service_that_is_reached_is_critical() -> None:
    (found,) = verdicts(standing(OPEN, 100, Use(Decimal(100)), refused=None))
    assert found.state is State.CRITICAL
    assert found.headline == "Open jobs: the limit of 100 is reached, new requests are refused."


def test_a_limit_that_is_switched_off_binds_nobody() -> None:
    assert verdicts(standing(BUDGET, 0, Use(Decimal(900))))[0].headline == "No limit binds now"


def test_a_limit_of_nothing_lets_nobody_in() -> None:
    (found,) = verdicts(standing(OPEN, 0, Use(Decimal(0))))
    assert found.state is State.CRITICAL


def test_what_refused_lately_and_is_not_reached_now_is_told_quietly() -> None:
    (found,) = verdicts(standing(OPEN, 100, Use(Decimal(40)), refused=1))
    assert found.headline == "Open jobs: below the limit of 100 now, 1 request refused in the last hour"
    assert found.state is State.OK


def test_a_value_for_a_while_is_told_with_who_and_why() -> None:
    until = NOW + timedelta(hours=4)
    last = GuardrailChange("1", NOW, DAILY, Decimal(20), Decimal(40), until, "Mina Park", "school *event*", "r")
    quiet, temporary = sorted(
        verdicts(standing(value=40, use=of_users(3), expires_at=until, last=last)),
        key=lambda one: len(one.headline),
    )
    assert quiet.headline == "No limit binds now"
    assert temporary.headline.replace("\\", "") == (
        "Jobs a day per user: 40 until 14:00, then back to 20 (Mina Park: school *event*)"
    )
    assert r"school \*event\*" in temporary.headline


def test_a_source_that_fails_is_not_a_limit_that_nobody_is_near() -> None:
    (found,) = verdicts(standing(use=DatabaseTimeout(seconds=10)))
    assert found.state is State.UNAVAILABLE
    assert found.headline == "How close Jobs a day per user is: not known."


def test_what_waits_for_a_second_admin_is_a_warning() -> None:
    proposal = Proposal(
        "p", NOW, "Ada Mensah", DAILY, Decimal(20), Decimal(15), None, "why", None, ProposalState.WAITING,
        None, None, NOW,
    )  # fmt: skip
    found, _ = verdicts(standing(use=of_users(1)), waiting=(proposal,))
    assert (found.state, found.headline) == (State.WARNING, "1 change waits for a second admin.")


def test_what_is_not_offered_does_not_look_like_an_outage() -> None:
    offered = guardrail_verdict.missing(NotOffered(action="guardrails"), {})
    assert [one.state for one in offered] == [State.NOT_OFFERED]
    down, metrics = guardrail_verdict.missing(ServiceUnreachable(detail="refused"), {OPEN: 100.0})
    assert down.state is State.UNAVAILABLE
    assert metrics.headline == "By the service's metrics: Open jobs: 100"
