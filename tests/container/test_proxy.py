"""The stack's proxy, run for real before a real console: TLS, the WebSocket, sign-in, and what it takes away."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from dashboard.settings import FILE_VARIABLE, ROOT
from demo.postgres import free_port
from tests.browser.people import eventually
from tests.container.proxy import listens, proxying
from tests.container.stack import make_secrets
from tests.dashboard.test_behind_proxy import shown
from tests.dashboard.test_serve import serving

HERE = "127.0.0.1"
NOWHERE = f"{HERE}:1"
FORGED = [("X-Forwarded-User", "mina@example.com"), ("X-Forwarded-Groups", "operator")]
IN_AS_MINA = "mina@example.com (operator)"


@dataclass(frozen=True)
class Place:
    """Where people open the console, by its own certificate, and what the proxy told."""

    address: str
    secrets: Path
    log: Path

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.secrets / "certificate.pem")

    def asked(self) -> str:
        """What the button "Sign in" hands to the address that begins a sign-in."""
        table = tomllib.loads((self.secrets / "console.toml").read_text())["auth"]
        claims = {"provider": "default", "exp": int(time.time()) + 60}
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(table["cookie_secret"]))

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, verify=self.tls, trust_env=False, timeout=60)

    def seen(self, *headers: tuple[str, str], cookies: dict[str, str] | None = None) -> str:
        """What a tab with these headers and cookies is shown."""
        kept = cookies or {}
        sent = "; ".join(f"{name}={value}" for name, value in kept.items())
        told = [("Origin", self.address), ("Cookie", sent), *headers]
        return shown(self.address, told, HERE, self.tls, kept.get("_streamlit_xsrf", "none"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module")
def place(folder: Path) -> Iterator[Place]:
    """The stack's console, whose sources are down, and a provider with the stack's people."""
    port, provider, secrets = free_port(), free_port(), folder / "secrets"
    address = f"https://localhost:{port}"
    make_secrets(secrets, address)
    file = folder / "console.toml"
    file.write_text(
        (secrets / "console.toml").read_text().replace("postgres:5432", NOWHERE).replace("api:8000", NOWHERE)
    )
    given = {FILE_VARIABLE: str(file), "SSL_CERT_FILE": str(secrets / "certificate.pem")}
    with (
        providing(provider, folder / "provider.log"),
        serving(folder, **given) as console,
        proxying(folder, secrets, port, console.base_url.netloc.decode(), f"{HERE}:{provider}") as log,
    ):
        yield Place(address, secrets, log)


@contextmanager
def providing(port: int, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.container.provider", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        eventually(lambda: process.poll() is not None or listens(port), seconds=60)
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_the_console_answers_by_https(place: Place) -> None:
    with place.client() as client:
        answer = client.get("/")
        assert answer.status_code == 200
        assert "max-age" in answer.headers["strict-transport-security"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "nginx/" not in answer.headers["server"]
        assert client.get("/app/static/inter.woff2").status_code == 200


def test_without_tls_or_under_another_name_there_is_nothing(place: Place) -> None:
    plain = httpx.get(place.address.replace("https", "http"), trust_env=False)
    assert plain.status_code == 400
    port = int(place.address.rpartition(":")[2])
    for name in ("elsewhere.example", None):
        blind = ssl.create_default_context()
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((HERE, port)) as connection, pytest.raises(ssl.SSLError):
            blind.wrap_socket(connection, server_hostname=name)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_probes_ask_is_not_shown_to_the_world(place: Place, path: str) -> None:
    with place.client() as client:
        assert client.get(path).status_code == 404


def test_who_did_not_sign_in_sees_how_to(place: Place) -> None:
    told = place.seen()
    assert "Sign in to see how the books are doing" in told
    assert "Overview" not in told


@pytest.mark.parametrize(("who", "role"), [("1", "jon@example.com (viewer)"), ("2", IN_AS_MINA), ("3", "(admin)")])
def test_people_sign_in_at_the_provider_behind_the_same_proxy(place: Place, who: str, role: str) -> None:
    with place.client() as client:
        form = client.get("/auth/login", params={"provider": place.asked()}, follow_redirects=True)
        assert str(form.url).startswith(f"{place.address}/dex/")
        assert "groups" in form.url.params["scope"].split()
        back = client.post(form.url, data={"sub": who})
        assert back.headers["location"].startswith(f"{place.address}/oauth2callback?")
        signed_in = client.get(back.headers["location"])
        assert (signed_in.status_code, signed_in.headers["location"]) == (302, "/")
        client.get("/_stcore/health")
        cookies = {cookie.name: cookie for cookie in client.cookies.jar}
        assert cookies["_streamlit_user"].secure
        told = place.seen(cookies={name: cookie.value or "" for name, cookie in cookies.items()})
    assert role in told
    assert "Overview" in told
    assert "code=" not in place.log.read_text()


@pytest.fixture(scope="module")
def trusting(folder: Path, place: Place) -> Iterator[tuple[str, Place]]:
    """A console that believes whom a proxy names: its own address, and the one behind the stack's proxy."""
    inner, port = folder / "trusting", free_port()
    inner.mkdir()
    given = {
        "OPS_AUTH": "proxy",
        "OPS_PROXY_ADDRESSES": HERE,
        "OPS_DATABASE_URL": f"postgresql://me@{NOWHERE}/books",
    }
    with (
        serving(inner, **given) as console,
        proxying(inner, place.secrets, port, console.base_url.netloc.decode()) as log,
    ):
        yield str(console.base_url), Place(f"https://localhost:{port}", place.secrets, log)


def test_nobody_says_through_the_proxy_who_they_are(trusting: tuple[str, Place]) -> None:
    direct, behind = trusting
    assert IN_AS_MINA in shown(direct, FORGED, HERE)
    for forged in (FORGED, [(name.lower(), value) for name, value in FORGED], [*FORGED, *FORGED]):
        told = behind.seen(*forged)
        assert "did not say who you are" in told
        assert "(operator)" not in told
