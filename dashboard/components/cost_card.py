"""The verdict card of the Costs page, with what can be done about it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.components import (
    alert_verdicts,
    cost_emergency,
    cost_excess,
    cost_month_verdict,
    cost_now,
    cost_verdict,
    header,
    verdicts,
)
from dashboard.components.cost_excess import Excess
from dashboard.components.cost_now import CostNow
from dashboard.components.notices import guarded
from dashboard.components.verdicts import State, Verdict
from dashboard.connections import settings
from dashboard.i18n import t
from queries.errors import OpsError


def show() -> None:
    """Raises DatabaseError."""
    now, found, here = cost_now.ask(), cost_now.month(), settings()
    today = cost_verdict.today(now, here.thresholds, header.zone())
    told = [
        today,
        *cost_month_verdict.verdicts(now, found, here.thresholds, here.budget),
        *cost_verdict.unusual(now, _excess(now)),
        *alert_verdicts.cost(),
        *cost_verdict.unpriced(now.spend.value),
        *cost_verdict.origin(now),
    ]
    verdicts.card(told, partial(_act, cost_verdict.facts(now), loud=_leads(today, told)))


def _leads(today: Verdict, told: list[Verdict]) -> bool:
    """Whether today is what the card begins with: then acting on it is the page's first action."""
    return today.state > State.UNAVAILABLE and today.state == max(one.state for one in told)


def _excess(now: CostNow) -> Excess | None:
    one = now.yesterday
    if one is None or one.found is None or not (one.found.unusual and one.found.higher):
        return None
    answer = guarded(lambda: cost_excess.ask(one.day, now.today.zone))
    return None if isinstance(answer, OpsError) else answer


def _act(facts: str, *, loud: bool) -> None:
    words, icon = t("Act on spending…"), ":material/payments:"
    if st.button(words, icon=icon, type="primary" if loud else "tertiary", key="cost-emergency"):
        cost_emergency.offer(facts)
