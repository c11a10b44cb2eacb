"""Sign-in at a real OpenID provider, in a real browser: who is let in, as whom, and for how long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from actions import migrations
from demo.postgres import free_port
from tests import databases
from tests.browser.people import eventually

pytestmark = pytest.mark.browser

SECRET = "a-cookie-secret-of-this-test-alone-7"
PEOPLE = {
    "mina": {"email": "mina@example.com", "realm_access": {"roles": ["book-ops"]}},
    "ada": {"email": "ada@example.com", "realm_access": {"roles": ["book-ops", "book-admins"]}},
    "eve": {"email": "eve@example.com", "realm_access": {"roles": ["sales"]}},
    "bare": {},
}
SETTINGS = """
[ops]
database_url = "{database}"
auth = "oidc"
roles_claim = "realm_access.roles"
role_names = {{ book-ops = "operator", book-admins = "admin" }}
access_contact = "the platform team"
refresh_seconds = 1
[auth]
redirect_uri = "{console}/oauth2callback"
cookie_secret = "{secret}"
client_id = "console"
client_secret = "hunter2"
server_metadata_url = "{provider}/.well-known/openid-configuration"
client_kwargs = {{ code_challenge_method = "S256" }}
"""


@dataclass
class Place:
    """A console and its provider."""

    console: str
    provider: str
    process: subprocess.Popen[bytes]
    log: Path

    def cookie(self, secret: str = SECRET, **claims: object) -> dict[str, str]:
        """The cookie of a session as the console makes it, of these claims, signed with this secret."""
        now = int(time.time())
        told = {"iss": self.provider, "sub": "mina", "iat": now, "exp": now + 300, **PEOPLE["mina"], **claims}
        session = {name: value for name, value in told.items() if value is not None}
        session |= {"origin": self.console, "is_logged_in": True, "provider": "default"}
        value = create_signed_value(secret, "_streamlit_user", json.dumps(session)).decode()
        return {"name": "_streamlit_user", "value": value, "url": self.console}


@contextmanager
def started(log: Path, *command: str, ready: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPS_", "STREAMLIT_"))}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env=inherited | env, stdout=output, stderr=output
        )
    try:
        eventually(lambda: process.poll() is not None or answers(ready), seconds=60)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def place(new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, database = tmp_path_factory.mktemp("sign-in"), new_database("template1")
    databases.create_newer(database)
    migrations.upgrade(database)
    provider, console = (f"http://{host}:{free_port()}" for host in ("127.0.0.1", "localhost"))
    file = folder / "settings.toml"
    file.write_text(SETTINGS.format(database=database, console=console, provider=provider, secret=SECRET))
    people = [f"--user-claims={json.dumps({'sub': sub, **claims})}" for sub, claims in PEOPLE.items()]
    identity = ("oidc_provider_mock", "--port", provider.rpartition(":")[2], *people)
    serve = ("dashboard.cli", "serve", "--port", console.rpartition(":")[2])
    log = folder / "console.log"
    with (
        started(
            folder / "provider.log", *identity, ready=f"{provider}/.well-known/openid-configuration"
        ) as process,
        started(log, *serve, ready=f"{console}/healthz", OPS_SETTINGS_FILE=str(file)),
    ):
        yield Place(console, provider, process, log)
    assert "Traceback" not in log.read_text()
    assert "hunter2" not in log.read_text()


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def sign_in(page: Page, who: str) -> str:
    """Through the provider's own page; answers the address under which it was asked."""
    button(page, "Sign in")
    page.wait_for_url("**/oauth2/authorize**")
    asked = page.url
    button(page, who)
    return asked


def sign_out(page: Page) -> None:
    """Here, and on the provider's own page."""
    button(page, "Sign out")
    button(page, "End session")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def signed_in_as(page: Page) -> str:
    shown = page.get_by_test_id("stSidebar").get_by_text("@example.com")
    expect(shown).to_be_visible()
    return shown.inner_text()


def test_a_person_comes_back_to_the_page_they_wanted(place: Place, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{place.console}/jobs?q=status%3Afailed")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.get_by_test_id("stSidebar").count() == 0
    asked = parse_qs(urlsplit(sign_in(page, "mina")).query)
    assert (asked["code_challenge_method"], len(asked["code_challenge"][0])) == (["S256"], 43)
    assert signed_in_as(page) == "mina@example.com (operator)"
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()
    assert page.evaluate("location.pathname + location.search").startswith("/jobs?q=status%3Afailed")
    cookies = {cookie["name"]: cookie for cookie in context.cookies()}
    assert all(
        cookies["_streamlit_user"][flag] == wanted for flag, wanted in (("httpOnly", True), ("sameSite", "Lax"))
    )


def test_the_highest_role_counts(place: Place, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(place.console)
    sign_in(page, "ada")
    assert signed_in_as(page) == "ada@example.com (admin)"


@pytest.mark.parametrize("who", ["eve", "bare"])
def test_without_a_role_there_is_no_access(place: Place, context: BrowserContext, who: str) -> None:
    page = context.new_page()
    page.goto(f"{place.console}/costs")
    sign_in(page, who)
    expect(page.get_by_text("No access")).to_be_visible()
    expect(
        page.get_by_text(f"{PEOPLE[who].get('email', who)} is signed in, but has no role here.")
    ).to_be_visible()
    expect(page.get_by_text("Ask the platform team for a role.")).to_be_visible()
    assert page.get_by_test_id("stSidebar").count() == 0
    sign_out(page)


def test_signing_out_ends_every_tab_and_the_cookie(place: Place, context: BrowserContext) -> None:
    page, other = context.new_page(), context.new_page()
    page.goto(place.console)
    sign_in(page, "mina")
    signed_in_as(page)
    kept = context.cookies()
    other.goto(f"{place.console}/queue")
    signed_in_as(other)
    sign_out(page)
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    context.add_cookies(kept)
    page.goto(place.console)
    expect(page.get_by_text("Your session has ended.")).to_be_visible()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"iat": 1_000_000_000}, "Your session has ended."),
        ({"iat": 4_000_000_000}, "Your session has ended."),
        ({"iat": None, "exp": None}, "Your session has ended."),
        ({"iat": "now"}, "Your session has ended."),
        ({"realm_access": None}, "No access"),
        ({"email": None, "sub": None}, "No access"),
    ],
    ids=["expired", "of the future", "without times", "nonsense", "without roles", "without a name"],
)
def test_a_session_that_does_not_hold(
    place: Place, context: BrowserContext, claims: dict[str, object], told: str
) -> None:
    if claims.get("iat") == "now":
        claims = claims | {"exp": None}
    context.add_cookies([place.cookie(**claims)])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{place.console}/costs")
    expect(page.get_by_text(told)).to_be_visible()
    assert page.get_by_test_id("stSidebar").count() == 0


def test_a_session_ends_while_its_page_is_open(place: Place, context: BrowserContext) -> None:
    ends = int(time.time()) + 6
    context.add_cookies([place.cookie(iat=ends - 12 * 3600)])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{place.console}/queue")
    assert signed_in_as(page) == "mina@example.com (operator)"
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    assert time.time() >= ends
    assert page.evaluate("location.pathname") == "/queue"


@pytest.mark.parametrize("forged", ["another secret", "changed", "cut", "of another console"])
def test_a_cookie_that_we_did_not_sign_is_nobody(place: Place, context: BrowserContext, forged: str) -> None:
    cookie = place.cookie(
        "x" * 36 if forged == "another secret" else SECRET, realm_access={"roles": ["book-admins"]}
    )
    value = cookie["value"]
    if forged == "changed":
        cookie["value"] = ("A" if value[0] != "A" else "B") + value[1:]
    if forged == "cut":
        cookie["value"] = value[:-3]
    if forged == "of another console":
        cookie = {**place.cookie(), "value": _elsewhere(place)}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(place.console)
    expect(page.get_by_text("Sign in to see how the books are doing")).to_be_visible()
    assert page.get_by_test_id("stSidebar").count() == 0


def _elsewhere(place: Place) -> str:
    other = Place("http://elsewhere.example", place.provider, place.process, place.log)
    return other.cookie()["value"]


def test_a_provider_that_is_away_keeps_nobody_out_who_is_in(place: Place, context: BrowserContext) -> None:
    context.add_cookies([place.cookie()])  # type: ignore[list-item]
    page, other = context.new_page(), context.browser.new_context().new_page()  # type: ignore[union-attr]
    other.goto(place.console)
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    place.process.send_signal(signal.SIGSTOP)
    try:
        page.goto(place.console)
        assert signed_in_as(page) == "mina@example.com (operator)"
        button(other, "Sign in")
        expect(other.get_by_text("The sign-in provider does not answer.")).to_be_visible()
    finally:
        place.process.send_signal(signal.SIGCONT)
    other.get_by_role("link", name="Try again").click()
    sign_in(other, "mina")
    assert signed_in_as(other) == "mina@example.com (operator)"
    other.context.close()


def test_a_forged_session_is_in_no_audit_log(place: Place, context: BrowserContext) -> None:
    """Whatever the tests above tried, nobody acted."""
    file = place.log.parent / "settings.toml"
    database = file.read_text().partition('database_url = "')[2].partition('"')[0]
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from ops.audit_log").fetchone() == (0,)
