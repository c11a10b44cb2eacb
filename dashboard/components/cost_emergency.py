"""From the cost verdict to less spending: stop intake or lower a limit, with what each would save an hour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from actions import guardrail_proposals, guardrails, intake, reasons
from actions.errors import TypedMeanwhile
from actions.permissions import Actor, Role, permitted
from dashboard import auth, connections, fetch, freshness, situation, telemetry
from dashboard.auth import ROLES
from dashboard.components import (
    cost_emergency_done,
    cost_emergency_now,
    cost_emergency_options,
    cost_emergency_words,
    guardrail_draft,
    guardrail_press,
    queue_intake_dialog,
)
from dashboard.components.cost_emergency_done import Done
from dashboard.components.cost_emergency_now import EmergencyNow
from dashboard.components.cost_emergency_options import DURATIONS, LASTS, Chosen, Stop
from dashboard.components.formatting import plain
from dashboard.components.guardrail_words import DAILY_PER_USER, DAILY_USD
from dashboard.components.notices import decided, read_only_words, refused_words, tell, unrecordable_words
from dashboard.components.pending import pending_key
from dashboard.connections import settings
from dashboard.i18n import t
from queries.errors import OpsError

PENDING = pending_key("cost-emergency")
REASON = "cost-emergency-reason"
_PRESSED = "cost-emergency-pressed"


@dataclass(frozen=True, slots=True)
class Pending:
    """The dialog is open, on the situation as it was shown."""

    now: EmergencyNow


def offer(facts: str = "") -> None:
    """Open the dialog, and run the page anew; for the verdict's button, not for its callback.

    facts (text, not markdown) is what the reason begins with; "": what was spent today.
    """
    with freshness.live():
        now = cost_emergency_now.ask()
    st.session_state[PENDING] = Pending(now)
    st.session_state[REASON] = cost_emergency_words.reason(now, facts)
    st.session_state[LASTS] = DURATIONS[0]
    for limit in (DAILY_USD, DAILY_PER_USER):
        rail, value = now.rail(limit), now.suggested(limit)
        kind = int if rail is not None and guardrail_draft.is_whole(limit, rail) else float
        st.session_state[cost_emergency_options.value_key(limit)] = None if value is None else kind(value)
    st.rerun()


def show(actor: Actor) -> None:
    """What the last act did, with the way back, and the dialog while it is open; outside of the live parts."""
    cost_emergency_done.show(actor)
    queue_intake_dialog.show(actor)
    if PENDING in st.session_state:
        title = t("Act on spending")
        st.dialog(title, width="large", on_dismiss=_forget)(partial(_framed, actor))()


def _framed(actor: Actor) -> None:
    problem = decided(lambda: _settle(actor))
    if isinstance(problem, OpsError):
        # What was decided on an older state is decided anew on what holds now.
        fetch.clear()
        with freshness.live():
            st.session_state[PENDING] = Pending(cost_emergency_now.ask())
        tell(problem)
    pending: Pending | None = st.session_state.get(PENDING)
    if pending is not None:
        _body(actor, pending.now)


def _body(actor: Actor, now: EmergencyNow) -> None:
    st.markdown(f":gray[{cost_emergency_words.basis(now)}]")
    obstacle = _obstacle(actor)
    if obstacle:
        st.markdown(obstacle)
    else:
        st.text_area(t("Reason"), height=80, key=REASON)
    st.radio(
        t("How long a limit holds"),
        DURATIONS,
        format_func=guardrail_draft.duration_words,
        key=LASTS,
        horizontal=True,
    )
    cost_emergency_options.show(now, actor, None if obstacle else _remember)


def _remember(chosen: Chosen) -> None:
    """The buttons' callback: what they named is what is done."""
    st.session_state[_PRESSED] = chosen


def _settle(actor: Actor) -> None:
    """Do what was pressed, if anything was; where it came off the page is drawn anew. Raises what hindered it."""
    chosen: Chosen | None = st.session_state.pop(_PRESSED, None)
    if chosen is None:
        return
    reason = reasons.checked(st.session_state.get(REASON, ""))
    done = _stop(actor, chosen, reason) if isinstance(chosen, Stop) else _lower(actor, chosen, reason)
    cost_emergency_done.remember(done)
    fetch.clear()
    _forget()
    st.rerun()


def _stop(actor: Actor, chosen: Stop, reason: str) -> Done:
    outcome = intake.close(
        connections.door(), connections.service(), actor,
        reason=reason, request_id=chosen.request_id, before=chosen.before,
    )  # fmt: skip
    telemetry.actions.labels(intake.CLOSE, outcome.result.value).inc()
    if outcome.error is not None:
        raise outcome.error
    return Done(reason)


def _lower(actor: Actor, press: guardrail_press.Press, reason: str) -> Done:
    draft = press.draft
    if draft.value != cost_emergency_options.typed(draft.limit) or draft.lasts != st.session_state.get(LASTS):
        raise TypedMeanwhile
    guardrail_press.carry_out(actor, press, reason)
    return cost_emergency_done.of(press, reason)


def _admins() -> str:
    """Whom to ask: the demo's admins, else whoever gives access."""
    if settings().auth == "demo":
        return ", ".join(one.name for one in auth.PEOPLE if one.role is Role.ADMIN)
    return plain(settings().access_contact) or t("whoever runs this console")


def _obstacle(actor: Actor) -> str:
    """Why this person cannot act from here, and who can; "" where they can."""
    ways = intake.CLOSE, guardrails.CHANGE, guardrail_proposals.PROPOSE
    nothing = not any(permitted(actor, way) for way in ways)
    if nothing and (taken_away := refused_words(actor, *ways)):
        return taken_away
    if nothing:
        return t(
            "Only an {admin} may do this; you are signed in as {role}. Ask {who}.",
            admin=t(ROLES[Role.ADMIN]),
            role=t(ROLES[actor.role]),
            who=_admins(),
        )
    if settings().read_only:
        return read_only_words()
    unrecordable = situation.unrecordable()
    return "" if unrecordable is None else unrecordable_words(unrecordable)


def _forget() -> None:
    st.session_state.pop(PENDING, None)
