"""Which days the Costs page is about, and in which zone they begin; both live in the address."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import links
from dashboard.components import usage_span
from dashboard.components.notices import ignored_parameters
from dashboard.components.usage_span import ONE_DAY, RANGES, Days
from dashboard.i18n import t

MONTH, LAST_MONTH = "month", "last_month"
SPANS = (*RANGES, MONTH, LAST_MONTH)
DEFAULT = "30d"


def asked() -> Days:
    """The days that the address says, the last one today or the last month's end, in the zone that it says."""
    zone, now = usage_span.asked_zone(), usage_span.moment()
    today = now.astimezone(ZoneInfo(zone)).date()
    first, last = _ends(links.choice(links.SPAN, SPANS, DEFAULT).value, today)
    return Days(first, last, zone, today, now)


def choose() -> None:
    """The choices, and what of the address was not understood."""
    span = links.choice(links.SPAN, SPANS, DEFAULT)
    ignored_parameters(list(span.rejected))
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        st.session_state[links.SPAN] = span.value
        st.radio(
            t("Days"),
            list(SPANS),
            format_func=words,
            key=links.SPAN,
            on_change=_into_address,
            horizontal=True,
            label_visibility="collapsed",
        )
        usage_span.choose_zone()


def words(name: str) -> str:
    """A choice of days as a person says it."""
    months = {MONTH: t("This month"), LAST_MONTH: t("Last month")}
    return months.get(name) or t("{n} days", n=RANGES[name])


def within() -> str:
    """The chosen days inside of a name: "30 days", "this month"."""
    name = links.choice(links.SPAN, SPANS, DEFAULT).value
    months = {MONTH: t("this month"), LAST_MONTH: t("last month")}
    return months.get(name) or t("{n} days", n=RANGES[name])


def _ends(name: str, today: date) -> tuple[date, date]:
    begun = today.replace(day=1)
    if name == MONTH:
        return begun, today
    if name == LAST_MONTH:
        last = begun - ONE_DAY
        return last.replace(day=1), last
    return today - (RANGES[name] - 1) * ONE_DAY, today


def _into_address() -> None:
    picked = st.session_state[links.SPAN]
    links.put(links.SPAN, None if picked == DEFAULT else picked)
