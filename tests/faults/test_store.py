"""Every page and every action while the console's own store, or a clock, is in trouble."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.world import TROUBLES

OURS = [name for name, trouble in TROUBLES.items() if trouble.source in {"store", "clock"}]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", OURS)
def test_every_page_and_action(suffer: Callable[[str], None], name: str) -> None:
    suffer(name)
