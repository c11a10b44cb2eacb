"""What waits for a confirmation, kept in the session; while anything does, nothing on the page may move."""

from __future__ import annotations

import streamlit as st

_PREFIX = "pending-"


def pending_key(name: str) -> str:
    """Under which the session keeps what a dialog of this name is about, as long as it is open."""
    return _PREFIX + name


def waiting() -> bool:
    """Whether any dialog is open."""
    return any(str(one).startswith(_PREFIX) for one in st.session_state)
