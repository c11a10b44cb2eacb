"""Tables whose selection means the same rows after a refresh: positions are mapped to ids at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from dashboard import discretion, links
from dashboard.i18n import t

Row = TypeVar("Row")
MAX_HEIGHT_ROWS = 15
ROW_PIXELS = 36
HEADER_PIXELS = 34
_SHOWN, _PAGE, _RENEWED = "tables-shown", "tables-page", "tables-renewed"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a table shows, in the order in which it was first shown, and how many rows came since.

    gone are the ids of rows that would not be listed now.
    """

    rows: Sequence[Any]
    arrived: int
    gone: frozenset[str] = frozenset()


def hold(key: str, rows: Sequence[Row], identify: Callable[[Row], str], *, holding: bool) -> Shown:
    """The rows to show: while holding those of before, their cells as they are now, so that no row moves.

    Streamlit's selection is a list of positions; it stays true only while the rows stand still. What is shown
    anew, also after show_new() and where nothing was shown, takes the selection along to the rows' new places.
    """
    before: Sequence[Row] = _shown().get(key, ())
    anew = st.session_state.pop(f"{key}-anew", False)
    if holding and before and not anew:
        now = {identify(row): row for row in rows}
        still = {identify(row): row for row in before}
        remember(key, [now.get(identity, row) for identity, row in still.items()])
        return Shown(_shown()[key], len(now.keys() - still.keys()), frozenset(still.keys() - now.keys()))
    chosen = selected(key, identify)
    select(key, [place for place, row in enumerate(rows) if identify(row) in chosen])
    remember(key, rows)
    return Shown(rows, 0)


def remember(key: str, rows: Sequence[Any]) -> None:
    """These are the rows that the table shows: what its selection counts by."""
    _shown()[key] = rows


def holds(key: str) -> bool:
    """Whether the table has rows that it showed before, and that should stand still."""
    return key in _shown()


def show_new(key: str) -> None:
    """Show what is there now when the table is next drawn; what is selected stays selected."""
    st.session_state[f"{key}-anew"] = True


def renew(occasion: str) -> None:
    """Show in every table what is there now, once an occasion (an action's end), but where somebody selects."""
    if st.session_state.get(_RENEWED) != occasion:
        st.session_state[_RENEWED] = occasion
        for key in [key for key in _shown() if not _positions(key)]:
            del _shown()[key]


def opened(page: str) -> None:
    """A page that is opened shows what is there now: nothing that its tables held before counts any more."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        _shown().clear()


def selected(key: str, identify: Callable[[Any], str]) -> tuple[str, ...]:
    """The ids of the rows that are selected in the table of this key, as it was last shown."""
    rows = _shown().get(key, ())
    return tuple(identify(rows[position]) for position in _positions(key) if 0 <= position < len(rows))


def select(key: str, positions: Sequence[int]) -> None:
    """Select just these rows, where they are not; before the table is drawn.

    The table is drawn as another widget then: a run that the browser asked for before it heard of this choice (a
    refresh, a quick click on the button that acts on it) would else bring the former one back.
    """
    if list(positions) != list(_positions(key)):
        st.session_state[f"{key}-generation"] = _generation(key) + 1
        st.session_state[_widget(key)] = {"selection": {"rows": list(positions), "columns": [], "cells": []}}


def select_none(key: str) -> None:
    """Clear the table's selection; call from a callback, before the table is drawn."""
    select(key, ())


def clear_later(key: str) -> None:
    """Clear the table's selection when it is next drawn."""
    st.session_state[f"{key}-clear"] = True


def selected_cell(key: str) -> tuple[int, str] | None:
    """Row position and column name of the cell that was selected in a table by cells()."""
    chosen = st.session_state.get(key, {}).get("selection", {}).get("cells", ())
    return tuple(chosen[0]) if chosen else None


def job_column(width: int) -> Any:
    """The column of links.to_job(), which shows the id and stays in view."""
    return st.column_config.LinkColumn(t("Job"), display_text=rf"{links.JOB}=([^&]+)$", pinned=True, width=width)


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Any],
    *,
    alt: str,
    key: str | None = None,
    selectable: bool = False,
    single: bool = False,
    most_rows: int = MAX_HEIGHT_ROWS,
) -> None:
    """Draw rows as a table; columns gives each field's column configuration in order of display.

    Beyond most_rows it scrolls.
    """
    options: dict[str, Any] = {}
    if selectable:
        if st.session_state.pop(f"{key}-clear", False):
            select_none(str(key))
        options = {
            "key": _widget(str(key)),
            "on_select": "rerun",
            "selection_mode": "single-row" if single else "multi-row",
        }
    _draw(rows, columns, alt, options, most_rows)


def cells(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Any],
    *,
    alt: str,
    key: str,
    on_select: Callable[[], None],
) -> None:
    """Draw rows as a table of which each cell can be chosen; on_select then reads selected_cell()."""
    _draw(rows, columns, alt, {"key": key, "on_select": on_select, "selection_mode": "single-cell"})


def _draw(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Any],
    alt: str,
    options: Mapping[str, Any],
    most_rows: int = MAX_HEIGHT_ROWS,
) -> None:
    frame = pd.DataFrame.from_records(discretion.rows(rows), columns=list(columns))
    st.dataframe(
        frame,
        hide_index=True,
        column_config=dict(columns),
        alt=alt,
        height=min(len(rows), most_rows) * ROW_PIXELS + HEADER_PIXELS,
        row_height=ROW_PIXELS,
        placeholder="",
        **options,
    )


def _shown() -> dict[str, Sequence[Any]]:
    """The rows of each table as this person last saw them."""
    rows: dict[str, Sequence[Any]] = st.session_state.setdefault(_SHOWN, {})
    return rows


def _positions(key: str) -> Sequence[int]:
    rows: Sequence[int] = st.session_state.get(_widget(key), {}).get("selection", {}).get("rows", ())
    return rows


def _widget(key: str) -> str:
    """The key of the widget that shows the table now."""
    generation = _generation(key)
    return f"{key}-{generation}" if generation else key


def _generation(key: str) -> int:
    """How often rows of this table were selected by something else than a click on them."""
    generation: int = st.session_state.get(f"{key}-generation", 0)
    return generation
