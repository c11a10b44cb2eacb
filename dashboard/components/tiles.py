"""Numbers at a glance: value, state in colour, icon and word, a sparkline, freshness and source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.components.verdicts import State, spoken

_COLOURS = {State.WARNING: "orange", State.CRITICAL: "red", State.UNAVAILABLE: "orange"}
_ICONS = {
    State.WARNING: ":material/warning:",
    State.CRITICAL: ":material/error:",
    State.UNAVAILABLE: ":material/cloud_off:",
}
NARROWEST_TILE = 150  # two side by side on a phone of 390 px


@dataclass(frozen=True, slots=True)
class Tile:
    """One number. note is what qualifies it; source tells freshness and origin; page is where more stands."""

    label: str
    value: str
    state: State
    note: str
    source: str
    trend: Sequence[float] = ()
    trend_note: str = ""
    page: str | None = None


def row(tiles: Sequence[Tile]) -> None:
    """All tiles in one row on a wide screen, two a row on a phone."""
    with st.grid(len(tiles), min_column_width=NARROWEST_TILE):
        for tile in tiles:
            _tile(tile)


def _link(label: str, page: str) -> None:
    if st.button(
        label, type="tertiary", icon=":material/chevron_right:", icon_position="right", key=f"tile-{page}"
    ):
        st.switch_page(f"../pages/{page}.py")


def _tile(tile: Tile) -> None:
    with st.container(border=True, gap="xsmall", height="stretch"):
        if tile.page is None:
            st.markdown(tile.label)
        else:
            _link(tile.label, tile.page)
        colour, icon = _COLOURS.get(tile.state), _ICONS.get(tile.state, "")
        st.metric(
            tile.label,
            tile.value,
            label_visibility="collapsed",
            chart_data=list(tile.trend) or None,
            help=tile.trend_note or None,
        )
        note = f"{icon} {spoken(tile.state)}: {tile.note}" if colour else tile.note
        st.markdown(f":{colour}[{note}]" if colour else f":gray[{note}]")
        st.caption(tile.source)
