"""What the demo asks of the machine it runs on."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from zoneinfo import available_timezones

LOCALTIME = Path("/etc/localtime")
NAMED = Path("/etc/timezone")


def timezone() -> str:
    """The machine's IANA time zone: of TZ, /etc/timezone or /etc/localtime; UTC where none tells."""
    known = available_timezones()
    named = NAMED.read_text().strip() if NAMED.exists() else ""
    linked = str(LOCALTIME.resolve()).partition("zoneinfo/")[2]
    candidates = (os.environ.get("TZ", "").lstrip(":"), named, linked)
    return next((name for name in candidates if name in known), "UTC").replace("Etc/UTC", "UTC")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
