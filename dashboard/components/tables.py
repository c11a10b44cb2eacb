"""Tables whose selection means the same rows after a refresh: positions are mapped to ids at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

Row = TypeVar("Row")
MAX_HEIGHT_ROWS = 15
ROW_PIXELS = 36
HEADER_PIXELS = 34


@dataclass(frozen=True, slots=True)
class Shown:
    """What a selectable table shows: the rows that the person saw when choosing, and how many came since."""

    rows: Sequence[Any]
    arrived: int


def hold(key: str, rows: Sequence[Row], identify: Callable[[Row], str], *, holding: bool) -> Shown:
    """The rows to show: while somebody selects or confirms, those of before, so that no row moves meanwhile.

    Streamlit's selection is a list of positions; it stays true only while the rows stand still.
    """
    remembered = f"{key}-shown"
    if holding and remembered in st.session_state:
        before: Sequence[Row] = st.session_state[remembered]
        known = {identify(row) for row in before}
        return Shown(before, sum(identify(row) not in known for row in rows))
    st.session_state[remembered] = rows
    return Shown(rows, 0)


def selected(key: str, identify: Callable[[Any], str]) -> tuple[str, ...]:
    """The ids of the rows that are selected in the table of this key, as it was last shown."""
    rows = st.session_state.get(f"{key}-shown", ())
    positions = st.session_state.get(key, {}).get("selection", {}).get("rows", ())
    return tuple(identify(rows[position]) for position in positions if 0 <= position < len(rows))


def select_all(key: str, limit: int) -> None:
    """Select the rows that the table shows, at most limit; call from a callback, before the table is drawn."""
    rows = st.session_state.get(f"{key}-shown", ())
    st.session_state[key] = {"selection": {"rows": list(range(min(len(rows), limit))), "columns": [], "cells": []}}


def select_none(key: str) -> None:
    """Clear the table's selection; call from a callback, before the table is drawn."""
    st.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": []}}


def clear_later(key: str) -> None:
    """Clear the table's selection when it is next drawn."""
    st.session_state[f"{key}-clear"] = True


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Any],
    *,
    alt: str,
    key: str | None = None,
    selectable: bool = False,
    single: bool = False,
) -> None:
    """Draw rows as a table; columns gives each field's column configuration in order of display."""
    frame = pd.DataFrame.from_records([dict(row) for row in rows], columns=list(columns))
    height = min(len(rows), MAX_HEIGHT_ROWS) * ROW_PIXELS + HEADER_PIXELS
    options: dict[str, Any] = {
        "hide_index": True,
        "column_config": dict(columns),
        "alt": alt,
        "height": height,
        "row_height": ROW_PIXELS,
    }
    if selectable:
        if st.session_state.pop(f"{key}-clear", False):
            select_none(str(key))
        options |= {"key": key, "on_select": "rerun", "selection_mode": "single-row" if single else "multi-row"}
    st.dataframe(frame, **options)
