"""What to do about an alert: its section of the runbook, readable where it is needed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import discretion, runbook
from dashboard.components.alert_now import Told
from dashboard.components.formatting import plain
from dashboard.i18n import t


def show(alerts: Sequence[Told]) -> None:
    """One closed section for each kind of alert, in this order."""
    by_name = {one.rule.name: one.rule for one in alerts}
    for name, rule in by_name.items():
        told = runbook.section(rule.runbook) if rule.runbook else None
        with st.expander(
            t("{alert}: what it means, where to look, what to do", alert=plain(name)),
            key=f"runbook-{name}",
            icon=":material/menu_book:",
        ):
            st.markdown(discretion.told(told) if told else _missing(rule.runbook))


def _missing(reference: str) -> str:
    if reference:
        return t("Its runbook is elsewhere: {reference}", reference=plain(reference))
    return t("Its rule names no runbook.")
