"""What the settings file's table [auth], which Streamlit's sign-in reads, must hold: told before anybody comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

CALLBACK = "/oauth2callback"
SECRET_LENGTH = 32
_NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


def problems(auth: Mapping[str, Any] | None) -> Iterator[str]:
    """One sentence a fault; never a value of it."""
    if find_spec("authlib") is None:
        yield "OPS_AUTH=oidc needs the package authlib: run scripts/install packages."
    if not isinstance(auth, Mapping) or not auth:
        yield "OPS_AUTH=oidc needs a table [auth] in the settings file: see .streamlit/secrets.toml.example."
        return
    missing = [name for name in _NEEDED if not isinstance(auth.get(name), str) or not auth[name].strip()]
    for name in missing:
        yield f"[auth] in the settings file has no {name}: see .streamlit/secrets.toml.example."
    kwargs = auth.get("client_kwargs")
    if not isinstance(kwargs, Mapping) or kwargs.get("code_challenge_method") != "S256":
        yield '[auth] in the settings file needs PKCE: client_kwargs = { code_challenge_method = "S256" }.'
    yield from _unfit({name: auth[name] for name in _NEEDED if name not in missing})


def _unfit(auth: Mapping[str, str]) -> Iterator[str]:
    if "redirect_uri" in auth and not _is_callback(auth["redirect_uri"]):
        yield f"redirect_uri in [auth] must be the console's own address with {CALLBACK} behind it."
    if "cookie_secret" in auth and len(auth["cookie_secret"]) < SECRET_LENGTH:
        yield f"cookie_secret in [auth] must have {SECRET_LENGTH} characters or more: make a long random one."
    if "server_metadata_url" in auth and not auth["server_metadata_url"].startswith(("https://", "http://")):
        yield "server_metadata_url in [auth] must be the provider's address of /.well-known/openid-configuration."


def is_https(auth: Mapping[str, Any] | None) -> bool:
    """Whether people open the console by https, as far as the table tells."""
    return isinstance(auth, Mapping) and str(auth.get("redirect_uri", "")).startswith("https://")


def _is_callback(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and parts.path.endswith(CALLBACK)
