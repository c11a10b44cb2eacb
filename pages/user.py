"""One user's whole story."""

from __future__ import annotations

from actions.permissions import Role
from dashboard import auth
from dashboard.components import header
from dashboard.i18n import t

auth.require(Role.VIEWER)
header.page(t("User"))
