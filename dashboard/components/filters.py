"""Filters that live in the address, so that a link shows a colleague the same view.

Streamlit's own binding writes a choice's label, which another language or a reworded label would not find again;
so a choice's stable name is written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import links
from dashboard.components.notices import ignored_parameters
from dashboard.connections import aliases

# One long word with a digit in it, which is neither (part of) a job's id nor an alias.
_KEY = re.compile(r"(?!(?:job|series|regen|inpaint|retell|audio)_|user-|\d{8}_)(?=\S*\d)\S{16,}")


def several(label: str, parameter: str, options: Sequence[str], words: Callable[[str], str]) -> tuple[str, ...]:
    """Any of a few options, all visible; nothing chosen means all."""
    asked = links.several(parameter, options)
    ignored_parameters(list(asked.rejected))
    st.session_state[parameter] = list(asked.value)
    chosen = st.pills(
        label,
        list(options),
        selection_mode="multi",
        format_func=words,
        key=parameter,
        on_change=_into_address,
        args=(parameter,),
    )
    return tuple(chosen)


def one(label: str, parameter: str, options: Sequence[str], words: Callable[[str], str]) -> str:
    """Exactly one of several options; the first is the default."""
    asked = links.choice(parameter, options, options[0])
    ignored_parameters(list(asked.rejected))
    st.session_state[parameter] = asked.value
    chosen = st.selectbox(
        label,
        list(options),
        format_func=words,
        key=parameter,
        on_change=_into_address,
        args=(parameter, options[0]),
    )
    return str(chosen)


def _into_address(parameter: str, default: str | None = None) -> None:
    chosen = st.session_state[parameter]
    links.put(parameter, None if chosen == default else chosen)


def text(label: str, parameter: str, *, placeholder: str = "", known: Callable[[str], bool] | None = None) -> str:
    """Free text, trimmed. What looks like a user's key, and is not known as something else, becomes its alias.

    A key is its user's only credential, so it is replaced before it could reach the address or the browser again,
    and where somebody put it into the address by hand.
    """
    asked = links.text(parameter)
    ignored_parameters(list(asked.rejected))
    value = without_key(asked.value, known)
    st.session_state[parameter] = value
    st.text_input(
        label,
        key=parameter,
        placeholder=placeholder,
        max_chars=links.MAX_TEXT,
        type="search",
        on_change=_text_into_address,
        args=(parameter, known),
    )
    return value


def without_key(text: str, known: Callable[[str], bool] | None = None) -> str:
    """The text, or its alias where it looks like a user's key and is not known as something else."""
    return aliases().alias(text) if looks_like_key(text) and not (known and known(text)) else text


def looks_like_key(word: str) -> bool:
    """Whether this may be a user's key: their only credential, which must not be shown or kept."""
    return _KEY.fullmatch(word) is not None


def _text_into_address(parameter: str, known: Callable[[str], bool] | None) -> None:
    st.session_state[parameter] = without_key(st.session_state[parameter].strip(), known)
    _into_address(parameter)
