"""Live parts: the smallest fragment refreshes by itself, unless somebody switched that off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from dashboard import links
from dashboard.components.notices import error_frame
from dashboard.connections import settings
from dashboard.i18n import t


def switch() -> None:
    """The header's switch; its position lives in the address."""
    st.toggle(
        t("Live"),
        value=True,
        key=links.LIVE,
        bind="query-params",
        help=t("Refresh this page by itself every {seconds} s.", seconds=settings().refresh_seconds),
    )


def part(
    body: Callable[[], None], *, what: str = "", every: timedelta | None = None, always: bool = False
) -> None:
    """Show body inside its own error frame, again every refresh interval (or every given time).

    always: even where the switch is off.
    """
    interval = every or timedelta(seconds=settings().refresh_seconds)
    ticks = always or st.session_state.get(links.LIVE, True)

    def framed() -> None:
        with error_frame(what):
            body()

    # Streamlit tells fragments apart by their function's name.
    framed.__qualname__ = f"live.{body.__module__}.{body.__qualname__}"
    st.fragment(framed, run_every=interval if ticks else None)()
