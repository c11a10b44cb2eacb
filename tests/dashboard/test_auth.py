from __future__ import annotations

import pytest

from actions.errors import PermissionDenied
from actions.permissions import Role
from dashboard import auth
from dashboard.settings_errors import SettingsError
from tests.dashboard.conftest import Configure

URL = "postgresql://reader@db/books"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # what must be refused


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost", "Console.localhost"])
def test_loopback(host: str) -> None:
    assert auth.is_loopback(host)


@pytest.mark.parametrize(
    "host", [None, "", EVERYWHERE, "::", "10.0.0.1", "localhost.example.com", "127.0.0.1.nip.io", "2130706433"]
)
def test_not_loopback(host: str | None) -> None:
    assert not auth.is_loopback(host)


def test_the_demo_picker_listens_on_this_machine_only(configure: Configure) -> None:
    here = configure(database_url=URL)
    auth.check(here, "127.0.0.1")
    for address in (None, EVERYWHERE, "::", "10.0.0.1"):
        with pytest.raises(SettingsError, match="OPS_AUTH=demo"):
            auth.check(here, address)


@pytest.mark.parametrize("mode", ["oidc", "proxy"])
def test_other_ways_to_sign_in_let_nobody_in_yet(configure: Configure, mode: str) -> None:
    here = configure(database_url=URL, auth=mode)
    with pytest.raises(SettingsError, match=f"OPS_AUTH={mode} is not available yet"):
        auth.check(here, "127.0.0.1")
    with pytest.raises(SettingsError):
        auth.current_actor()


def test_a_role_below_is_refused(configure: Configure) -> None:
    configure(database_url=URL)
    actor = auth.current_actor()
    assert actor.role is Role.OPERATOR
    assert auth.require(Role.VIEWER) == actor
    assert auth.require(Role.OPERATOR) == actor
    with pytest.raises(PermissionDenied, match=r"Mina Park is operator .* Ask somebody who is admin"):
        auth.require(Role.ADMIN)


def test_every_role_has_a_person_and_a_name() -> None:
    assert {person.role for person in auth.PEOPLE} == set(Role) == set(auth.ROLES)
