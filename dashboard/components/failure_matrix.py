"""Failures by error code and time window: what is new or rising is marked, and each number leads to its jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import streamlit as st

from dashboard.components import charts, query_text, summary, tables
from dashboard.components.query_box import SPANS
from dashboard.components.query_text import Asked
from dashboard.fetch import Fetched
from dashboard.i18n import t, tn
from queries.failures import WINDOWS, FailureMatrix, FailureRow
from queries.job_filter import exactly

KEY = "failure-matrix"
SHORT = 8  # codes that fit beside the list without scrolling
_ALL = "failure-matrix-all"
_COLUMN: Mapping[timedelta, str] = {span: name for name, span in SPANS.items() if span is not None}


def code_words(code: str) -> str:
    """An error code; jobs that failed without one are named so."""
    return code or t("no code")


def mark_words(row: FailureRow) -> str:
    """What is to know of a code, in a word."""
    if row.new:
        return t("new")
    if row.rising:
        return t("rising")
    return t("refusal") if row.refusal else ""


def show(answer: Fetched[FailureMatrix], now: Asked) -> None:
    """The matrix; a click on a number searches for its jobs."""
    matrix = answer.value
    charts.title(t("Failures by error code"), t("choose a number to see its jobs"))
    if not matrix.rows:
        searched = t("None of these failed in the last 7 days.")
        calm = searched if now.text else t("Nothing failed in the last 7 days.")
        st.markdown(f":gray[:material/check: {calm}]")
        return
    everything = st.session_state.get(_ALL, False)
    rows = matrix.rows if everything else matrix.rows[:SHORT]
    tables.cells(
        [_row(row) for row in rows],
        _columns(),
        alt=t("Failures by error code and time window"),
        key=KEY,
        on_select=lambda: _search(rows, now),
    )
    if (more := len(matrix.rows) - len(rows)) > 0:
        st.button(
            tn("{n} more code", "{n} more codes", more), on_click=_show_all, type="tertiary", key="more-codes"
        )
    if matrix.other_codes:
        rarer = tn("{n} rarer code is not listed.", "{n} rarer codes are not listed.", matrix.other_codes)
        st.caption(rarer)
    st.caption(summary.source(answer))


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "code": st.column_config.TextColumn(t("Failed with"), width=175, pinned=True),
        "mark": st.column_config.TextColumn(t("Trend"), width=65),
        **{_COLUMN[window]: number(_COLUMN[window], width=48, format="localized") for window in WINDOWS},
    }


def _row(row: FailureRow) -> dict[str, Any]:
    counts = {_COLUMN[window]: count or None for window, count in zip(WINDOWS, row.counts, strict=True)}
    return {"code": code_words(row.code), "mark": mark_words(row), **counts}


def _search(rows: Sequence[FailureRow], now: Asked) -> None:
    cell = tables.selected_cell(KEY)
    if cell is None or cell[0] >= len(rows):
        return
    position, column = cell
    wanted = replace(
        now.filter,
        statuses=("failed",),
        errors=(exactly(rows[position].code),),
        since=SPANS.get(column) or WINDOWS[-1],
        until=None,
    )
    query_text.put_filter(wanted)


def _show_all() -> None:
    st.session_state[_ALL] = True
