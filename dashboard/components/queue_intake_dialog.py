"""Confirming that intake is stopped or resumed: the consequences, the reason, and the one button that acts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

import streamlit as st

from actions import intake, reasons
from actions.answers import Intake
from actions.audit import Outcome
from actions.permissions import Actor
from dashboard import connections, fetch, telemetry
from dashboard.components import queue_stakes
from dashboard.components.notices import decided, tell
from dashboard.components.pending import pending_key
from dashboard.components.queue_stakes import Stakes
from dashboard.i18n import t
from queries.errors import OpsError

PENDING = pending_key("intake")


@dataclass(frozen=True, slots=True)
class Pending:
    """A switch that waits for its confirmation, on the state that was shown when it was asked for."""

    before: Intake
    stakes: Stakes
    request_id: str


def ask(before: Intake) -> None:
    """Open the dialog. Raises DatabaseError."""
    st.session_state[PENDING] = Pending(before, queue_stakes.ask(), str(uuid4()))


def show(actor: Actor) -> None:
    """The dialog, while something waits for its confirmation."""
    pending: Pending | None = st.session_state.get(PENDING)
    if pending is None:
        return
    title = t("Stop intake?") if pending.before.accepting else t("Resume intake?")
    st.dialog(title, width="medium", on_dismiss=_forget)(partial(_framed, actor, pending))()


def _framed(actor: Actor, pending: Pending) -> None:
    problem = decided(lambda: _body(actor, pending))
    if isinstance(problem, OpsError):
        # What was asked for once is never done again under its id; whoever tries again asks anew.
        st.session_state[PENDING] = replace(pending, request_id=str(uuid4()))
        tell(problem)


def _body(actor: Actor, pending: Pending) -> None:
    closing = pending.before.accepting
    consequences = queue_stakes.of_closing if closing else queue_stakes.of_opening
    st.markdown("\n".join(f"- {sentence}" for sentence in consequences(pending.stakes)))
    with st.form("switch-intake", border=False):
        reason = st.text_area(
            t("Reason"),
            height=80,
            placeholder=t("Why? Whoever reads the audit log will want to know."),
            key="intake-reason",
        )
        pressed = st.form_submit_button(t("Stop intake") if closing else t("Resume intake"), type="primary")
    if pressed:
        _act(actor, pending, reasons.checked(reason))


def _act(actor: Actor, pending: Pending, reason: str) -> None:
    """Switch, and close the dialog where that came off; the page tells the new state. Raises what hindered it."""
    switch, action = (intake.close, intake.CLOSE) if pending.before.accepting else (intake.open, intake.OPEN)
    outcome: Outcome = switch(
        connections.door(), connections.service(), actor,
        reason=reason, request_id=pending.request_id, before=pending.before,
    )  # fmt: skip
    telemetry.actions.labels(action, outcome.result.value).inc()
    fetch.clear()
    if outcome.error is not None:
        raise outcome.error
    _forget()
    st.toast(
        t("Intake is closed.") if action == intake.CLOSE else t("Intake is open again."), icon=":material/check:"
    )
    st.rerun()


def _forget() -> None:
    st.session_state.pop(PENDING, None)
