"""Live parts: the smallest fragment refreshes by itself, while somebody can see it and wants it to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from dashboard import discretion, links, sign_in
from dashboard.components import pending, scripts
from dashboard.components.notices import error_frame
from dashboard.connections import settings
from dashboard.i18n import t

# visibility.js and live.css know this name, too.
HIDDEN = "tab-hidden"


def watch() -> None:
    """Learn whether the tab is hidden: by a box that nobody sees, which the tab's script ticks.

    A widget is how a page tells the server anything. A component could do so too, but Streamlit loads its script
    from a blob: address, which the content policy does not let run.
    """
    scripts.style("live.css")
    st.checkbox(HIDDEN, key=HIDDEN)
    scripts.load("visibility.js")


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
    _shown(body, what, interval(every, always=always))


def still(body: Callable[[], None], *, what: str = "") -> None:
    """Show body the same way, again only when somebody changes something in it: what is typed there stays."""
    _shown(body, what, None)


def _shown(body: Callable[[], None], what: str, every: timedelta | None) -> None:
    def framed() -> None:
        sign_in.stay()
        with discretion.settled(), error_frame(what):
            body()

    # Streamlit tells fragments apart by their function's name.
    framed.__qualname__ = f"live.{body.__module__}.{body.__qualname__}"
    st.fragment(framed, run_every=every)()


def panel(title: str, body: Callable[[], None]) -> None:
    """A live part with a frame around it and its title above."""
    with st.container(border=True):
        st.markdown(f"**{title}**")
        part(body, what=title)


def interval(every: timedelta | None = None, *, always: bool = False) -> timedelta | None:
    """How often a part is shown again; None while the tab is hidden, somebody confirms, or the switch is off."""
    on = always or (st.session_state.get(links.LIVE, True) and not pending.waiting())
    if not on or st.session_state.get(HIDDEN, False):
        return None
    return every or timedelta(seconds=settings().refresh_seconds)
