"""Above the list of stuck jobs: how many are shown, chosen and new, and what can be done with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from actions.permissions import Actor
from dashboard.components import confirm, job_buttons, stuck_table, tables
from dashboard.components.tables import Shown
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries.errors import OpsError


def bar(actor: Actor, shown: Shown, *, total: int, source: str, unrecordable: OpsError | None) -> None:
    """How many are shown, chosen and new; the buttons of those who may press them, and what is in their way.

    unrecordable is why the console's own store cannot be used.
    """
    chosen = stuck_table.selected()
    actions = tuple(job_buttons.OFFERED_AS)
    obstacles = job_buttons.obstacles(actor, actions, unrecordable) if shown.rows else {}
    listed = [place for place, one in enumerate(shown.rows) if stuck_table.identify(one) not in shown.gone]
    told = tn("{n} job", "{n} jobs", len(listed))
    if total > len(listed):
        told = t("{jobs} of {total}", jobs=told, total=total)
    # On the left, since the table's own tools float over the right end of this line.
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for action, obstacle in obstacles.items():
            ask = partial(confirm.ask, action, chosen, stuck_table.KEY)
            job_buttons.button(action, len(chosen), obstacle, ask)
        if obstacles:
            _choose(listed, len(chosen))
        _news(shown)
        st.caption(f"{told} · {source}", width="content")
    job_buttons.told(obstacles)


def _choose(listed: Sequence[int], chosen: int) -> None:
    """listed: the places of the rows that are still stuck."""
    press, key = tables.select, stuck_table.KEY
    if chosen:
        st.button(t("Select none"), on_click=press, args=(key, ()), type="tertiary", key="select-none")
    elif places := listed[: settings().bulk_limit]:
        label = tn("Select the one", "Select all {n}", len(places))
        st.button(label, on_click=press, args=(key, places), type="tertiary", key="select-page")


def _news(shown: Shown) -> None:
    """The button that shows what came, and lets go of what is stuck no longer."""
    if shown.arrived:
        label, icon = tn("{n} new", "{n} new", shown.arrived), ":material/add:"
    elif shown.gone:
        label = tn("Clear {n} no longer stuck", "Clear {n} no longer stuck", len(shown.gone))
        icon = ":material/done_all:"
    else:
        return
    st.button(label, icon=icon, on_click=tables.show_new, args=(stuck_table.KEY,), key="show-new")
