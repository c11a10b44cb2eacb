"""The published description of the API is the one that the code gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PUBLISHED = Path(__file__).parents[2] / "docs" / "service-api.json"


def test_the_published_description_is_current() -> None:
    told = subprocess.run([sys.executable, "-m", "service", "openapi"], check=True, capture_output=True, text=True)
    assert PUBLISHED.read_text() == told.stdout, "python -m service openapi > docs/service-api.json"
