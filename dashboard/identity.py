"""From what a provider or a proxy says of a person to an Actor; nothing here asks Streamlit."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from actions.permissions import Actor, Role
from dashboard.access_settings import AccessSettings
from queries.errors import OpsError

# Clocks of two well kept machines differ by less.
SKEW = timedelta(minutes=5)
# The audit log and the service's headers hold a name of this length.
NAME_LIMIT = 120
# Logins that were signed out of: some months of a team's, in a megabyte.
ENDED_LIMIT = 10_000
FALLBACK_NAMES = ("preferred_username", "sub")


class NotSignedIn(OpsError):
    """You are not signed in."""


class SessionEnded(NotSignedIn):
    """Your session has ended: sign in again."""


class NoAccess(OpsError):
    """{name} is signed in, but has no role here."""


class Nameless(NoAccess):
    """Nothing in what the sign-in tells names a person ({name})."""


class Ended:
    """The logins that somebody signed out of in this process: their cookie may live on elsewhere. Bounded."""

    def __init__(self, limit: int = ENDED_LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._keys: OrderedDict[Hashable, None] = OrderedDict()

    def add(self, key: Hashable) -> None:
        with self._lock:
            self._keys[key] = None
            while len(self._keys) > self._limit:
                self._keys.popitem(last=False)

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._keys


def login(claims: Mapping[str, Any]) -> Hashable:
    """What tells one login of one person from every other."""
    return tuple(str(claims.get(name)) for name in ("iss", "sub", "iat", "nonce"))


def of_claims(claims: Mapping[str, Any], here: AccessSettings, now: datetime) -> Actor:
    """Who an ID token speaks of. Raises SessionEnded, NoAccess."""
    until = _until(claims, timedelta(hours=here.session_hours), now)
    if now >= until:
        raise SessionEnded
    name = _name([claims.get(claim) for claim in (here.name_claim, *FALLBACK_NAMES)])
    if name is None:
        raise Nameless(name=here.name_claim)
    return _actor(name, _names(_inward(claims, here.roles_claim)), here, until)


def of_headers(users: Sequence[str], roles: Sequence[str], here: AccessSettings) -> Actor:
    """Whom the proxy speaks of; each header's values. Raises NotSignedIn, NoAccess."""
    if len(users) != 1 or not users[0].strip():
        raise NotSignedIn
    name = _name([users[0]])
    if name is None or len(roles) > 1:
        raise Nameless(name=here.proxy_user_header if name is None else here.proxy_roles_header)
    return _actor(name, [role.strip() for text in roles for role in text.split(",")], here, None)


def within(peer: str | None, networks: str) -> bool:
    """Whether a peer's address lies in one of the networks, which spaces part."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in ipaddress.ip_network(network) for network in networks.split())


def _actor(name: str, found: Iterable[str], here: AccessSettings, until: datetime | None) -> Actor:
    roles = [Role[here.role_names[each].upper()] for each in found if each in here.role_names]
    if not roles:
        raise NoAccess(name=name)
    return Actor(name, max(roles), until, here.refused, here.money_from)


def _until(claims: Mapping[str, Any], lasts: timedelta, now: datetime) -> datetime:
    """When the session ends: by our own measure, since the cookie would last 30 days whatever the token says."""
    issued, expires = _instant(claims.get("iat")), _instant(claims.get("exp"))
    if issued is not None:
        if issued > now + SKEW:
            raise SessionEnded
        return issued + lasts
    if expires is not None:
        return min(expires, now + lasts)
    raise SessionEnded


def _instant(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _name(offered: Iterable[object]) -> str | None:
    """The first that is a name: printable, not empty, not longer than a header or a line of the log should be."""
    for each in offered:
        if isinstance(each, str) and (name := each.strip()) and name.isprintable() and len(name) <= NAME_LIMIT:
            return name
    return None


def _inward(claims: object, path: str) -> object:
    """The claim of this name, or else the one that its dots lead to."""
    if isinstance(claims, Mapping) and path in claims:
        return claims[path]
    outer, dot, rest = path.partition(".")
    if not dot or not isinstance(claims, Mapping):
        return None
    return _inward(claims.get(outer), rest)


def _names(claim: object) -> list[str]:
    """A claim with roles: a list of texts, or one text with spaces or commas between."""
    if isinstance(claim, str):
        return [claim, *claim.replace(",", " ").split()]
    return [each for each in claim if isinstance(each, str)] if isinstance(claim, list | tuple) else []
