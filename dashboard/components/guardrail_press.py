"""The editor's button: what it names is what is done, on the limits as they were shown with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

import streamlit as st

from actions import guardrail_proposals, guardrails
from actions.errors import TypedMeanwhile
from actions.permissions import Actor
from dashboard import connections, fetch, telemetry
from dashboard.components import guardrail_draft, guardrail_now
from dashboard.components.guardrail_draft import LASTS, REASON, Draft
from dashboard.components.guardrail_words import held
from dashboard.components.notices import decided
from dashboard.connections import settings
from dashboard.i18n import t
from queries.errors import OpsError

_PRESSED = "guardrail-pressed"


@dataclass(frozen=True, slots=True)
class Press:
    """What the button does. stake: USD in 30 days, None where nobody can tell."""

    draft: Draft
    stake: Decimal | None
    proposes: bool
    request_id: str

    @property
    def stake_known(self) -> bool:
        return self.stake is not None

    @property
    def action(self) -> str:
        """Which action it takes."""
        return guardrail_proposals.PROPOSE if self.proposes else guardrails.CHANGE

    def words(self) -> str:
        """The button's text, which names the value."""
        draft = self.draft
        value = "?" if draft.value is None else held(draft.value, draft.limit, draft.rail)
        if self.proposes:
            return t("Propose {value} to a second person", value=value)
        if draft.limit in draft.moved:
            return t("Set {value} anyway", value=value)
        if draft.lasts:
            return t("Set to {value} ({duration})", value=value, duration=_lasts(draft))
        return t("Set to {value}", value=value)


def _lasts(draft: Draft) -> str:
    return guardrail_draft.duration_words(draft.lasts).lower()


def of(draft: Draft, stake: Decimal | None) -> Press:
    """What the button would do now."""
    proposes = guardrails.needs_approval(stake, settings().guardrail_approval_usd)
    return Press(draft, stake, proposes, str(uuid4()))


def remember(press: Press) -> None:
    """The button's callback."""
    st.session_state[_PRESSED] = press


def settled(actor: Actor) -> OpsError | None:
    """Do what was pressed, if anything was; answers what hindered it. Where it came off the page is drawn anew."""
    press: Press | None = st.session_state.pop(_PRESSED, None)
    if press is None:
        return None
    problem = decided(lambda: _act(actor, press))
    fetch.clear()
    if problem is None:
        st.toast(done_words(press), icon=":material/check:")
        guardrail_draft.close()
        st.rerun()
    return problem


def _act(actor: Actor, press: Press) -> None:
    """Raises what hindered it."""
    draft = press.draft
    typed = st.session_state.get(guardrail_draft.value_key(draft.limit))
    if typed is None or draft.value != Decimal(str(typed)) or draft.lasts != st.session_state.get(LASTS, ""):
        raise TypedMeanwhile
    carry_out(actor, press, st.session_state.get(REASON, ""))


def carry_out(actor: Actor, press: Press, reason: str) -> None:
    """Change the limit, or propose it to a second person. Raises what hindered it."""
    value = press.draft.value
    if value is None:
        raise TypedMeanwhile
    act = _propose if press.proposes else _change
    act(actor, press, value, reason)


def _change(actor: Actor, press: Press, value: Decimal, reason: str) -> None:
    draft = press.draft
    outcome = guardrails.change(
        connections.door(), connections.service(), actor,
        limit=draft.limit,
        value=value,
        expires_at=guardrail_draft.ends(draft.lasts, guardrail_now.moment()),
        reason=reason,
        etag=draft.now.etag,
        before=draft.rail,
        stake_usd=press.stake,
        approval_usd=settings().guardrail_approval_usd,
        request_id=press.request_id,
    )  # fmt: skip
    telemetry.actions.labels(guardrails.CHANGE, outcome.result.value).inc()
    if outcome.error is not None:
        raise outcome.error


def _propose(actor: Actor, press: Press, value: Decimal, reason: str) -> None:
    draft, now = press.draft, guardrail_now.moment()
    ends = guardrail_draft.ends(draft.lasts, now)
    guardrail_proposals.propose(
        connections.door(),
        actor,
        guardrail=draft.limit,
        before=draft.rail.value,
        value=value,
        lasts=None if ends is None else ends - now,
        reason=reason,
        stake_usd=press.stake,
        request_id=press.request_id,
    )


def done_words(press: Press) -> str:
    """What was done, as text."""
    draft = press.draft
    value = "?" if draft.value is None else held(draft.value, draft.limit, draft.rail)
    return t("Proposed {value}.", value=value) if press.proposes else t("Set to {value}.", value=value)
