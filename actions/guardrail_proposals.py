"""A limit's change that needs a second person: proposed by one admin, approved or declined by another.

Each verb goes through the door. The limit itself is guarded by the value it was proposed on and by the ETag; a
proposal's row is locked while somebody decides on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from actions import guardrails
from actions.answers import Guardrail
from actions.audit import Door, Effect, Intent, Outcome, performed
from actions.client import HISTORY_LIMIT, Request, ServiceClient
from actions.errors import (
    GuardrailsChanged,
    NotOffered,
    NotRecorded,
    OwnProposal,
    ProposalDecided,
    ProposalLapsed,
    ProposalNotFound,
)
from actions.permissions import Actor
from actions.reasons import REASON_LIMIT, checked
from actions.store import writing
from queries.audit_models import Phase
from queries.guardrail_proposals import LASTS, Proposal, ProposalState, proposal, proposals
from queries.ops_store import AUDIT_LOG, GUARDRAIL_PROPOSALS

PROPOSE, APPROVE, DECLINE = "guardrail.propose", "guardrail.approve", "guardrail.decline"


def propose(
    door: Door,
    actor: Actor,
    *,
    guardrail: str,
    before: Decimal,
    value: Decimal,
    lasts: timedelta | None,
    reason: str,
    stake_usd: Decimal | None,
    request_id: str,
) -> str:
    """Answers its id. before: the value in force that was shown; lasts: from the approval on, None for good.

    Raises what performed() raises, and what hindered it.
    """
    row = {
        "id": str(uuid4()), "actor": actor.name, "guardrail": guardrail, "before": before, "value": value,
        "lasts": lasts, "reason": reason, "stake_usd": stake_usd,
    }  # fmt: skip

    def act() -> Effect:
        with writing(door.store) as connection:
            connection.execute(GUARDRAIL_PROPOSALS.insert(), row | {"reason": checked(reason)})
        return Effect({"state": ProposalState.WAITING}, "Proposed: another admin has to approve it.")

    asked = {"proposal": row["id"], "value": value, "lasts": lasts, "stake_usd": stake_usd}
    intent = Intent(
        PROPOSE, "guardrail", guardrail, reason, request_id, parameters=asked, before={"value": before}
    )
    outcome = performed(door, actor, intent, act)
    if outcome.error is not None:
        raise outcome.error
    return str(row["id"])


def approve(
    door: Door,
    client: ServiceClient,
    actor: Actor,
    wanted: Proposal,
    *,
    reason: str,
    etag: str,
    current: Guardrail,
    request_id: str,
) -> Outcome:
    """Change the limit as another admin proposed it; current and etag: as they were shown just now.

    Where an earlier approval reached the service and the console never heard of it, nothing is changed again.
    The outcome's error may be OwnProposal, ProposalDecided (skipped), ProposalLapsed, GuardrailsChanged (skipped;
    the limit is not what it was when this was proposed), or what guardrails.change() tells.
    """

    request = Request(actor.name, request_id)

    def carry_out(connection: Connection, found: Proposal) -> Effect:
        if _is_own(found, actor):
            raise OwnProposal
        done = _done_already(client, found, _attempts(connection, found, but=request_id))
        return done or _done(client, request, found, reason=checked(reason), etag=etag, current=current)

    intent = Intent(
        APPROVE, "guardrail", wanted.guardrail, reason, request_id,
        parameters=_told(wanted), before=guardrails.told(current),
    )  # fmt: skip
    return performed(door, actor, intent, lambda: _approved(door, wanted, actor, carry_out))


def decline(door: Door, actor: Actor, wanted: Proposal, *, reason: str, request_id: str) -> Outcome:
    """Let nothing come of it; by its own proposer: it is withdrawn.

    The outcome's error may be ProposalDecided (skipped) or ProposalLapsed.
    """
    state = ProposalState.WITHDRAWN if _is_own(wanted, actor) else ProposalState.DECLINED

    def act() -> Effect:
        with _deciding(door, wanted, actor, state):
            return Effect({"state": state}, f"The proposal is {state}.")

    intent = Intent(DECLINE, "guardrail", wanted.guardrail, reason, request_id, parameters=_told(wanted))
    return performed(door, actor, intent, act)


def _approved(
    door: Door, wanted: Proposal, actor: Actor, carry_out: Callable[[Connection, Proposal], Effect]
) -> Effect:
    """What was carried out, also where the proposal could not be marked after it: then the message says so."""
    effect = None
    try:
        with _deciding(door, wanted, actor, ProposalState.APPROVED) as (connection, found):
            effect = carry_out(connection, found)
    except NotRecorded as error:
        if effect is None:
            raise
        unmarked = f"The proposal could not be marked ({error.fields['detail']}): approve it again to do so."
        return replace(effect, message=f"{effect.message} {unmarked}")
    return effect


@contextmanager
def _deciding(
    door: Door, wanted: Proposal, actor: Actor, state: ProposalState
) -> Iterator[tuple[Connection, Proposal]]:
    """The proposal, locked while it waits; it is decided at the end, unless something is raised."""
    its = GUARDRAIL_PROPOSALS.c.id == wanted.id
    with writing(door.store) as connection:
        row = connection.execute(proposals().where(its).with_for_update()).first()
        if row is None:
            raise ProposalNotFound(proposal_id=wanted.id)
        found = proposal(row)
        if found.state is ProposalState.LAPSED:
            raise ProposalLapsed(hours=LASTS // timedelta(hours=1))
        if found.state is not ProposalState.WAITING:
            raise ProposalDecided(status=found.state.value, by=found.decided_by)
        yield connection, found
        decided = {"state": state, "decided_at": sa.func.clock_timestamp(), "decided_by": actor.name}
        connection.execute(GUARDRAIL_PROPOSALS.update().where(its).values(decided))


def _is_own(proposed: Proposal, actor: Actor) -> bool:
    # Sign-in may write the same address in another case.
    return proposed.actor.casefold() == actor.name.casefold()


def _attempts(connection: Connection, found: Proposal, *, but: str) -> frozenset[str]:
    """The request ids of those who tried to approve it before."""
    log = AUDIT_LOG.c
    question = sa.select(log.request_id).where(
        log.target_id == found.guardrail,
        log.action == APPROVE,
        log.phase == Phase.INTENT,
        log.parameters["proposal"].astext == found.id,
        log.request_id != but,
    )
    return frozenset(connection.execute(question).scalars())


def _done_already(client: ServiceClient, found: Proposal, earlier: frozenset[str]) -> Effect | None:
    """What an earlier approval did whose answer was lost, or whose console died; None where there was none.

    A service without a history does not tell: then the limit, which is not what it was, stops a second change.
    """
    if not earlier:
        return None
    try:
        history = client.guardrail_history(HISTORY_LIMIT)
    except NotOffered:
        return None
    for change in history:
        if change.request_id in earlier and change.limit == found.guardrail:
            message = f"{change.limit} was set to {change.new:f} by an approval before this one."
            return Effect({"value": change.new, "expires_at": change.expires_at}, message)
    return None


def _done(
    client: ServiceClient, request: Request, found: Proposal, *, reason: str, etag: str, current: Guardrail
) -> Effect:
    if current.value != found.before:
        raise GuardrailsChanged
    return guardrails.applied(
        client,
        request,
        limit=found.guardrail,
        value=found.value,
        expires_at=None if found.lasts is None else found.now + found.lasts,
        reason=f"{reason} (proposed by {found.actor}: {found.reason})"[:REASON_LIMIT],
        etag=etag,
    )


def _told(wanted: Proposal) -> Mapping[str, object]:
    """What the audit log keeps of a proposal."""
    return {
        "proposal": wanted.id,
        "proposer": wanted.actor,
        "value": wanted.value,
        "lasts": wanted.lasts,
        "stake_usd": wanted.stake_usd,
    }
