"""Settings of who is let in, what they may do and see, and from where the console may be asked."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings

from actions.permissions import ACTIONS, Role
from dashboard.setting_types import Unfit

RoleName = Literal["viewer", "operator", "admin"]


def _actions(text: str) -> str:
    for name in text.split():
        if name not in ACTIONS:
            raise Unfit(f"names no action of this console with {name}: write some of {' '.join(ACTIONS)}")
    return text


def _networks(text: str) -> str:
    for each in text.split():
        try:
            ipaddress.ip_network(each)
        except ValueError as error:
            raise Unfit(f"holds {each}, which is no address or network: write 10.0.0.7 or 10.0.0.0/24") from error
    return text


class AccessSettings(BaseSettings):
    """The part of the settings that decides about people."""

    auth: Literal["demo", "oidc", "proxy"] = Field(
        "demo",
        description="Who signs people in: `oidc` an OpenID provider, `proxy` a reverse proxy in front of the "
        "console, `demo` nobody: a picker of roles that only answers on this machine.",
    )
    session_hours: PositiveFloat = Field(
        12, le=24 * 30, description="After how long a person has to sign in again; with `oidc`."
    )
    name_claim: str = Field("email", description="The claim that names a person in the audit log; with `oidc`.")
    roles_claim: str = Field(
        "roles", description="The claim with a person's roles or groups, dots leading inwards; with `oidc`."
    )
    role_names: dict[str, RoleName] = Field(
        {"viewer": "viewer", "operator": "operator", "admin": "admin"},
        description="What the provider's or the proxy's names for roles mean here, as JSON: "
        '`{"book-ops": "operator"}`. The highest one counts; whoever has none is not let in.',
    )
    access_contact: str = Field(
        "", max_length=200, description="Whom to ask for access: an address, a channel or a name."
    )
    proxy_addresses: Annotated[str, AfterValidator(_networks)] = Field(
        "", description="Addresses or networks of the reverse proxy, with spaces between; with `proxy`."
    )
    proxy_user_header: str = Field(
        "X-Forwarded-User", description="The header in which the proxy names the person; with `proxy`."
    )
    proxy_roles_header: str = Field(
        "X-Forwarded-Groups", description="The header with the person's roles, commas between; with `proxy`."
    )
    allowed_hosts: str = Field(
        "",
        description="The names under which people may open the console, with spaces between; needed wherever it "
        "listens beyond this machine.",
    )
    read_only: bool = Field(False, description="Refuse every action, whatever a person's role.")
    refused_actions: Annotated[str, AfterValidator(_actions)] = Field(
        "",
        description="Actions that nobody may take here, with spaces between: `intake.close job.cancel`.",
    )
    money_for: RoleName = Field(
        "viewer",
        description="The least role that sees amounts of money. Whoever has a lesser one sees none on any page or "
        "in any file, and no Costs page.",
    )
    actions_per_minute: PositiveInt = Field(
        60, description="Actions that one person may take in a minute; a bulk action counts as one."
    )
    stale_minutes: NonNegativeInt = Field(
        15,
        description="For how long the last good answer is still shown, marked as such, while its source does not "
        "answer; 0 for never.",
    )

    @property
    def refused(self) -> frozenset[str]:
        """The actions that nobody may take."""
        return frozenset(self.refused_actions.split())

    @property
    def money_from(self) -> Role:
        """The least role that sees amounts of money."""
        return Role[self.money_for.upper()]
