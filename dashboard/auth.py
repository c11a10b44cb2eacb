"""Who is here: from the signed-in person to an Actor. In demo mode a picker that only answers on this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never
from urllib.parse import urlsplit

import streamlit as st

from actions.errors import PermissionDenied
from actions.permissions import PAGE, Actor, Role, needed, permitted
from dashboard import identity, settings, sign_in_settings
from dashboard.i18n import noop, t
from dashboard.identity import NotSignedIn, SessionEnded
from dashboard.middleware import CHECKED, CHECKED_HEADER, auth_table
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
_ended = identity.Ended()


class DemoOnlyHere(OpsError):
    """Demo sign-in answers only on the machine that the console runs on: open it as http://127.0.0.1 there."""


def check(chosen: Settings, address: str | None) -> None:
    """Refuse what would let people in unseen. address is what the server listens on. Raises SettingsError."""
    if problems := list(_problems(chosen, address)):
        raise SettingsError(problems="\n".join(problems))


def _problems(chosen: Settings, address: str | None) -> Iterator[str]:
    match chosen.auth:
        case "demo":
            if not is_loopback(address):
                yield (
                    f"OPS_AUTH=demo lets anybody in, so the console does not listen on "
                    f"{address or 'all addresses'}: use 127.0.0.1."
                )
            return
        case "oidc":
            yield from sign_in_settings.problems(auth_table())
        case "proxy":
            if not chosen.proxy_addresses.split():
                yield "OPS_AUTH=proxy needs OPS_PROXY_ADDRESSES: the addresses that the reverse proxy asks from."
        case _:
            assert_never(chosen.auth)
    if not is_loopback(address) and not chosen.allowed_hosts.split():
        yield (
            f"The console is to listen on {address or 'all addresses'}: set OPS_ALLOWED_HOSTS to the names under "
            "which people open it."
        )


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
    """Who is here.

    Raises SettingsError where nobody can sign in, DemoOnlyHere for a request from elsewhere, NotSignedIn,
    SessionEnded and NoAccess.
    """
    here = settings.load()
    check(here, st.get_option("server.address"))
    return _actor(here)


def sees_money() -> bool:
    """Whether who is here may see amounts of money; asked for every cell, so without what each run checks once.

    Raises SettingsError, DemoOnlyHere, NotSignedIn, SessionEnded and NoAccess.
    """
    return _actor(settings.load()).sees_money


def _actor(here: Settings) -> Actor:
    match here.auth:
        case "demo":
            return replace(_picked(), refused=here.refused, money_from=here.money_from)
        case "oidc":
            return _signed_in(here)
        case "proxy":
            return _named_by_proxy(here)
        case _:
            assert_never(here.auth)


def end() -> None:
    """Sign out, in every tab of this login, and at the provider where it can."""
    _ended.add(identity.login(st.user.to_dict()))
    st.logout()


def _picked() -> Actor:
    if not _from_here():
        raise DemoOnlyHere
    picked = st.session_state.get(_PERSON)
    return next((person for person in PEOPLE if person.name == picked), PEOPLE[0])


def _signed_in(here: Settings) -> Actor:
    if not st.user.get("is_logged_in", False):
        raise NotSignedIn
    claims = st.user.to_dict()
    if identity.login(claims) in _ended:
        raise SessionEnded
    return identity.of_claims(claims, here, datetime.now(UTC))


def _named_by_proxy(here: Settings) -> Actor:
    headers = st.context.headers
    if headers.get_all(CHECKED_HEADER) != [CHECKED]:
        raise NotSignedIn
    users, roles = (headers.get_all(name) for name in (here.proxy_user_header, here.proxy_roles_header))
    return identity.of_headers(users, roles, here)


def enter(page: str) -> Actor:
    """The first line of every page: who is here, if they may open pages/<page>.py. Raises PermissionDenied."""
    actor, wanted = current_actor(), PAGE + page
    if not permitted(actor, wanted):
        least = needed(actor, wanted).label
        raise PermissionDenied(actor=actor.name, role=actor.role.label, action=wanted, needed=least)
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
