from __future__ import annotations

from pathlib import Path

import pytest

from actions.errors import PermissionDenied
from actions.permissions import NEEDED, Role
from dashboard import auth
from dashboard.identity import NotSignedIn
from dashboard.settings import Settings
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


AUTH = """
[auth]
redirect_uri = "http://localhost:8501/oauth2callback"
cookie_secret = "{secret}"
client_id = "console"
client_secret = "hunter2"
server_metadata_url = "http://127.0.0.1:1/.well-known/openid-configuration"
client_kwargs = {{ code_challenge_method = "S256" }}
"""
SECRET = "0123456789abcdef0123456789abcdef"  # of no console


def faults(here: Settings, address: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        auth.check(here, address)
    problems = str(refused.value.fields["problems"])
    assert "hunter2" not in problems
    return problems.splitlines()


def test_a_provider_needs_its_table(configure: Configure, settings_file: Path) -> None:
    here = configure(database_url=URL, auth="oidc")
    assert ["needs a table [auth]" in fault for fault in faults(here, "127.0.0.1")] == [True]
    settings_file.write_text('[auth]\nredirect_uri = "http://localhost/"\ncookie_secret = "hunter2"\n')
    told = faults(here, "127.0.0.1")
    for fault in (
        "has no client_id",
        "has no client_secret",
        "has no server_metadata_url",
        "code_challenge_method",
        "redirect_uri in [auth] must be",
        "must have 32 characters",
    ):
        assert len([line for line in told if fault in line]) == 1
    assert len(told) == 6
    settings_file.write_text(AUTH.format(secret=SECRET))
    auth.check(here, "127.0.0.1")


@pytest.mark.parametrize("mode", ["oidc", "proxy"])
def test_beyond_this_machine_names_are_needed(configure: Configure, settings_file: Path, mode: str) -> None:
    settings_file.write_text(AUTH.format(secret=SECRET))
    here = configure(database_url=URL, auth=mode, proxy_addresses="10.0.0.7")
    auth.check(here, "127.0.0.1")
    (fault,) = faults(here, EVERYWHERE)
    assert "OPS_ALLOWED_HOSTS" in fault
    auth.check(configure(allowed_hosts="books.example.com"), EVERYWHERE)


def test_a_proxy_needs_its_addresses(configure: Configure) -> None:
    (fault,) = faults(configure(database_url=URL, auth="proxy"), "127.0.0.1")
    assert "OPS_PROXY_ADDRESSES" in fault


@pytest.mark.parametrize("mode", ["oidc", "proxy"])
def test_who_did_not_sign_in_is_nobody(configure: Configure, settings_file: Path, mode: str) -> None:
    settings_file.write_text(AUTH.format(secret=SECRET))
    configure(database_url=URL, auth=mode, proxy_addresses="10.0.0.7")
    with pytest.raises(NotSignedIn):
        auth.current_actor()


def test_a_role_below_is_refused(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(database_url=URL)
    actor = auth.current_actor()
    assert actor.role is Role.OPERATOR
    assert auth.enter("costs") == actor
    monkeypatch.setitem(NEEDED, "page.costs", Role.ADMIN)
    with pytest.raises(PermissionDenied, match=r"Mina Park is operator .* Ask somebody who is admin"):
        auth.enter("costs")


def test_every_role_has_a_person_and_a_name() -> None:
    assert {person.role for person in auth.PEOPLE} == set(Role) == set(auth.ROLES)
