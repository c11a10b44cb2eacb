"""Each test begins with no settings of this machine and nothing kept from another test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import streamlit as st

from actions import migrations
from dashboard import fetch, settings
from dashboard.sources import Sources

Configure = Callable[..., settings.Settings]


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    empty = tmp_path / "empty.toml"
    empty.touch()
    monkeypatch.setenv(settings.FILE_VARIABLE, str(empty))
    monkeypatch.setattr(fetch, "_sources", Sources())
    _forget()
    yield
    _forget()


def _forget() -> None:
    settings.load.cache_clear()
    fetch.clear()
    st.cache_resource.clear()


def stopped_clock(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> Callable[[float], None]:
    """Stop the clock that a module reads as time.monotonic(); the answer lets so many seconds pass."""
    now = 1_000.0

    def later(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    return later


@pytest.fixture
def settings_file() -> Path:
    """The settings file of the test, empty."""
    return Path(os.environ[settings.FILE_VARIABLE])


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Set settings by their names, through the environment; answers them as they were read."""

    def set_all(**values: object) -> settings.Settings:
        for name, value in values.items():
            monkeypatch.setenv(f"{settings.PREFIX}{name.upper()}", str(value))
        settings.load.cache_clear()
        return settings.load()

    return set_all


@pytest.fixture
def migrated_url(older_url: str) -> str:
    """The older deployment's database with its real rows, and the console's own schema."""
    migrations.upgrade(older_url)
    return older_url
