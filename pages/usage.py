"""Who uses how much, who is at the limit, is somebody abusing it?"""

from __future__ import annotations

from actions.permissions import Role
from dashboard import auth
from dashboard.components import header
from dashboard.i18n import t

auth.require(Role.VIEWER)
header.page(t("Usage"))
