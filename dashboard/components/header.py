"""The line above every page: its name, where this is, in which zone times are told, and the live switch."""

from __future__ import annotations

import streamlit as st

from dashboard.components import live, outages, tables, zones
from dashboard.components.formatting import Zone, plain
from dashboard.connections import settings
from dashboard.i18n import t

LOUD_ENVIRONMENTS = ("production", "prod")


def zone() -> Zone:
    """The zone that times are shown in."""
    return zones.local()


def page(title: str, *, refreshes: bool = True) -> None:
    """Title on the left; environment, zone and live switch on the right edge; below, what does not answer."""
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
    live.part(outages.show)
