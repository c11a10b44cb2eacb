"""Turning one limit with open eyes: the value, what it would have done, the reason, the button that names it."""

from __future__ import annotations

import streamlit as st

from actions.answers import Guardrails
from actions.errors import GuardrailsChanged
from actions.permissions import Actor, Role, permitted
from dashboard import freshness, situation
from dashboard.auth import ROLES
from dashboard.components import (
    guardrail_changes,
    guardrail_conflict,
    guardrail_draft,
    guardrail_now,
    guardrail_press,
    guardrail_warnings,
    guardrail_what_if,
    scripts,
)
from dashboard.components.formatting import Zone, plain
from dashboard.components.guardrail_draft import LASTS, REASON, Draft
from dashboard.components.guardrail_words import bounds, code, held, name, until
from dashboard.components.notices import guarded, read_only_words, refused_words, tell, unrecordable_words
from dashboard.connections import settings
from dashboard.i18n import t
from queries.errors import OpsError

KEY = "guardrail-editor"


def show(actor: Actor, limit: str, zone: Zone) -> None:
    """The editor of this limit. Raises NotConfigured, ServiceError."""
    with st.container(border=True, key=KEY):
        scripts.load("reveal.js", reveal=KEY, occasion=guardrail_draft.occasion(limit))
        _head(limit)
        problem = guardrail_press.settled(actor)
        left, right = st.columns([2, 3], gap="large")
        with left, freshness.live():
            found = _decide(actor, limit, situation.guardrails().value, problem, zone)
        with right:
            guardrail_what_if.evidence(found)


def _head(limit: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(f"{plain(name(limit))} {code(limit)}", anchor=False, width="content")
        if st.button(
            t("Close"),
            icon=":material/close:",
            type="tertiary",
            key="guardrail-close",
            on_click=guardrail_draft.close,
        ):
            st.rerun()


def _decide(
    actor: Actor, limit: str, now: Guardrails, problem: OpsError | None, zone: Zone
) -> guardrail_what_if.Found:
    """Everything from the value to the button, in the order in which a person decides; what it would have done."""
    value = guardrail_draft.value(limit, now)
    # One element, here and in the form: where what stands above a text grows, the browser loses what is typed.
    with st.container():
        _bounds(limit, now)
        draft = Draft(limit, now, guardrail_draft.seen(now), value, st.session_state.get(LASTS, ""))
        if draft.moved:
            _conflict(draft, zone)
        for warning in guardrail_warnings.of(draft):
            st.markdown(f":orange[:material/warning:] {warning}")
        found = guardrail_what_if.ask(draft)
        guardrail_what_if.sentence(found, draft)
        # The difference between what was seen and what is now says it already.
        if problem is not None and not (isinstance(problem, GuardrailsChanged) and draft.moved):
            tell(problem)
    press = guardrail_press.of(draft, guardrail_what_if.stake(found, draft))
    if obstacle := _obstacle(actor, press.action):
        st.caption(obstacle)
    else:
        _form(draft, press, zone)
    return found


def _bounds(limit: str, now: Guardrails) -> None:
    rail = now.limits[limit]
    told = [t("now {value}", value=held(rail.value, limit, rail)), bounds(limit, rail)]
    if rail.default is not None:
        told.append(t("default {value}", value=held(rail.default, limit, rail)))
    st.caption(plain(" · ".join(filter(None, told))))


def _conflict(draft: Draft, zone: Zone) -> None:
    changes = guarded(guardrail_changes.ask)
    newest = {} if isinstance(changes, OpsError) else changes.newest()
    guardrail_conflict.show(draft, newest, zone, guardrail_now.moment())


def _form(draft: Draft, press: guardrail_press.Press, zone: Zone) -> None:
    """Duration, reason and button; the button carries what it names, whatever is typed while it is pressed."""
    with st.container():
        guardrail_draft.duration()
        _ends(draft, zone)
        if press.proposes:
            st.caption(_why_second(stake_known=press.stake_known))
    with st.form("guardrail", border=False):
        st.text_area(
            t("Reason"),
            height=80,
            placeholder=t("Why? Whoever reads the audit log will want to know."),
            key=REASON,
        )
        st.form_submit_button(
            press.words(),
            type="primary",
            key="guardrail-press",
            disabled=draft.value is None or draft.out_of_bounds or draft.nothing_new,
            on_click=guardrail_press.remember,
            args=(press,),
        )


def _ends(draft: Draft, zone: Zone) -> None:
    now, rail = guardrail_now.moment(), draft.rail
    ends = guardrail_draft.ends(draft.lasts, now)
    if ends is not None:
        back = rail.value if rail.expires_at is None else rail.reverts_to
        st.caption(plain(t("If pressed now: {until}.", until=until(ends, back, draft.limit, zone, now))))


def _why_second(*, stake_known: bool) -> str:
    usd = settings().guardrail_approval_usd
    if stake_known:
        return t("More than \\${usd} are at stake in 30 days (OPS_GUARDRAIL_APPROVAL_USD).", usd=usd)
    return t("What is at stake is not known, so that a second admin decides (OPS_GUARDRAIL_APPROVAL_USD).")


def _obstacle(actor: Actor, action: str) -> str:
    """Why this person cannot change or propose it from here; "" where they can."""
    if taken_away := refused_words(actor, action):
        return taken_away
    if not permitted(actor, action):
        return t(
            "Only an {admin} may change a limit; you are signed in as {role}.",
            admin=t(ROLES[Role.ADMIN]),
            role=t(ROLES[actor.role]),
        )
    if settings().read_only:
        return read_only_words()
    unrecordable = situation.unrecordable()
    return "" if unrecordable is None else unrecordable_words(unrecordable)
