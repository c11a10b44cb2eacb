"""The shell's clean start for every test."""

from __future__ import annotations

import pytest

from dashboard import i18n
from tests.dashboard.conftest import configure, forgotten

__all__ = ["configure", "forgotten"]


@pytest.fixture
def korean(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of Korean."""
    monkeypatch.setenv("OPS_DATABASE_URL", "postgresql://reader@db/books")
    monkeypatch.setenv("OPS_LANGUAGE", "ko")
    assert i18n.language() == "ko"
