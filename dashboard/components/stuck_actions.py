"""What can be done with the selected stuck jobs, and why something cannot."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from actions.bulk import BULK_LIMIT
from actions.permissions import Actor, permitted
from dashboard import dry_runs
from dashboard.components import confirm, stuck_table, tables
from dashboard.components.formatting import plain
from dashboard.components.notices import guarded
from dashboard.components.tables import Shown
from dashboard.connections import settings
from dashboard.i18n import t, tn, translated_error
from queries.errors import OpsError

# action → what the service calls it; acknowledging is the console's own
OFFERED_AS: Mapping[str, str | None] = {"job.retry": "retry", "job.cancel": "cancel", "job.acknowledge": None}
ICONS = {
    "job.retry": ":material/replay:",
    "job.cancel": ":material/cancel:",
    "job.acknowledge": ":material/how_to_reg:",
}


def may_act(actor: Actor) -> bool:
    """Whether any action is open to this person in this console."""
    return not settings().read_only and any(permitted(actor, action) for action in OFFERED_AS)


def bar(actor: Actor, shown: Shown, *, total: int, source: str, unrecordable: OpsError | None) -> None:
    """How many are shown, chosen and new; the buttons of those who may press them, and what is in their way.

    unrecordable is why the console's own store cannot be used.
    """
    chosen = stuck_table.selected()
    obstacles = _obstacles(actor, unrecordable) if shown.rows and may_act(actor) else {}
    told = tn("{n} job", "{n} jobs", len(shown.rows))
    if total > len(shown.rows):
        told = t("{jobs} of {total}", jobs=told, total=total)
    # On the left, since the table's own tools float over the right end of this line.
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for action, obstacle in obstacles.items():
            _button(action, chosen, obstacle)
        if obstacles:
            _choose(len(shown.rows), len(chosen))
        if shown.arrived:
            st.badge(tn("{n} new", "{n} new", shown.arrived), icon=":material/add:", color="blue")
        st.caption(f"{told} · {source}", width="content")
    for obstacle in dict.fromkeys(filter(None, obstacles.values())):
        st.caption(obstacle)
    if settings().read_only:
        st.caption(t("This console is read-only (OPS_READ_ONLY): nothing can be done from here."))


def _choose(rows: int, chosen: int) -> None:
    if chosen:
        st.button(t("Select none"), on_click=tables.select_none, args=(stuck_table.KEY,), type="tertiary")
    else:
        label = tn("Select the one", "Select all {n}", min(rows, BULK_LIMIT))
        st.button(label, on_click=tables.select_all, args=(stuck_table.KEY, BULK_LIMIT), type="tertiary")


def _button(action: str, chosen: tuple[str, ...], obstacle: str) -> None:
    reason = obstacle or (None if chosen else t("Select jobs in the table first."))
    clicked = st.button(
        _label(action, len(chosen)),
        icon=ICONS[action],
        type="primary" if action == "job.retry" else "secondary",
        disabled=reason is not None,
        help=reason,
        key=f"do-{action}",
    )
    if clicked:
        confirm.ask(action, chosen, stuck_table.KEY)
        st.rerun()


def _label(action: str, number: int) -> str:
    if number == 0:
        return {"job.retry": t("Retry"), "job.cancel": t("Cancel"), "job.acknowledge": t("Acknowledge")}[action]
    words = {
        "job.retry": tn("Retry {n}…", "Retry {n}…", number),
        "job.cancel": tn("Cancel {n}…", "Cancel {n}…", number),
        "job.acknowledge": tn("Acknowledge {n}…", "Acknowledge {n}…", number),
    }
    return words[action]


def _obstacles(actor: Actor, unrecordable: OpsError | None) -> dict[str, str]:
    """Each action that is open to this person, and why it cannot be taken; "" where it can."""
    open_to = (action for action in OFFERED_AS if permitted(actor, action))
    if unrecordable is None:
        return {action: plain(_not_offered(OFFERED_AS[action])) for action in open_to}
    why = t("Nothing can be done from here, since it could not be recorded.")
    return dict.fromkeys(open_to, f"{why} {plain(translated_error(unrecordable))}")


def _not_offered(verb: str | None) -> str:
    if verb is None:
        return ""
    offered = guarded(lambda: dry_runs.offered(verb))
    if isinstance(offered, OpsError):
        return translated_error(offered)
    return "" if offered else t("Not offered by this service: it has no control API for it.")
