"""What `ops-dashboard serve` runs: the console as an ASGI app, with health, metrics and headers of its own."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module

import sqlalchemy as sa
import streamlit as st
from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import connections, fetch
from dashboard.settings import ROOT
from dashboard.settings_errors import SettingsError
from dashboard.telemetry import REGISTRY
from queries.errors import OpsError

# What the first page would otherwise wait for.
WARM = ("numpy", "pandas", "plotly.graph_objects", "pyarrow", "dashboard.situation")
# Streamlit styles its elements inline and starts with one inline script.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SafeHeaders:
    """Adds HEADERS to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


async def healthz(_: Request) -> Response:
    """The process runs; says nothing of its sources."""
    return PlainTextResponse("ok")


async def readyz(_: Request) -> Response:
    """200 when the one source answers that no page can do without, 503 when not; asked once per refresh."""
    problem = await to_thread.run_sync(_database_problem)
    answer = {"database": "ok" if problem is None else type(problem).__name__}
    return JSONResponse(answer, status_code=200 if problem is None else 503)


async def metrics(_: Request) -> Response:
    """The console's own metrics, as Prometheus text."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def alive(_: st.App) -> AsyncIterator[None]:
    """Import what pages need before the first one is asked for, spare it from every later collection, go on."""
    for name in WARM:
        import_module(name)
    gc.collect()
    gc.freeze()
    await to_thread.run_sync(_go_on)
    yield
    await to_thread.run_sync(connections.close_runner)
    await to_thread.run_sync(connections.close_keeper)


def _go_on() -> None:
    """With what a console before this one left, and what one does for all, without anybody opening a page."""
    with suppress(SettingsError):  # every page tells it
        connections.runner()
        connections.keep()


def _database_problem() -> OpsError | None:
    try:
        fetch.database(_one)
    except OpsError as error:
        return error
    return None


def _one(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.literal(1))).scalar_one())


app = st.App(
    ROOT / "dashboard" / "app.py",
    lifespan=alive,
    routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)],
    middleware=[Middleware(SafeHeaders)],
)
