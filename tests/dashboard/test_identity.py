"""Whom a token or a proxy's headers speak of, and until when that is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.permissions import Actor, Role
from dashboard import identity
from dashboard.access_settings import AccessSettings
from dashboard.identity import Ended, Nameless, NoAccess, NotSignedIn, SessionEnded
from queries.errors import OpsError

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example",
    "sub": "u-1",
    "iat": NOW.timestamp(),
    "exp": NOW.timestamp() + 300,
    "email": "mina@example.com",
    "roles": ["book-ops", "staff"],
}


def settings(**changed: Any) -> AccessSettings:
    names = {"book-ops": "operator", "book-admins": "admin", "staff": "viewer"}
    return AccessSettings(**{"role_names": names} | changed)


def actor(claims: dict[str, Any], now: datetime = NOW, **changed: Any) -> Actor:
    return identity.of_claims(claims, settings(**changed), now)


def test_a_person_with_the_highest_of_their_roles_and_an_end() -> None:
    assert actor(CLAIMS) == Actor("mina@example.com", Role.OPERATOR, NOW + timedelta(hours=12))
    assert actor(CLAIMS | {"roles": ["staff", "book-admins"]}).role is Role.ADMIN
    assert actor(CLAIMS, refused_actions="job.cancel").refused == {"job.cancel"}


@pytest.mark.parametrize("roles", [None, [], ["others"], "others", 7, {"book-ops": True}, [["book-ops"]], True])
def test_without_a_role_of_ours_there_is_no_access(roles: object) -> None:
    with pytest.raises(NoAccess, match=r"mina@example\.com is signed in, but has no role here"):
        actor(CLAIMS | {"roles": roles})
    with pytest.raises(NoAccess):
        actor({name: value for name, value in CLAIMS.items() if name != "roles"})


def test_where_the_roles_are() -> None:
    keycloak = CLAIMS | {"realm_access": {"roles": ["book-admins"]}}
    assert actor(keycloak, roles_claim="realm_access.roles").role is Role.ADMIN
    named = CLAIMS | {"https://books.example/roles": "book-ops staff"}
    assert actor(named, roles_claim="https://books.example/roles").role is Role.OPERATOR
    with pytest.raises(NoAccess):
        actor(CLAIMS | {"realm_access": "admin"}, roles_claim="realm_access.roles")


def test_a_session_ends_by_our_measure_not_by_the_cookies() -> None:
    assert actor(CLAIMS, NOW + timedelta(hours=12) - timedelta(seconds=1)).name == "mina@example.com"
    for later in (timedelta(hours=12), timedelta(days=29)):
        with pytest.raises(SessionEnded):
            actor(CLAIMS, NOW + later)
    with pytest.raises(SessionEnded):
        actor(CLAIMS, NOW + timedelta(hours=1), session_hours=0.5)


def test_a_token_of_the_future_is_not_believed() -> None:
    assert actor(CLAIMS, NOW - timedelta(minutes=4)).until == NOW + timedelta(hours=12)
    with pytest.raises(SessionEnded):
        actor(CLAIMS, NOW - timedelta(minutes=6))


def test_without_an_issue_time_it_ends_with_the_token() -> None:
    issued_nowhere = {name: value for name, value in CLAIMS.items() if name != "iat"}
    assert actor(issued_nowhere).until == NOW + timedelta(minutes=5)
    assert actor(issued_nowhere | {"exp": NOW.timestamp() + 9e6}).until == NOW + timedelta(hours=12)
    for exp in (None, "soon", True, 1e300, float("nan")):
        with pytest.raises(SessionEnded):
            actor(issued_nowhere | {"exp": exp})


@pytest.mark.parametrize("email", [None, "", "  ", 7, "a\nb", "x" * 121, "\u202egnp"])
def test_what_is_no_name_is_passed_over(email: object) -> None:
    assert actor(CLAIMS | {"email": email}).name == "u-1"
    assert actor(CLAIMS | {"email": email, "preferred_username": " mina "}).name == "mina"
    with pytest.raises(Nameless):
        actor(CLAIMS | {"email": email, "sub": None})


@given(
    st.dictionaries(
        st.sampled_from([*CLAIMS, "nonce"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_any_claims_give_somebody_or_a_sentence(claims: dict[str, Any]) -> None:
    try:
        found = actor(claims)
    except OpsError as error:
        assert str(error)
    else:
        assert found.until is not None
        assert NOW < found.until <= NOW + timedelta(hours=12) + identity.SKEW
    hash(identity.login(claims))


def test_a_proxy_names_exactly_one_person() -> None:
    here = settings()
    assert identity.of_headers(["mina"], ["staff, book-ops"], here) == Actor("mina", Role.OPERATOR)
    for users in ([], [""], [" "], ["mina", "ada"]):
        with pytest.raises(NotSignedIn):
            identity.of_headers(users, ["book-admins"], here)
    for users, roles in ((["a\tb\x00"], ["staff"]), (["mina"], ["staff", "book-admins"])):
        with pytest.raises(Nameless):
            identity.of_headers(users, roles, here)
    with pytest.raises(NoAccess):
        identity.of_headers(["mina"], [], here)


@pytest.mark.parametrize(
    ("peer", "inside"),
    [
        ("10.0.0.7", True), ("10.0.1.9", True), ("::ffff:10.0.0.7", True), ("10.0.0.8", False),
        ("::1", False), ("", False), (None, False), ("proxy", False), ("10.0.0.7, 10.0.0.7", False),
    ],
)  # fmt: skip
def test_which_peers_are_the_proxy(peer: str | None, *, inside: bool) -> None:
    assert identity.within(peer, "10.0.0.7 10.0.1.0/24 fd00::/8") is inside
    assert not identity.within(peer, "")


def test_logins_that_ended_are_remembered_and_bounded() -> None:
    ended = Ended(limit=3)
    for number in range(5):
        ended.add(identity.login(CLAIMS | {"iat": number}))
    assert [identity.login(CLAIMS | {"iat": number}) in ended for number in range(5)] == [False, False] + 3 * [
        True
    ]
