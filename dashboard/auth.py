"""Who is here: from the signed-in person to an Actor. In demo mode a picker that only answers on this machine."""

from __future__ import annotations

import ipaddress
from typing import assert_never
from urllib.parse import urlsplit

import streamlit as st

from actions.errors import PermissionDenied
from actions.permissions import Actor, Role
from dashboard import settings
from dashboard.i18n import noop, t
from dashboard.settings import Settings
from dashboard.settings_errors import SettingsError
from queries.errors import OpsError

PEOPLE = (
    Actor("Mina Park", Role.OPERATOR),
    Actor("Jon Weber", Role.VIEWER),
    Actor("Ada Mensah", Role.ADMIN),
)
ROLES = {Role.VIEWER: noop("viewer"), Role.OPERATOR: noop("operator"), Role.ADMIN: noop("admin")}
_PERSON = "person"
# A reverse proxy makes everybody look local, so whatever came through one is not.
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


class DemoOnlyHere(OpsError):
    """Demo sign-in answers only on the machine that the console runs on: open it as http://127.0.0.1 there."""


def check(chosen: Settings, address: str | None) -> None:
    """Refuse what would let people in unseen. address is what the server listens on. Raises SettingsError."""
    match chosen.auth:
        case "demo":
            if not is_loopback(address):
                raise SettingsError(
                    problems=f"OPS_AUTH=demo lets anybody in, so the console does not listen on "
                    f"{address or 'all addresses'}: use 127.0.0.1."
                )
        case "oidc" | "proxy":
            raise SettingsError(
                problems=f"OPS_AUTH={chosen.auth} is not available yet, so nobody could sign in: "
                "set OPS_AUTH=demo and listen on 127.0.0.1."
            )
        case _:
            assert_never(chosen.auth)


def is_loopback(host: str | None) -> bool:
    """Whether an address or a host's name means this machine alone."""
    if host is None:
        return False
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def current_actor() -> Actor:
    """Who is here. Raises SettingsError where nobody can sign in, DemoOnlyHere for a request from elsewhere."""
    check(settings.load(), st.get_option("server.address"))
    if not _from_here():
        raise DemoOnlyHere
    picked = st.session_state.get(_PERSON)
    return next((person for person in PEOPLE if person.name == picked), PEOPLE[0])


def require(role: Role) -> Actor:
    """The first line of every page: who is here, if their role is enough. Raises PermissionDenied."""
    actor = current_actor()
    if actor.role < role:
        raise PermissionDenied(actor=actor.name, role=actor.role.label, action="page.open", needed=role.label)
    return actor


def picker() -> None:
    """The demo's choice of who one is, in the sidebar on every page."""
    roles = {person.name: t(ROLES[person.role]) for person in PEOPLE}
    st.selectbox(
        t("Signed in as"),
        list(roles),
        format_func=lambda name: f"{name} ({roles[name]})",
        key=_PERSON,
        persist_state="session",
        help=t("This console runs as a demo: choose whose rights to try."),
    )


def _from_here() -> bool:
    """Streamlit names no address for loopback clients; the host's name guards against rebound DNS names."""
    headers = st.context.headers
    # Not "is not None": under AppTest, which has no client, this is neither None nor an address.
    if isinstance(st.context.ip_address, str) or any(name in headers for name in _PROXY_HEADERS):
        return False
    host = headers.get("Host")
    return host is None or is_loopback(urlsplit(f"//{host}").hostname)
