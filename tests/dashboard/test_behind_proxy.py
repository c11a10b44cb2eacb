"""A console behind a proxy that signs in: what it believes, and whom. The peers are addresses of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ssl import SSLContext
from urllib.parse import urlsplit

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from dashboard.middleware import CHECKED_HEADER
from tests.dashboard.test_serve import serving

PROXY, ELSEWHERE = "127.0.0.2", "127.0.0.1"
WAIT_SECONDS = 60
NO_TOKEN = "PLACEHOLDER_AUTH_TOKEN"
Headers = Sequence[tuple[str, str]]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; its database is down."""
    with serving(
        tmp_path_factory.mktemp("proxied"),
        OPS_DATABASE_URL="postgresql://reader:hunter2@127.0.0.1:1/books",
        OPS_AUTH="proxy",
        OPS_PROXY_ADDRESSES=PROXY,
        OPS_ROLE_NAMES='{"book-ops": "operator"}',
        OPS_ACCESS_CONTACT="the platform team",
    ) as client:
        yield str(client.base_url)


def shown(
    console: str,
    headers: Headers,
    peer: str = PROXY,
    tls: SSLContext | None = None,
    token: str = NO_TOKEN,
) -> str:
    """Everything the Overview says to a tab that comes with these headers from this address.

    token is the one against forged requests, without which a cookie is not believed.
    """
    address = f"{'wss' if tls else 'ws'}://{urlsplit(console).netloc}/_stcore/stream"
    protocols = [Subprotocol("streamlit"), Subprotocol(token)]
    with connect(
        address,
        subprotocols=protocols,
        additional_headers=list(headers),
        source_address=(peer, 0),
        ssl=tls,
        open_timeout=WAIT_SECONDS,
        proxy=None,
        max_size=None,
    ) as socket:
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        socket.send(ask.SerializeToString())
        told = []
        while True:
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=WAIT_SECONDS, decode=False))
            told.append(str(message.delta))
            if message.HasField("script_finished"):
                return "".join(told)


def test_whom_the_proxy_names_is_in(console: str) -> None:
    told = shown(console, [("X-Forwarded-User", "mina@example.com"), ("X-Forwarded-Groups", "staff, book-ops")])
    assert "mina@example.com (operator)" in told
    assert "Overview" in told


def test_whom_it_gives_no_role_is_not(console: str) -> None:
    told = shown(console, [("X-Forwarded-User", "eve@example.com"), ("X-Forwarded-Groups", "book-admins")])
    assert "eve@example.com is signed in, but has no role here." in told
    assert "Ask the platform team for a role." in told
    assert "Overview" not in told


@pytest.mark.parametrize(
    "users", [[], [""], ["mina", "ada"]], ids=["nobody", "an empty name", "two people"]
)  # fmt: skip
def test_who_is_not_named_once_is_nobody(console: str, users: list[str]) -> None:
    roles = [("X-Forwarded-Groups", "book-ops"), (CHECKED_HEADER, "forged")]
    told = shown(console, [*(("X-Forwarded-User", user) for user in users), *roles])
    assert "did not say who you are" in told
    assert "(operator)" not in told


def test_nobody_else_is_answered(console: str) -> None:
    forged = {"X-Forwarded-User": "mina", "X-Forwarded-Groups": "book-ops", "X-Forwarded-For": PROXY}
    with pytest.raises(InvalidStatus) as refused:
        shown(console, list(forged.items()), peer=ELSEWHERE)
    assert refused.value.response.status_code == 403
    elsewhere = httpx.HTTPTransport(local_address=ELSEWHERE)
    with httpx.Client(base_url=console, transport=elsewhere, headers=forged) as client:
        assert client.get("/").status_code == 403
        assert client.get("/app/static/icon.svg").status_code == 403
        assert [client.get(path).status_code for path in ("/healthz", "/metrics")] == [200, 200]
        assert "content-security-policy" in client.get("/").headers
