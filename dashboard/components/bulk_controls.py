"""Pause, resume, stop and pace a bulk action: for those who may, and why one cannot be pressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from uuid import uuid4

import streamlit as st

from actions import bulks
from actions.audit import Door
from actions.permissions import Actor, permitted
from dashboard import connections, fetch, situation
from dashboard.components import pacing
from dashboard.components.notices import guarded, read_only_words, tell, unrecordable_words
from dashboard.connections import settings
from dashboard.i18n import t
from queries.bulk_models import Bulk, BulkState
from queries.errors import OpsError

_PROBLEM = "bulk-problem"
GOING_ON = (BulkState.RUNNING, BulkState.PAUSED)
_VERBS: Mapping[str, Callable[..., Bulk]] = {
    "bulk.pause": bulks.pause,
    "bulk.resume": bulks.resume,
    "bulk.stop": bulks.stop,
}


def buttons(actor: Actor, bulk: Bulk) -> None:
    """Pause or resume, and stop, where that makes sense; what the last click met; what is in the way."""
    if isinstance(problem := st.session_state.pop(_PROBLEM, None), OpsError):
        tell(problem)
    verbs = [_VERBS[action] for action in _meant(bulk) if permitted(actor, action)]
    if not verbs:
        return
    if settings().read_only:
        st.caption(read_only_words())
        return
    obstacle = _obstacle()
    for verb in verbs:
        label, icon, hint = _words(verb)
        st.button(
            label,
            icon=icon,
            on_click=partial(_take, verb, actor, bulk),
            disabled=bool(obstacle),
            help=obstacle or hint,
            key=f"bulk-{verb.__name__}",
        )
    if obstacle:
        st.caption(obstacle)


def pace(actor: Actor, bulk: Bulk) -> None:
    """Another pace, from now on."""
    if bulk.state not in GOING_ON or not permitted(actor, "bulk.pace") or settings().read_only or _obstacle():
        return
    with st.form("bulk-pace", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.number_input(
            t("Jobs a minute"),
            1,
            pacing.MOST_A_MINUTE,
            bulk.per_minute or settings().bulk_per_minute,
            key="bulk-per-minute",
            width=140,
        )
        wanted: int | None = bulk.per_minute
        if st.form_submit_button(t("Set the pace"), icon=":material/speed:", key="bulk-set-pace"):
            wanted = int(number)
        if bulk.per_minute is not None and st.form_submit_button(t("As fast as it goes"), key="bulk-at-once"):
            wanted = None
    if wanted != bulk.per_minute:
        _take(partial(_paced, per_minute=wanted), actor, bulk)
        st.rerun()


def _meant(bulk: Bulk) -> tuple[str, ...]:
    """What makes sense in its state."""
    if bulk.state not in GOING_ON:
        return ()
    return "bulk.pause" if bulk.state is BulkState.RUNNING else "bulk.resume", "bulk.stop"


def _paced(door: Door, actor: Actor, bulk_id: str, *, per_minute: int | None, request_id: str) -> Bulk:
    return bulks.pace(door, actor, bulk_id, per_minute, request_id=request_id)


def _words(verb: Callable[..., Bulk]) -> tuple[str, str, str | None]:
    if verb is bulks.pause:
        return t("Pause"), ":material/pause:", None
    if verb is bulks.resume:
        return t("Resume"), ":material/play_arrow:", None
    hint = t("For good: what is not touched yet stays as it is.")
    return t("Stop after those under way"), ":material/stop:", hint


def _take(verb: Callable[..., Bulk], actor: Actor, bulk: Bulk) -> None:
    """An error is told when the buttons are next drawn."""
    answer = guarded(lambda: verb(connections.door(), actor, bulk.id, request_id=str(uuid4())))
    if isinstance(answer, OpsError):
        st.session_state[_PROBLEM] = answer
    connections.runner().wake()
    fetch.clear()


def _obstacle() -> str:
    error = situation.unrecordable()
    return "" if error is None else unrecordable_words(error)
