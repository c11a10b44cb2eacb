"""Somebody else changed limits meanwhile: what one saw, what it is now, what one wants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from actions.answers import Guardrail, GuardrailChange
from dashboard.components import guardrail_draft
from dashboard.components.formatting import Zone, plain
from dashboard.components.guardrail_draft import Draft
from dashboard.components.guardrail_words import held, name, until, who_and_why
from dashboard.i18n import t


def show(draft: Draft, newest: Mapping[str, GuardrailChange], zone: Zone, now: datetime) -> None:
    """The difference, limit by limit, and the way back to what the others made of it."""
    with st.container(border=True, key="guardrail-conflict"):
        said = t("The limits changed while you were at it. Nothing was done, and nothing you typed is lost.")
        st.markdown(f":orange[:material/warning:] **{said}**")
        for limit in sorted(draft.moved, key=lambda limit: limit != draft.limit):
            _difference(draft, limit, newest.get(limit), zone, now)
        theirs = draft.now.limits[draft.limit].value
        if st.button(
            t("Keep theirs ({value})", value=plain(held(theirs, draft.limit, draft.rail))),
            icon=":material/done_all:",
            on_click=guardrail_draft.close,
            key="guardrail-keep-theirs",
        ):
            st.rerun()


def _difference(draft: Draft, limit: str, last: GuardrailChange | None, zone: Zone, now: datetime) -> None:
    before, after = draft.seen.limits.get(limit), draft.now.limits[limit]
    wanted = draft.value if limit == draft.limit and draft.value is not None else None
    st.markdown(f"**{plain(name(limit))}**")
    saw, is_now, want = st.columns(3, gap="medium")
    with saw:
        _cell(t("You saw"), "?" if before is None else _held(limit, before, zone, now))
    with is_now:
        _cell(t("It is now"), _held(limit, after, zone, now))
    with want:
        _cell(t("You want"), t("as it is") if wanted is None else plain(held(wanted, limit, after)))
    if last is not None and last.new == after.value:
        st.markdown(f":small[:gray[{who_and_why(last, zone, now)}]]")


def _cell(label: str, value: str) -> None:
    st.markdown(f":small[:gray[{label}]]  \n**{value}**")


def _held(limit: str, rail: Guardrail, zone: Zone, now: datetime) -> str:
    value = held(rail.value, limit, rail)
    if rail.expires_at is None:
        return plain(value)
    return plain(f"{value} {until(rail.expires_at, rail.reverts_to, limit, zone, now)}")
