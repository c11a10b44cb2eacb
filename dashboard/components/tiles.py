"""Numbers at a glance: value, state in colour, icon and word, a sparkline, freshness and source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard import discretion
from dashboard.components import sparkline, staleness
from dashboard.components.verdicts import State, spoken
from dashboard.i18n import t

_COLOURS = {
    State.WARNING: "orange",
    State.CRITICAL: "red",
    State.UNAVAILABLE: "orange",
}
_ICONS = {
    State.WARNING: ":material/warning:",
    State.CRITICAL: ":material/error:",
    State.STALE: staleness.ICON,
    State.UNAVAILABLE: ":material/cloud_off:",
}
NARROWEST_TILE = 150  # two side by side on a phone of 390 px


@dataclass(frozen=True, slots=True)
class Tile:
    """One number. note qualifies it; source tells freshness and origin; scale the trend's range; page has more."""

    label: str
    value: str
    state: State
    note: str
    source: str
    trend: Sequence[float] = ()
    scale: str = ""
    page: str | None = None


def row(tiles: Sequence[Tile]) -> None:
    """All tiles in one row on a wide screen, two a row on a phone."""
    with st.grid(len(tiles), min_column_width=NARROWEST_TILE):
        for tile in tiles:
            _tile(tile)


def _tile(tile: Tile) -> None:
    with st.container(border=True, gap="xsmall", height="stretch"):
        st.metric(tile.label, tile.value)
        colour, icon = _COLOURS.get(tile.state), _ICONS.get(tile.state, "")
        note = f"{icon} {spoken(tile.state)}: {tile.note}" if colour else tile.note
        st.markdown(f":{colour}[{note}]" if colour else f":gray[{icon} {note}]" if icon else f":gray[{note}]")
        if tile.trend:
            sparkline.show(tile.trend, alt=f"{tile.label}: {tile.scale}")
            st.caption(tile.scale)
        st.caption(tile.source)
        if tile.page is not None and discretion.opens(tile.page):
            _link(tile.page)


def _link(page: str) -> None:
    icon = ":material/chevron_right:"
    if st.button(t("Open"), type="tertiary", icon=icon, icon_position="right", key=f"tile-{page}"):
        st.switch_page(f"../pages/{page}.py")
