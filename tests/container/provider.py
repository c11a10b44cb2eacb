"""A sign-in provider in Dex's place, with its path and people: python -m tests.container.provider PORT"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import oidc_provider_mock
import yaml
from werkzeug.serving import run_simple

from dashboard.settings import ROOT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BELOW = "/dex"
PEOPLE = yaml.safe_load((ROOT / "deploy" / "dex.yaml").read_text())["staticPasswords"]


def claims(person: dict[str, Any]) -> oidc_provider_mock.User:
    return oidc_provider_mock.User(
        sub=person["userID"], claims={"email": person["email"], "groups": person["groups"]}
    )


provider = oidc_provider_mock.app(user_claims=[claims(person) for person in PEOPLE])


def behind_proxy(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """As Dex knows its own address by its issuer, this one by what the proxy says."""
    environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = BELOW, environ["PATH_INFO"].removeprefix(BELOW)
    return provider(environ, start)


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), behind_proxy, threaded=True)
