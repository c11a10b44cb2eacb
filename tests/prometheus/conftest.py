"""The shell's clean start, for the test that looks at the page."""

from __future__ import annotations

from tests.dashboard.conftest import configure, forgotten
from tests.pages.conftest import migrated_newer_template

__all__ = ["configure", "forgotten", "migrated_newer_template"]
