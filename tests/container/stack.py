"""The full stack as Compose puts it together from its two files, and the secrets that its script makes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from dashboard.settings import ROOT

FILES = ("compose.yaml", "compose.full.yaml")
NAME, PORT = "books-ops.localhost", 8443


def read(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / name).read_text()))


def laid(under: Any, over: Any) -> Any:
    """As Compose lays one file over another: tables are joined, lists lengthened, all else is replaced."""
    if isinstance(under, dict) and isinstance(over, dict):
        both = {key: laid(under[key], over[key]) for key in under.keys() & over.keys()}
        return under | over | both
    if isinstance(under, list) and isinstance(over, list):
        return [*under, *over]
    return over


FULL = laid(*map(read, FILES))
SERVICES: dict[str, dict[str, Any]] = FULL["services"]


def prometheus_configuration(**variables: str) -> str:
    """What Prometheus is given, with Compose's variables filled in."""
    content: str = FULL["configs"]["prometheus"]["content"]
    return re.sub(r"\$\{(\w+):[^}]*\}", lambda found: variables.get(found[1], ""), content)


def make_secrets(folder: Path, address: str = f"https://{NAME}:{PORT}") -> str:
    """Run the script; answers what it said."""
    command = [ROOT / "scripts" / "secrets", folder, address]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
