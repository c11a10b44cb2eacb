"""Filters that live in the address, so that a link shows a colleague the same view.

Streamlit's own binding writes a choice's label, which another language or a reworded label would not find again;
so a choice's stable name is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import links
from dashboard.components.notices import ignored_parameters


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
    if not chosen or chosen == default:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = chosen


def text(label: str, parameter: str, *, placeholder: str = "") -> str:
    """Free text, trimmed."""
    typed = st.text_input(
        label,
        key=parameter,
        bind="query-params",
        placeholder=placeholder,
        max_chars=200,
        type="search",
    )
    return (typed or "").strip()
