"""Which of Debian's servers the plans are looked at on."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.postgres import debian


def test_the_oldest_that_is_installed_else_the_one_that_was_unpacked(tmp_path: Path) -> None:
    machine, checkout = tmp_path / "machine", tmp_path / "checkout"
    with pytest.raises(RuntimeError, match="scripts/install postgres"):
        debian(machine, checkout)
    unpacked = checkout / ".test-tools/postgresql/usr/lib/postgresql/17/bin"
    unpacked.mkdir(parents=True)
    assert debian(machine, checkout) == unpacked
    for version in ("9.6", "16", "15"):
        (machine / "usr/lib/postgresql" / version / "bin").mkdir(parents=True)
    assert debian(machine, checkout) == machine / "usr/lib/postgresql/15/bin"
