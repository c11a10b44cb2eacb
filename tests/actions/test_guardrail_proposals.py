"""A second person's approval: proposed, approved, declined, withdrawn, lapsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from actions.errors import (
    GuardrailsChanged,
    OwnProposal,
    PermissionDenied,
    ProposalDecided,
    ProposalLapsed,
    ProposalNotFound,
)
from actions.permissions import Actor, Role
from queries.audit_models import Result
from queries.guardrail_proposals import ProposalState
from tests.actions.conftest import OPERATOR
from tests.actions.limits import (
    ADA,
    DAILY,
    MIA,
    PENDING,
    approve,
    change,
    changes,
    current,
    decline,
    log,
    propose,
    read,
    reset,
    running,
    waiting,
)
from tests.actions.stack import Stack


@pytest.fixture(scope="module")
def opened(
    new_database: Callable[[str], str], store_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    with running(new_database(store_template), tmp_path_factory.mktemp("service")) as stack:
        yield stack


@pytest.fixture
def stack(opened: Stack) -> Stack:
    reset(opened)
    return opened


def test_what_one_admin_proposes_another_approves(stack: Stack) -> None:
    proposal = propose(stack.door, request_id="asks")
    assert [one.id for one in waiting(stack)] == [proposal.id]
    assert (proposal.actor, proposal.guardrail, proposal.reason) == (ADA.name, DAILY, "launch day")
    assert (proposal.before, proposal.value, proposal.stake_usd) == (Decimal(20), Decimal(40), Decimal("812.50"))
    assert proposal.lapses_at - proposal.at == timedelta(hours=24)
    assert current(stack).value == 20
    done = approve(stack, proposal, request_id="agrees")
    assert (done.result, done.message) == (Result.DONE, f"{DAILY} is 40.")
    assert current(stack).value == 40
    decided = read(stack.door, proposal.id)
    assert (decided.state, decided.decided_by) == (ProposalState.APPROVED, MIA.name)
    assert decided.decided_at is not None
    assert waiting(stack) == ()
    (told,) = stack.client.guardrail_history()
    assert (told.actor, told.request_id) == (MIA.name, "agrees")
    assert told.reason == f"looks right (proposed by {ADA.name}: launch day)"


def test_the_log_tells_who_asked_and_who_agreed_to_what(stack: Stack) -> None:
    proposal = propose(stack.door, request_id="log-asks", lasts=timedelta(hours=4))
    approve(stack, proposal, request_id="log-agrees")
    first, _ = log(stack, "log-asks")
    assert (first["actor"], first["action"], first["target_id"]) == (ADA.name, "guardrail.propose", DAILY)
    told = {"proposal": proposal.id, "value": "40", "lasts": "4:00:00", "stake_usd": "812.50"}
    assert (first["parameters"], first["before"]) == (told, {"value": "20"})
    intent, outcome = log(stack, "log-agrees")
    assert (intent["actor"], intent["action"], intent["reason"]) == (MIA.name, "guardrail.approve", "looks right")
    assert intent["parameters"] == told | {"proposer": ADA.name}
    assert intent["before"] == {"value": "20", "expires_at": None, "reverts_to": None}
    assert (outcome["after"]["value"], outcome["after"]["reverts_to"]) == ("40", "20")


def test_a_while_begins_with_the_approval(stack: Stack) -> None:
    proposal = propose(stack.door, lasts=timedelta(hours=4))
    with psycopg.connect(stack.url) as connection:
        connection.execute("update ops.guardrail_proposals set at = at - interval '3 hours'")
    earliest = datetime.now(UTC) + timedelta(hours=4)
    assert approve(stack, proposal).result is Result.DONE
    held = current(stack)
    assert held.expires_at is not None
    assert earliest <= held.expires_at <= datetime.now(UTC) + timedelta(hours=4)
    assert held.reverts_to == 20


@pytest.mark.parametrize("name", [ADA.name, "Ada@Example.com"])
def test_nobody_approves_what_they_proposed(stack: Stack, name: str) -> None:
    proposal = propose(stack.door)
    refused = approve(stack, proposal, Actor(name, Role.ADMIN))
    assert (refused.result, type(refused.error)) == (Result.REFUSED, OwnProposal)
    assert read(stack.door, proposal.id).state is ProposalState.WAITING
    assert changes(stack) == []
    assert approve(stack, proposal).result is Result.DONE


def test_only_an_admin_may(stack: Stack) -> None:
    proposal = propose(stack.door)
    for attempt in (
        lambda: propose(stack.door, OPERATOR),
        lambda: approve(stack, proposal, OPERATOR),
        lambda: decline(stack, proposal, OPERATOR),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert [one.id for one in waiting(stack)] == [proposal.id]


@pytest.mark.parametrize(
    ("actor", "state"), [(MIA, ProposalState.DECLINED), (ADA, ProposalState.WITHDRAWN)], ids=["other", "own"]
)
def test_what_is_declined_or_withdrawn_is_over(stack: Stack, actor: Actor, state: ProposalState) -> None:
    proposal = propose(stack.door)
    assert decline(stack, proposal, actor).message == f"The proposal is {state}."
    assert read(stack.door, proposal.id).state is state
    late = approve(stack, proposal)
    assert (late.result, type(late.error)) == (Result.SKIPPED, ProposalDecided)
    assert late.message == f"This proposal is {state} already, by {actor.name}. Nothing was done."
    assert isinstance(decline(stack, proposal).error, ProposalDecided)
    assert changes(stack) == []


def test_what_nobody_decides_in_a_day_lapses(stack: Stack) -> None:
    proposal = propose(stack.door)
    with psycopg.connect(stack.url) as connection:
        connection.execute("update ops.guardrail_proposals set at = at - interval '24 hours'")
    assert waiting(stack) == ()
    assert read(stack.door, proposal.id).state is ProposalState.LAPSED
    for late in (approve(stack, proposal), decline(stack, proposal)):
        assert isinstance(late.error, ProposalLapsed)
        assert "older than 24 h" in late.message
    assert changes(stack) == []


def test_a_limit_that_moved_is_not_what_was_proposed_on(stack: Stack) -> None:
    proposal = propose(stack.door)
    change(stack, 30)
    moved = approve(stack, proposal)
    assert (moved.result, type(moved.error)) == (Result.SKIPPED, GuardrailsChanged)
    assert read(stack.door, proposal.id).state is ProposalState.WAITING
    assert changes(stack) == [(20, 30)]


def test_a_stale_page_has_to_look_again(stack: Stack) -> None:
    proposal, shown = propose(stack.door), stack.client.guardrails()
    change(stack, 90, limit=PENDING)
    assert isinstance(approve(stack, proposal, etag=shown.etag).error, GuardrailsChanged)
    assert approve(stack, proposal).result is Result.DONE
    assert changes(stack) == [(20, 40)]


def test_a_proposal_that_never_was(stack: Stack) -> None:
    proposal = propose(stack.door)
    with psycopg.connect(stack.url) as connection:
        connection.execute("delete from ops.guardrail_proposals")
    assert isinstance(approve(stack, proposal).error, ProposalNotFound)
    assert isinstance(decline(stack, proposal).error, ProposalNotFound)
