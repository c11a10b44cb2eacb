"""What `ops-dashboard serve` runs: the console as an ASGI app, with health, metrics and headers of its own."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module

import streamlit as st
from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from dashboard import connections, health, mended, navigation
from dashboard.crossings import Crossings
from dashboard.middleware import KnownHosts, PeersOnly, SafeHeaders, WayBack
from dashboard.settings import ROOT
from dashboard.settings_errors import SettingsError

# What the first page would otherwise wait for.
WARM = ("numpy", "pandas", "plotly.graph_objects", "pyarrow", "dashboard.situation")


@asynccontextmanager
async def alive(_: st.App) -> AsyncIterator[None]:
    """Import what pages need before the first one is asked for, spare it from every later collection, go on."""
    for name in WARM:
        import_module(name)
    gc.collect()
    gc.freeze()
    health.watch()
    await to_thread.run_sync(_go_on)
    yield
    health.unwatch()
    await to_thread.run_sync(connections.close_runner)
    await to_thread.run_sync(connections.close_keeper)


def _go_on() -> None:
    """With what a console before this one left, and what one does for all, without anybody opening a page."""
    with suppress(SettingsError):  # every page tells it
        connections.runner()
        connections.keep()


async def _first_page(request: Request) -> RedirectResponse:
    """Streamlit knows its first page by the bare address alone, and calls its name "not found"."""
    return RedirectResponse(request.url.replace(scheme="", netloc="", path="/"))


mended.mend()
app = st.App(
    ROOT / "dashboard" / "app.py",
    lifespan=alive,
    routes=[
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
        Route(f"/{navigation.DEFAULT}", _first_page),
    ],
    middleware=[Middleware(each) for each in (SafeHeaders, KnownHosts, PeersOnly, WayBack, Crossings)],
)
