"""What stands between the network and Streamlit: hosts, peers, headers, and the way back after a sign-in."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import identity, settings, settings_file, sign_in_settings
from dashboard.settings import DEFAULT_FILE, FILE_VARIABLE, Settings
from dashboard.settings_errors import SettingsError

# Streamlit styles its elements inline, and its page begins with one inline script that differs by version: a hash
# would break with each upgrade, and a nonce cannot be had, since Streamlit serves the page as a file.
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
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
# Asked by probes and by Prometheus, from wherever they run; none of them tells a secret.
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")

LOGIN, CALLBACK = "/auth/login", "/oauth2callback"
RETURN_COOKIE: Final = "ops_return"
RETURN_SECONDS = 600
# Longer addresses than this are of no page of ours.
RETURN_LENGTH = 2_000

# Proves to a page that PeersOnly saw its connection: nobody outside this process knows the value.
CHECKED_HEADER: Final = "X-Ops-Peer-Checked"
CHECKED: Final = secrets.token_urlsafe(32)

PROVIDER_DOWN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign-in is not possible now</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;color:#10161F}
a{color:#2F5FBF}@media(prefers-color-scheme:dark){body{background:#12161C;color:#E4E8EE}a{color:#8FB3F5}}</style>
<h1 style="font-size:1.4rem">Sign-in is not possible now</h1>
<p>The sign-in provider does not answer. Whoever is signed in already can go on working.</p>
<p><a href="/">Try again</a></p></html>"""


def auth_table() -> dict[str, object]:
    """The settings file's table [auth]; empty where there is none. Raises SettingsError."""
    return settings_file.table(FILE_VARIABLE, DEFAULT_FILE, name="auth")


def hosts(here: Settings) -> list[str]:
    """The names under which the console answers."""
    named = here.allowed_hosts.split()
    return [*named, *LOOPBACK] if named or here.auth == "demo" else ["*"]


class SafeHeaders:
    """Adds HEADERS to every response, those of errors and files too; and Secure to cookies where it is https."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._https: bool | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if self._is_https():
                    headers.update(HTTPS_HEADERS)
                    message["headers"] = [_secured(name, value) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)

    def _is_https(self) -> bool:
        if self._https is None:
            try:
                self._https = settings.load().auth == "oidc" and sign_in_settings.is_https(auth_table())
            except SettingsError:
                self._https = False
        return self._https


def _secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() != b"set-cookie" or b"; secure" in value.lower():
        return name, value
    return name, value + b"; Secure"


class KnownHosts:
    """Answers only under the names that are set, over HTTP and over WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._guarded: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and scope["path"] not in OPEN_PATHS:
            await self._chosen()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _chosen(self) -> ASGIApp:
        try:
            allowed = hosts(settings.load())
        except SettingsError:  # every page tells it
            return self._app
        if self._guarded is None:
            self._guarded = TrustedHostMiddleware(self._app, allowed_hosts=allowed, www_redirect=False)
        return self._guarded


class PeersOnly:
    """With OPS_AUTH=proxy: nobody but the proxy is answered, so that its headers can be believed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or scope["path"] in OPEN_PATHS or not _behind_proxy():
            await self._app(scope, receive, send)
            return
        peer = (scope.get("client") or (None, 0))[0]
        if not identity.within(peer, settings.load().proxy_addresses):
            words = "This console answers only to its reverse proxy: open it under the proxy's address.\n"
            await PlainTextResponse(words, status_code=403)(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != _CHECKED_NAME]
        await self._app({**scope, "headers": [*headers, (_CHECKED_NAME, CHECKED.encode())]}, receive, send)


_CHECKED_NAME = CHECKED_HEADER.lower().encode()


def _behind_proxy() -> bool:
    try:
        return settings.load().auth == "proxy"
    except SettingsError:  # every page tells it
        return False


class WayBack:
    """Brings people back to where they signed in from, filters and all; puts words on a provider that is away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope.get("path") if scope["type"] == "http" else None:
            case path if path == LOGIN:
                await self._leaving(scope, receive, send)
            case path if path == CALLBACK:
                await self._back(scope, receive, send)
            case _:
                await self._app(scope, receive, send)

    async def _leaving(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = _place(Headers(scope=scope))
        failed = False

        async def remembering(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start":
                failed = message["status"] >= 400  # noqa: PLR2004  # where errors begin
                if place and not failed:
                    MutableHeaders(scope=message).append(
                        "Set-Cookie", _cookie(quote(place, safe=""), RETURN_SECONDS)
                    )
            if not failed:
                await send(message)

        await self._app(scope, receive, remembering)
        if failed:
            await HTMLResponse(PROVIDER_DOWN, status_code=503)(scope, receive, send)

    async def _back(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = unquote(Request(scope).cookies.get(RETURN_COOKIE, ""))

        async def returning(message: Message) -> None:
            if message["type"] == "http.response.start" and place:
                headers = MutableHeaders(scope=message)
                if is_ours(place) and headers.get("location") == "/":
                    headers["location"] = place
                headers.append("Set-Cookie", _cookie("", 0))
            await send(message)

        await self._app(scope, receive, returning)


def is_ours(place: str) -> bool:
    """Whether a path leads to a page of this console, and nowhere else."""
    if not place.startswith("/") or len(place) > RETURN_LENGTH or not place.isascii() or not place.isprintable():
        return False
    if place.startswith("//") or "\\" in place:
        return False
    return not place.startswith(("/auth/", CALLBACK))


def _place(headers: Headers) -> str | None:
    """Where the person was: the path and query of the page of ours that sent them to sign in."""
    try:
        referer = urlsplit(headers.get("referer", ""))
    except ValueError:
        return None
    if not referer.netloc or referer.netloc != headers.get("host"):
        return None
    place = (referer.path or "/") + (f"?{referer.query}" if referer.query else "")
    return place if is_ours(place) and place != "/" else None


def _cookie(value: str, seconds: int) -> str:
    return f"{RETURN_COOKIE}={value}; Path={CALLBACK}; Max-Age={seconds}; HttpOnly; SameSite=Lax"
