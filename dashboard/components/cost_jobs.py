"""The jobs that cost most, beside what a usual book costs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import cost_totals, fetch, links
from dashboard.components import charts, tables, usage_table, usage_words
from dashboard.components.formatting import NOTHING, money
from dashboard.components.summary import source
from dashboard.components.usage_span import Days
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries import cost_books, cost_jobs
from queries.cost_jobs import JobCost
from queries.models import MoneySource

LISTED = 20
ROWS_IN_VIEW = 10
# The most expensive jobs of days are hardly others a few minutes later.
KEPT = timedelta(minutes=3)


def show(days: Days) -> None:
    """Raises DatabaseError."""
    charts.title(t("Most expensive jobs"), usage_words.days(days))
    told = cost_totals.source()
    if told is MoneySource.NONE:
        st.markdown(f":gray[{t('What a job costs is not offered: there is no ledger and no price list.')}]")
        return
    answer = fetch.database(
        cost_jobs.most_expensive, settings().price_history, ttl=KEPT, limit=LISTED, **_span(days)
    )
    found = tuple(one for one in answer.value if one.usd or one.unpriced)
    if not found:
        st.markdown(f":gray[{t('Nothing was spent on any job {days}.', days=usage_words.days(days))}]")
        return
    usual = fetch.database(cost_books.median_usd, settings().price_history, ttl=KEPT, **_span(days)).value
    alt = t("Jobs, most expensive first, with what they cost, what of it was wasted, and their users")
    tables.table([row(one, usual) for one in found], _columns(found), alt=alt, most_rows=ROWS_IN_VIEW)
    st.caption(" · ".join([source(answer), *_notes(found, usual, told)]))


def row(one: JobCost, usual: Decimal | None) -> dict[str, Any]:
    """One job beside the median book."""
    return {
        "job": links.to_job(one.job_id),
        "spend": money(one.usd),
        "times": None if not usual else float(one.usd / usual),
        "wasted": NOTHING if one.wasted is None else money(one.wasted),
        "status": one.status,
        "attempts": one.attempts,
        "kind": one.kind,
        "user": usage_table.link(one.user) if one.user else "",
    }


def _span(days: Days) -> dict[str, Any]:
    return {"since": days.span.since, "until": days.span.until}


def _columns(found: tuple[JobCost, ...]) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    wasted = t("On what came to nothing: attempts that failed, and what was bought again")
    columns: dict[str, Any] = {
        "job": tables.job_column(235),
        "spend": text(t("Spend"), width=80, alignment="right"),
        "times": number(t("Median book ×"), width=115, format="%.1f"),
        "wasted": text(t("Wasted"), width=80, alignment="right", help=wasted),
        "status": text(t("Status"), width=80),
        "attempts": number(t("Attempts"), width=75),
        "kind": text(t("Kind of work"), width=95),
        "user": usage_table.user_column(pinned=False),
    }
    if all(one.attempts is None for one in found):
        del columns["attempts"]
    return columns


def _notes(found: tuple[JobCost, ...], usual: Decimal | None, told: MoneySource) -> list[str]:
    """What the reader must know of the numbers."""
    notes = [t("the {n} most expensive, by what was spent on them in these days", n=LISTED)]
    if usual is not None:
        notes.append(t("the median book cost {usd}", usd=money(usual)))
    if told is MoneySource.ESTIMATED:
        notes.append(t("estimated from the price list"))
    if unpriced := sum(one.unpriced for one in found):
        notes.append(tn("{n} call unpriced", "{n} calls unpriced", unpriced))
    return notes
