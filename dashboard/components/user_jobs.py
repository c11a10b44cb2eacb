"""One user's newest jobs, and the way to all of them."""

from __future__ import annotations

import streamlit as st

from dashboard import links
from dashboard.components import job_list, summary
from dashboard.components.formatting import Zone
from dashboard.components.query_text import Asked
from dashboard.i18n import t, tn
from queries.job_filter import JobFilter


def show(alias: str, zone: Zone) -> None:
    """Rows that stand still, newest first. Raises DatabaseError."""
    text = f"user:{alias}"
    asked = Asked(text, JobFilter(users=(alias,)), text)
    shown = job_list.listed(asked, None)
    job_list.show(asked, shown, zone, selectable=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        label = t("All of this user's jobs")
        st.page_link("../pages/jobs.py", label=label, icon=":material/search:", query_params={links.QUERY: text})
        if shown.arrived:
            label = tn("{n} new", "{n} new", shown.arrived)
            st.button(label, icon=":material/add:", on_click=job_list.forget, key="user-jobs-new")
        st.caption(summary.source(shown.answer))
