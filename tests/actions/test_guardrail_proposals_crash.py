"""A second person's approval when two decide at once, or something ends in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier

import psycopg
import pytest

from actions import guardrail_proposals
from actions.answers import Guardrail, Guardrails
from actions.audit import Door, Outcome
from actions.client import Request, ServiceClient
from actions.errors import (
    GuardrailsChanged,
    ProposalDecided,
    ServiceUnavailable,
)
from actions.permissions import Actor, Role
from queries.audit_models import Result
from queries.guardrail_proposals import ProposalState
from tests.actions.bulk_rows import until
from tests.actions.limits import (
    DAILY,
    MIA,
    approve,
    changes,
    current,
    decline,
    new_id,
    propose,
    read,
    reset,
    running,
)
from tests.actions.odd_service import OddService, hang_up, status
from tests.actions.stack import Stack
from tests.service_process import ADMIN_KEY


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


@pytest.mark.parametrize("second", ["approve", "decline"])
def test_two_decide_at_once_and_one_counts(stack: Stack, second: str) -> None:
    proposal, start = propose(stack.door), Barrier(2)
    third = Actor("zoe@example.com", Role.ADMIN)

    def decide(decision: Callable[..., Outcome], actor: Actor) -> Outcome:
        start.wait(10)
        return decision(stack, proposal, actor)

    with ThreadPoolExecutor(2) as both:
        one = both.submit(decide, approve, MIA)
        other = both.submit(decide, approve if second == "approve" else decline, third)
        outcomes = {MIA.name: one.result(), third.name: other.result()}
    assert sorted(outcome.result for outcome in outcomes.values()) == [Result.DONE, Result.SKIPPED]
    decided = read(stack.door, proposal.id)
    assert decided.decided_by is not None
    assert outcomes[decided.decided_by].result is Result.DONE
    assert changes(stack) == ([(20, 40)] if decided.state is ProposalState.APPROVED else [])


class Hurried(ServiceClient):
    """Meanwhile somebody else wants to decide, and it is their turn only when this call is over."""

    meanwhile: Callable[[], None]

    def change_guardrails(
        self,
        values: Mapping[str, Decimal],
        *,
        reason: str,
        expires_at: datetime | None,
        etag: str,
        request: Request,
    ) -> Guardrails:
        self.meanwhile()
        return super().change_guardrails(values, reason=reason, expires_at=expires_at, etag=etag, request=request)


def test_nobody_declines_what_is_just_being_approved(stack: Stack) -> None:
    proposal = propose(stack.door)
    blocked = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with (
        ThreadPoolExecutor(1) as other,
        Hurried(stack.processes.url, ADMIN_KEY, deadline=timedelta(seconds=20)) as client,
    ):
        late: list[Future[Outcome]] = []

        def meanwhile() -> None:
            late.append(other.submit(decline, stack, proposal))
            until(lambda: stack.rows(blocked), seconds=4)

        client.meanwhile = meanwhile
        done = approve(stack, proposal, client=client)
    assert done.result is Result.DONE
    assert isinstance(late[0].result().error, ProposalDecided)
    assert read(stack.door, proposal.id).state is ProposalState.APPROVED
    assert changes(stack) == [(20, 40)]


class Dying(ServiceClient):
    """The console ends right after the service did it."""

    def change_guardrails(
        self,
        values: Mapping[str, Decimal],
        *,
        reason: str,
        expires_at: datetime | None,
        etag: str,
        request: Request,
    ) -> Guardrails:
        super().change_guardrails(values, reason=reason, expires_at=expires_at, etag=etag, request=request)
        raise KeyboardInterrupt


def test_what_a_crash_left_half_done_is_ended_without_a_second_change(stack: Stack) -> None:
    proposal = propose(stack.door, lasts=timedelta(hours=4))
    with (
        Dying(stack.processes.url, ADMIN_KEY, deadline=timedelta(seconds=20)) as client,
        pytest.raises(KeyboardInterrupt),
    ):
        approve(stack, proposal, client=client)
    held = current(stack)
    assert held.value == 40
    assert read(stack.door, proposal.id).state is ProposalState.WAITING
    again = approve(stack, proposal)
    assert (again.result, again.message) == (
        Result.DONE, f"{DAILY} was set to 40 by an approval before this one.",
    )  # fmt: skip
    assert again.after == {"value": Decimal(40), "expires_at": held.expires_at}
    assert read(stack.door, proposal.id).state is ProposalState.APPROVED
    assert changes(stack) == [(20, 40)]
    assert current(stack) == held


def test_a_change_that_could_not_be_marked_says_so(stack: Stack) -> None:
    proposal = propose(stack.door)
    with psycopg.connect(stack.url) as connection:
        connection.execute(
            "create trigger locked before update on ops.guardrail_proposals"
            " for each statement execute function ops.refuse_change()"
        )
    unmarked = approve(stack, proposal)
    with psycopg.connect(stack.url) as connection:
        connection.execute("drop trigger locked on ops.guardrail_proposals")
    assert unmarked.result is Result.DONE
    assert unmarked.message.startswith(f"{DAILY} is 40. The proposal could not be marked (")
    assert approve(stack, proposal).result is Result.DONE
    assert read(stack.door, proposal.id).state is ProposalState.APPROVED
    assert changes(stack) == [(20, 40)]


@pytest.mark.parametrize("moved", [True, False])
def test_without_a_history_the_limit_itself_tells(
    *, service: OddService, client: ServiceClient, door: Door, moved: bool
) -> None:
    """After an answer that was lost: the limit that moved is not turned again, the one that did not is."""
    proposal = propose(door)

    def attempt(value: int) -> Outcome:
        held = Guardrail(Decimal(value), None, None, None, "", None)
        return guardrail_proposals.approve(
            door, client, MIA, proposal, reason="r", etag='"7"', current=held, request_id=new_id()
        )

    service.answer(hang_up)
    assert isinstance(attempt(20).error, ServiceUnavailable)
    service.answer(status(404, text=""), status(200, {DAILY: {"value": 40}}))
    again = attempt(40 if moved else 20)
    assert [seen.method for seen in service.seen] == ["PATCH", "GET"] + ([] if moved else ["PATCH"])
    assert (type(again.error) is GuardrailsChanged) is moved
    state = ProposalState.WAITING if moved else ProposalState.APPROVED
    assert read(door, proposal.id).state is state
