from __future__ import annotations

from pathlib import Path

import pytest

from tests.container import stack


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of secrets that the script makes."""
    folder = tmp_path_factory.mktemp("secrets") / "made"
    stack.make_secrets(folder)
    return folder
