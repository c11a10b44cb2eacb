"""Changes that wait for a second admin: what they are, and approving, declining or withdrawing them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

import streamlit as st

from actions import guardrail_proposals
from actions.answers import Guardrails
from actions.audit import Outcome
from actions.permissions import Actor, permitted
from dashboard import connections, discretion, fetch, situation, telemetry
from dashboard.components import guardrail_draft
from dashboard.components.formatting import Zone, ago, duration, exact, money, plain
from dashboard.components.guardrail_words import held, is_hidden, name
from dashboard.components.notices import decided, tell
from dashboard.components.pending import pending_key
from dashboard.connections import settings
from dashboard.i18n import t
from queries import guardrail_proposals as proposals
from queries.errors import OpsError
from queries.guardrail_proposals import Proposal

PENDING = pending_key("proposal")


@dataclass(frozen=True, slots=True)
class Pending:
    """A decision that waits for its confirmation. limits: as they were shown when it was asked for."""

    proposal: Proposal
    approves: bool
    limits: Guardrails
    request_id: str


def waiting() -> tuple[Proposal, ...]:
    """Raises DatabaseError."""
    return fetch.store(proposals.waiting).value


def show(actor: Actor, zone: Zone) -> None:
    """One card a proposal, with what this person may do about it. Raises DatabaseError."""
    for position, one in enumerate(waiting()):
        with st.container(border=True, key=f"guardrail-proposal-{position}"):
            st.markdown(f"**{plain(name(one.guardrail))}: {_change(one)}**")
            st.markdown(t("{who}, {ago}: “{why}”", who=plain(one.actor), ago=ago(one.at, one.now), why=_why(one)))
            st.caption(_facts(one, zone))
            if not settings().read_only:
                _buttons(one, actor, position)


def _change(one: Proposal) -> str:
    before, value = (plain(held(number, one.guardrail)) for number in (one.before, one.value))
    lasts = t("for good") if one.lasts is None else t("for {duration}", duration=duration(one.lasts))
    return t("{before} → {value}, {lasts}", before=before, value=value, lasts=lasts)


def _why(one: Proposal) -> str:
    return plain(discretion.told(one.reason, of_money=is_hidden(one.guardrail)))


def _facts(one: Proposal, zone: Zone) -> str:
    if not discretion.money_shown():
        return plain(t("Lapses {at}", at=exact(one.lapses_at, zone)))
    stake = t("not known") if one.stake_usd is None else money(one.stake_usd)
    told = t("At stake in 30 days: {usd} · lapses {at}", usd=stake, at=exact(one.lapses_at, zone))
    return plain(told)


def _buttons(one: Proposal, actor: Actor, position: int) -> None:
    own = one.actor.casefold() == actor.name.casefold()
    approve, decline = (
        permitted(actor, act) for act in (guardrail_proposals.APPROVE, guardrail_proposals.DECLINE)
    )
    with st.container(horizontal=True):
        if own and decline:
            st.caption(t("Your own proposal: another admin has to approve it."))
        if approve and not own:
            label, icon = t("Approve…"), ":material/how_to_reg:"
            if st.button(label, icon=icon, key=f"approve-{position}", type="primary"):
                _ask(one, approves=True)
        label = t("Withdraw…") if own else t("Decline…")
        if decline and st.button(label, icon=":material/close:", key=f"decline-{position}"):
            _ask(one, approves=False)


def _ask(one: Proposal, *, approves: bool) -> None:
    """Open the dialog. Raises NotConfigured, ServiceError."""
    st.session_state[PENDING] = Pending(one, approves, situation.guardrails().value, str(uuid4()))
    st.rerun()


def dialog(actor: Actor) -> None:
    """The dialog, while a decision waits for its confirmation."""
    pending: Pending | None = st.session_state.get(PENDING)
    if pending is not None:
        st.dialog(_title(actor, pending), width="medium", on_dismiss=_forget)(partial(_framed, actor, pending))()


def _title(actor: Actor, pending: Pending) -> str:
    if pending.approves:
        return t("Approve this change?")
    own = pending.proposal.actor.casefold() == actor.name.casefold()
    return t("Withdraw this proposal?") if own else t("Decline this proposal?")


def _framed(actor: Actor, pending: Pending) -> None:
    problem = decided(lambda: _body(actor, pending))
    if isinstance(problem, OpsError):
        # What was asked for once is never done again under its id; the limits may be others now.
        limits = decided(lambda: situation.guardrails().value)
        renewed = pending.limits if isinstance(limits, OpsError) else limits
        st.session_state[PENDING] = replace(pending, limits=renewed, request_id=str(uuid4()))
        tell(problem)


def _body(actor: Actor, pending: Pending) -> None:
    one = pending.proposal
    rail = pending.limits.limits.get(one.guardrail)
    st.markdown(f"**{plain(name(one.guardrail))}: {_change(one)}**")
    st.markdown(t("{who}: “{why}”", who=plain(one.actor), why=_why(one)))
    if rail is None and pending.approves:
        st.markdown(t("The service does not list this limit any more."))
        return
    if rail is not None and rail.value != one.before:
        is_now = t("It is {value} now.", value=plain(held(rail.value, one.guardrail, rail)))
        st.markdown(f":orange[:material/warning:] {is_now}")
    with st.form("decide-proposal", border=False):
        reason = st.text_area(t("Reason"), height=80, key="proposal-reason")
        words = (
            t("Approve {value}", value=held(one.value, one.guardrail))
            if pending.approves
            else t("Do not change it")
        )
        pressed = st.form_submit_button(words, type="primary")
    if pressed:
        _act(actor, pending, reason)


def _act(actor: Actor, pending: Pending, reason: str) -> None:
    """Decide, and close the dialog where that came off. Raises what hindered it."""
    outcome = _decided(actor, pending, reason)
    telemetry.actions.labels(
        "guardrail.approve" if pending.approves else "guardrail.decline", outcome.result.value
    ).inc()
    fetch.clear()
    if outcome.error is not None:
        raise outcome.error
    _forget()
    guardrail_draft.close()
    st.toast(t("Changed.") if pending.approves else t("The proposal is closed."), icon=":material/check:")
    st.rerun()


def _decided(actor: Actor, pending: Pending, reason: str) -> Outcome:
    one, door = pending.proposal, connections.door()
    if not pending.approves:
        return guardrail_proposals.decline(door, actor, one, reason=reason, request_id=pending.request_id)
    return guardrail_proposals.approve(
        door, connections.service(), actor, one,
        reason=reason,
        etag=pending.limits.etag,
        current=pending.limits.limits[one.guardrail],
        request_id=pending.request_id,
    )  # fmt: skip


def _forget() -> None:
    st.session_state.pop(PENDING, None)
