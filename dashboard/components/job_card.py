"""The verdict card of a job: its state in words, and the actions that make sense now."""

from __future__ import annotations

import streamlit as st

from actions.permissions import Actor
from dashboard.components import job_actions, job_verdict
from dashboard.components.job_known import Known


def show(actor: Actor, known: Known) -> None:
    """The headline with its buttons, then what explains it, one quiet line each."""
    told = job_verdict.told(known)
    found = job_actions.buttons(actor, known)
    with st.container(border=True, key="verdict", gap="small"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="medium"
        ):
            st.markdown(f"{told.mark} **{told.headline}** {told.detail}", width="stretch")
            with st.container(horizontal=True, width="content", gap="small"):
                job_actions.draw(found, known)
        for line in (*told.notes, *job_actions.reasons(actor, known, found)):
            st.markdown(f":gray[{line}]")
