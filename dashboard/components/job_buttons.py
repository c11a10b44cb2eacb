"""The buttons that act on chosen jobs, for those who may press them; and why one cannot be pressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from actions.permissions import Actor, permitted
from dashboard import dry_runs
from dashboard.components.formatting import plain
from dashboard.components.notices import guarded, read_only_words, unrecordable_words
from dashboard.connections import settings
from dashboard.i18n import t, tn, translated_error
from queries.errors import OpsError

# action → what the service calls it; acknowledging is the console's own
OFFERED_AS: Mapping[str, str | None] = {"job.retry": "retry", "job.cancel": "cancel", "job.acknowledge": None}
# Any of these, each as a bulk action; snoozing is chosen in the dialog of acknowledging.
_TAKEN_AS: Mapping[str, tuple[str, ...]] = {
    "job.retry": ("job.retry",),
    "job.cancel": ("job.cancel",),
    "job.acknowledge": ("job.acknowledge", "job.snooze"),
}
ICONS = {
    "job.retry": ":material/replay:",
    "job.cancel": ":material/cancel:",
    "job.acknowledge": ":material/how_to_reg:",
}


def may_act(actor: Actor) -> bool:
    """Whether any action is open to this person in this console."""
    return not settings().read_only and any(_open_to(actor, action) for action in OFFERED_AS)


def obstacles(actor: Actor, actions: tuple[str, ...], unrecordable: OpsError | None) -> dict[str, str]:
    """Each of these actions that is open to this person, and why it cannot be taken; "" where it can.

    unrecordable is why the console's own store cannot be used. None at all in a read-only console.
    """
    if settings().read_only:
        return {}
    open_to = [action for action in actions if _open_to(actor, action)]
    if unrecordable is None:
        return {action: plain(_not_offered(OFFERED_AS[action])) for action in open_to}
    return dict.fromkeys(open_to, unrecordable_words(unrecordable))


def button(action: str, number: int, obstacle: str, ask: Callable[[], None]) -> None:
    """One button that opens the dialog for so many jobs."""
    reason = obstacle or (None if number else t("Select jobs in the table first."))
    clicked = st.button(
        _label(action, number),
        icon=ICONS[action],
        type="primary" if action == "job.retry" else "secondary",
        disabled=reason is not None,
        help=reason,
        key=f"do-{action}",
    )
    if clicked:
        ask()
        st.rerun()


def told(found: Mapping[str, str]) -> None:
    """What is in the way of the buttons, once each, and that the console is read-only where it is."""
    for obstacle in dict.fromkeys(filter(None, found.values())):
        st.caption(obstacle)
    if settings().read_only:
        st.caption(read_only_words())


def _open_to(actor: Actor, action: str) -> bool:
    return permitted(actor, "bulk.start") and any(permitted(actor, one) for one in _TAKEN_AS[action])


def _label(action: str, number: int) -> str:
    if number == 0:
        return {"job.retry": t("Retry"), "job.cancel": t("Cancel"), "job.acknowledge": t("Acknowledge")}[action]
    words = {
        "job.retry": tn("Retry {n}…", "Retry {n}…", number),
        "job.cancel": tn("Cancel {n}…", "Cancel {n}…", number),
        "job.acknowledge": tn("Acknowledge {n}…", "Acknowledge {n}…", number),
    }
    return words[action]


def _not_offered(verb: str | None) -> str:
    if verb is None:
        return ""
    offered = guarded(lambda: dry_runs.offered(verb))
    if isinstance(offered, OpsError):
        return translated_error(offered)
    return "" if offered else t("Not offered by this service: it has no control API for it.")
