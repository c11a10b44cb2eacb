"""The zone that times are shown in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dashboard.components.formatting import Zone
from dashboard.connections import settings


def local() -> Zone:
    """The operator's."""
    name = settings().timezone
    return Zone(name, ZoneInfo(name))
