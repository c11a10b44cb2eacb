"""What was done against the spending, and the way back, for as long as it holds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from actions import intake
from actions.answers import Guardrail
from actions.permissions import Actor, permitted
from actions.reasons import REASON_LIMIT
from dashboard import fetch, situation
from dashboard.components import cost_emergency_options, guardrail_press, queue_intake_dialog
from dashboard.components.formatting import plain
from dashboard.components.guardrail_draft import Draft
from dashboard.components.guardrail_press import Press
from dashboard.components.guardrail_words import held, name
from dashboard.components.notices import decided, tell
from dashboard.connections import settings
from dashboard.i18n import t
from queries.errors import OpsError

_DONE = "cost-emergency-done"


@dataclass(frozen=True, slots=True)
class Done:
    """What was taken, with its reason. limit is "" for the intake; proposed: another admin decides."""

    reason: str
    limit: str = ""
    before: Guardrail | None = None
    value: Decimal | None = None
    proposed: bool = False


def remember(done: Done) -> None:
    st.session_state[_DONE] = done


def of(press: Press, reason: str) -> Done:
    """What a button for a limit did."""
    draft = press.draft
    return Done(reason, draft.limit, draft.rail, draft.value, press.proposes)


def show(actor: Actor) -> None:
    """The result and the way back; nothing once somebody went it, here or elsewhere."""
    done: Done | None = st.session_state.get(_DONE)
    if done is None:
        return
    with st.container(border=True, key="cost-emergency-result"):
        if not done.limit:
            _intake(actor)
        else:
            _limit(actor, done)


def _intake(actor: Actor) -> None:
    found = situation.intake()
    if found is None or found.accepting:
        _forget()
        return
    _said(t("**Intake is closed**: nobody gets a new book until somebody resumes it."))
    with _row():
        may = permitted(actor, intake.OPEN) and not settings().read_only
        if may and st.button(t("Resume intake…"), icon=":material/play_arrow:", key="cost-emergency-undo"):
            problem = decided(lambda: queue_intake_dialog.ask(found))
            if isinstance(problem, OpsError):
                tell(problem)
        _dismiss()


def _limit(actor: Actor, done: Done) -> None:
    limits = decided(situation.guardrails)
    if isinstance(limits, OpsError):
        tell(limits)
        return
    rail = limits.value.limits.get(done.limit)
    if done.proposed:
        _said(
            t(
                "**{limit}: {value} is proposed.** Nothing has changed until another admin approves it.",
                **_named(done),
            )
        )
        with _row():
            if st.button(t("See proposal"), key="cost-emergency-proposal"):
                st.switch_page("../pages/guardrails.py")
            _dismiss()
    elif rail is None or rail.value != done.value:
        _forget()
    else:
        _said(t("**{limit} is {value} now**, instead of {before}.", **_named(done)))
        with _row():
            _put_back(actor, done, Draft(done.limit, limits.value, limits.value, _before(done)))
            _dismiss()


def _before(done: Done) -> Decimal | None:
    """What it goes back to; None where that was temporary, too, so that its end would have to be set anew."""
    return None if done.before is None or done.before.expires_at is not None else done.before.value


def _put_back(actor: Actor, done: Done, draft: Draft) -> None:
    if draft.value is None:
        st.caption(t("What held before was temporary: set it on the Guardrails page."))
        return
    press = guardrail_press.of(draft, cost_emergency_options.stake(draft))
    value = held(draft.value, done.limit, done.before)
    words = press.words() if press.proposes else t("Put back to {value}", value=value)
    may = permitted(actor, press.action) and not settings().read_only
    if may and st.button(words, icon=":material/undo:", key="cost-emergency-undo"):
        reason = t("Put back what was set with this reason: {reason}", reason=done.reason)[:REASON_LIMIT]
        problem = decided(lambda: guardrail_press.carry_out(actor, press, reason))
        fetch.clear()
        if isinstance(problem, OpsError):
            tell(problem)
        else:
            remember(of(press, reason)) if press.proposes else _forget()
            st.toast(guardrail_press.done_words(press), icon=":material/check:")
            st.rerun()


def _named(done: Done) -> dict[str, str]:
    values = {"value": done.value, "before": done.before.value if done.before else None}
    told = {
        word: "?" if one is None else plain(held(one, done.limit, done.before)) for word, one in values.items()
    }
    return {"limit": plain(name(done.limit)), **told}


def _said(words: str) -> None:
    st.markdown(f":green[:material/check:] {words}")


def _row() -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="center")


def _dismiss() -> None:
    st.button(t("Close"), type="tertiary", icon=":material/close:", key="cost-emergency-close", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_DONE, None)
