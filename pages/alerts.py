"""Which alerts are firing or about to, and what is to be done about each?"""

from __future__ import annotations

import streamlit as st

from dashboard import auth
from dashboard.components import (
    alert_now,
    alert_pending,
    alert_runbooks,
    alert_table,
    alert_verdicts,
    header,
    live,
    summary,
    verdicts,
)
from dashboard.i18n import t
from queries.alerts import AlertState

ACTIVE = (AlertState.FIRING, AlertState.PENDING)

auth.enter("alerts")
header.page(t("Alerts"))


def now() -> None:
    answer, here = alert_now.ask(), header.zone()
    rules = answer.value
    verdicts.card(alert_verdicts.every(rules, here))
    alert_pending.show(alert_verdicts.pending(rules, here))
    alert_runbooks.show([one for state in ACTIVE for one in alert_now.told(rules, state)])
    if rules:
        st.header(t("All rules"), anchor=False)
        alert_table.show(rules, here)
        st.caption(summary.source(answer))


live.part(now, what=t("The alerts"))
