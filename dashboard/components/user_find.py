"""Which user the page is about: the address's alias, or the one of what somebody pastes."""

from __future__ import annotations

import re

import streamlit as st

from dashboard import fetch, links
from dashboard.components import filters, live
from dashboard.components.formatting import plain
from dashboard.components.notices import Finished, guarded
from dashboard.connections import aliases
from dashboard.i18n import t
from queries import user_history
from queries.aliases import DIGITS
from queries.errors import OpsError
from queries.user_history import Seen

_ALIAS = re.compile(rf"user-[0-9a-f]{{{DIGITS}}}")
_TYPED = "user-typed"


def chosen() -> str:
    """The alias that the address names. Where it names none, or nobody has it, asks for one and ends the page."""
    alias = filters.without_key(links.text(links.USER).value)
    if not is_alias(alias):
        _ask(t("An alias looks like user-7f3a9c01.") if alias else "", alias)
        raise Finished
    found = _seen(alias)
    if not isinstance(found, OpsError) and not found.digests:
        words = t("Nobody has this alias. Aliases change when their key (OPS_ALIAS_KEY) or the database does.")
        _ask(words, alias)
        raise Finished
    st.code(alias, language=None, width="content")
    return alias


def is_alias(text: str) -> bool:
    """Whether it has the shape of one."""
    return _ALIAS.fullmatch(text) is not None


def is_readable(alias: str) -> bool:
    """Whether the user can be read; where not, says so, and shows the page as soon as they can."""
    if isinstance(_seen(alias), Seen):
        return True

    def again() -> None:
        fetch.database(user_history.seen, alias)
        st.rerun()

    live.part(again, what=t("The user"))
    return False


def _ask(problem: str, alias: str) -> None:
    if problem:
        st.markdown(f"**{plain(alias)}** · {problem}")
    st.text_input(
        t("Alias, or a user's key (which is not kept)"),
        key=_TYPED,
        placeholder="user-…",
        max_chars=links.MAX_TEXT,
        on_change=_into_address,
        width=420,
    )


def _into_address() -> None:
    """A key is its user's only credential: what is no alias becomes one before anything else hears of it."""
    typed = st.session_state[_TYPED].strip()
    st.session_state[_TYPED] = ""
    if typed:
        links.put(links.USER, typed if typed.startswith("user-") else aliases().alias(typed))


def _seen(alias: str) -> Seen | OpsError:
    return guarded(lambda: fetch.database(user_history.seen, alias).value)
