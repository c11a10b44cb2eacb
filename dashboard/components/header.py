"""The line above every page: its name, where this is, in which zone times are told, and the live switch."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components import live, tables
from dashboard.components.formatting import Zone, plain
from dashboard.connections import settings
from dashboard.i18n import t

LOUD_ENVIRONMENTS = ("production", "prod")


def zone() -> Zone:
    """The zone that times are shown in."""
    name = settings().timezone
    return Zone(name, ZoneInfo(name))


def page(title: str, *, refreshes: bool = True) -> None:
    """Title on the left; environment, zone and live switch on the right edge."""
    tables.opened(title)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            environment = settings().environment
            loud = environment.lower() in LOUD_ENVIRONMENTS
            st.badge(
                plain(environment),
                color="red" if loud else "gray",
                icon=":material/public:" if loud else None,
            )
            st.caption(t("Times in {zone}", zone=plain(settings().timezone)), width="content")
            if refreshes:
                live.switch()
