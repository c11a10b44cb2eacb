"""One bulk action: its verdict, its progress, and who wanted what, when and why."""

from __future__ import annotations

import streamlit as st

from dashboard import discretion, links
from dashboard.components import audit_table, batches, bulk_words, verdicts
from dashboard.components.formatting import Zone, exact, money, plain
from dashboard.i18n import t
from queries.bulk_models import Bulk


def show(bulk: Bulk) -> None:
    """The verdict and the bar."""
    verdicts.card([bulk_words.verdict(bulk)])
    batches.progress(bulk)
    st.caption(bulk_words.tally(bulk))


def facts(bulk: Bulk, zone: Zone) -> None:
    """What was asked for, one line each; the search is a link to the jobs that match it now."""
    told = {
        t("Action"): _action(bulk),
        t("Who"): f"{bulk.actor} ({bulk.role})",
        t("When"): exact(bulk.created_at, zone),
        t("Reason"): bulk.reason,
        t("Estimated"): money(bulk.estimate_usd) if _estimated(bulk) else "",
        t("Ended"): exact(bulk.ended_at, zone) if bulk.ended_at else "",
    }
    with st.container(border=True, key="bulk-facts", gap="xsmall"):
        for label, value in told.items():
            if value:
                _line(label, value)
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            st.caption(t("Search"), width=120)
            if bulk.filter:
                query = {links.QUERY: discretion.told(bulk.filter)}
                st.page_link("../pages/jobs.py", label=plain(bulk.filter), query_params=query)
            else:
                st.text(t("chosen by hand"))


def _estimated(bulk: Bulk) -> bool:
    return bulk.estimate_usd is not None and discretion.money_shown()


def _action(bulk: Bulk) -> str:
    words = audit_table.action_words(bulk.action)
    match bulk.parameters:
        case {"from": "start"}:
            return f"{words}: {t('From the start')}"
        case {"from": _}:
            return f"{words}: {t('At the step where it stopped')}"
        case {"until": str() as until}:
            return f"{words}: {until}"
        case _:
            return words


def _line(label: str, value: str) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.caption(label, width=120)
        st.text(discretion.told(value), width="stretch")
