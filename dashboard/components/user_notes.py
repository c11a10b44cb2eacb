"""What people wrote down about a user, and for those who may, a line to write more."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import streamlit as st

from actions import user_notes
from actions.permissions import Actor, permitted
from dashboard import connections, discretion, fetch, situation
from dashboard.components.formatting import Zone, exact, plain
from dashboard.components.notices import guarded, read_only_words, tell, unrecordable_words
from dashboard.connections import settings
from dashboard.i18n import t
from queries import user_notes as questions
from queries.errors import OpsError

_TEXT, _PROBLEM = "user-note", "user-note-problem"


def show(actor: Actor, digests: Sequence[str], zone: Zone) -> None:
    """The notes, newest first. Raises DatabaseError where the console's own store cannot be read."""
    notes = fetch.store(questions.newest, tuple(digests)).value
    for one in notes:
        st.caption(f"{plain(one.actor)} · {exact(one.at, zone)}")
        st.text(discretion.told(one.note))
    if not notes:
        st.markdown(f":gray[{t('Nobody wrote anything down about this user.')}]")
    if permitted(actor, "user.note"):
        _form(actor, digests[0])


def _form(actor: Actor, digest: str) -> None:
    if settings().read_only:
        st.caption(read_only_words())
        return
    if (error := situation.unrecordable()) is not None:
        st.caption(unrecordable_words(error))
        return
    with st.form("user-note-form", border=False):
        # Without max_chars, which would drop or cut what is too long without a word.
        st.text_area(
            t("Add a note"), key=_TEXT, height=80, placeholder=t("Everybody who works here can read it; it stays.")
        )
        st.form_submit_button(t("Add"), icon=":material/note_add:", on_click=_add, args=(actor, digest))
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        tell(problem)


def _add(actor: Actor, digest: str) -> None:
    """What could not be kept stays in the box."""
    door, note = connections.door(), st.session_state[_TEXT]
    answer = guarded(lambda: user_notes.add(door, actor, digest, note, request_id=str(uuid4())))
    fetch.clear()
    if isinstance(answer, OpsError):
        st.session_state[_PROBLEM] = answer
    else:
        st.session_state[_TEXT] = ""
