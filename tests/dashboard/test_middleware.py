"""Hosts, peers, headers and the way back, each over a small app of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from dashboard import middleware
from dashboard.middleware import CHECKED, CHECKED_HEADER, KnownHosts, PeersOnly, SafeHeaders, WayBack
from tests.dashboard.conftest import Configure

URL = "postgresql://reader@db/books"
CONSOLE = "http://console.example"


async def echo(request: Request) -> Response:
    return PlainTextResponse(" ".join(request.headers.getlist(CHECKED_HEADER)))


async def login(request: Request) -> Response:
    if request.query_params.get("provider") == "down":
        return Response("Authentication error", status_code=400)
    return RedirectResponse("https://id.example/authorize", status_code=302)


async def callback(_: Request) -> Response:
    answer = RedirectResponse("/", status_code=302)
    answer.set_cookie("_streamlit_user", "signed", httponly=True)
    return answer


APP = Starlette(
    routes=[
        Route("/auth/login", login),
        Route("/oauth2callback", callback),
        Route("/healthz", echo),
        Route("/{path:path}", echo),
    ]
)
Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(configure: Configure) -> Ask:
    """Ask an app through one middleware, as a peer."""

    def asked(app: ASGIApp, path: str, peer: str = "203.0.113.9", **options: object) -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(peer, 40_000))

        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url=CONSOLE) as client:
                return await client.get(path, **options)  # type: ignore[arg-type]

        with ThreadPoolExecutor(1) as elsewhere:  # a browser's tests have an event loop in this thread
            return elsewhere.submit(anyio.run, once).result()

    configure(database_url=URL)
    return asked


def test_every_answer_is_guarded(ask: Ask) -> None:
    for path in ("/", "/nothing/here", "/auth/login?provider=down"):
        answer = ask(SafeHeaders(WayBack(APP)), path)
        assert {name: answer.headers.get(name) for name in middleware.HEADERS} == middleware.HEADERS
        assert "strict-transport-security" not in answer.headers


def test_https_is_kept_and_its_cookies_are_secure(ask: Ask, configure: Configure, settings_file: Path) -> None:
    settings_file.write_text('[auth]\nredirect_uri = "https://console.example/oauth2callback"\n')
    configure(database_url=URL, auth="oidc")
    answer = ask(SafeHeaders(WayBack(APP)), "/oauth2callback", headers={"cookie": "ops_return=%2Fcosts"})
    assert answer.headers["strict-transport-security"]
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all("; secure" in cookie.lower() and "; httponly" in cookie.lower() for cookie in cookies)


@pytest.mark.parametrize(
    ("host", "status"),
    [("console.example", 200), ("console.example:8443", 200), ("localhost:8501", 200), ("evil.example", 400),
     ("console.example.evil.example", 400)],
)  # fmt: skip
def test_only_known_names_are_answered(ask: Ask, configure: Configure, host: str, status: int) -> None:
    configure(database_url=URL, auth="proxy", proxy_addresses="10.0.0.7", allowed_hosts="console.example")
    app = KnownHosts(APP)
    assert ask(app, "/costs", headers={"host": host}).status_code == status
    assert ask(app, "/healthz", headers={"host": host}).status_code == 200


def test_the_demo_answers_under_this_machines_names_only(ask: Ask) -> None:
    assert ask(KnownHosts(APP), "/").status_code == 400
    assert ask(KnownHosts(APP), "/", headers={"host": "127.0.0.1:8501"}).status_code == 200


def test_only_the_proxy_is_believed(ask: Ask, configure: Configure) -> None:
    configure(database_url=URL, auth="proxy", proxy_addresses="10.0.0.0/30 fd00::1")
    app = PeersOnly(APP)
    forged = {CHECKED_HEADER: CHECKED, "X-Forwarded-For": "10.0.0.1", "X-Forwarded-User": "ada"}
    for path in ("/", "/costs", "/_stcore/stream", "/healthz/../costs"):
        refused = ask(app, path, headers=forged)
        assert (refused.status_code, "only to its reverse proxy" in refused.text) == (403, True)
    assert ask(app, "/healthz").status_code == 200
    assert ask(app, "/", peer="10.0.0.1", headers={CHECKED_HEADER: "forged"}).text == CHECKED
    assert ask(app, "/", peer="fd00::1").text == CHECKED


def test_without_a_proxy_nobody_is_marked_as_checked(ask: Ask) -> None:
    assert ask(PeersOnly(APP), "/").text == ""


def test_the_way_back_keeps_page_and_filters(ask: Ask) -> None:
    place = "/jobs?q=status%3Afailed+since%3A2h&live=false"
    left = ask(WayBack(APP), "/auth/login", headers={"referer": f"{CONSOLE}{place}"})
    cookie = left.headers["set-cookie"]
    assert (left.status_code, "HttpOnly" in cookie, "SameSite=Lax" in cookie) == (302, True, True)
    back = ask(WayBack(APP), "/oauth2callback", headers={"cookie": cookie.partition(";")[0]})
    assert back.headers["location"] == place
    assert "ops_return=;" in back.headers.get_list("set-cookie")[-1]
    assert ask(WayBack(APP), "/oauth2callback").headers["location"] == "/"


@pytest.mark.parametrize(
    "referer",
    ["https://evil.example/costs", "", f"{CONSOLE}//evil.example/", f"{CONSOLE}/auth/logout", "http://["],
)
def test_from_elsewhere_there_is_no_way_back(ask: Ask, referer: str) -> None:
    left = ask(WayBack(APP), "/auth/login", headers={"referer": referer} if referer else {})
    assert left.status_code == 302
    assert "set-cookie" not in left.headers


@pytest.mark.parametrize(
    "place",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/auth/logout", "/oauth2callback?code=1",
     "costs", "/a\r\nSet-Cookie: x=1", "/" + "a" * 3000, "/\u202e", "javascript:alert(1)", ""],
)  # fmt: skip
def test_a_forged_way_back_leads_nowhere(ask: Ask, place: str) -> None:
    assert not middleware.is_ours(place)
    headers = {"cookie": f"ops_return={quote(place, safe='')}"}
    assert ask(WayBack(APP), "/oauth2callback", headers=headers).headers["location"] == "/"


def test_a_provider_that_is_away_is_told_in_words(ask: Ask) -> None:
    answer = ask(WayBack(APP), "/auth/login?provider=down", headers={"referer": f"{CONSOLE}/costs"})
    assert answer.status_code == 503
    assert "The sign-in provider does not answer." in answer.text
    assert "Authentication error" not in answer.text
