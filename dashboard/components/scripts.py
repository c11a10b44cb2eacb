"""The console's own scripts and styles: files in dashboard/static, since the content policy runs nothing else."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from html import escape

import streamlit as st

from dashboard.settings import ROOT

STATIC = ROOT / "dashboard" / "static"


def load(name: str, **data: str) -> None:
    """Run a module of dashboard/static, once a tab; it finds data as the data-… attributes of an element."""
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    address = f"app/static/{name}?{_version(name)}"
    st.html(
        f'<div hidden{attributes}></div><script type="module" src="{address}"></script>',
        unsafe_allow_javascript=True,
    )


def style(name: str) -> None:
    """Apply a style sheet of dashboard/static to the page."""
    st.html(STATIC / name)


@cache
def _version(name: str) -> str:
    """Changes with the file, so that no browser keeps an older one."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:8]
