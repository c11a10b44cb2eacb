"""The world of one file, seen in good health, and the count of what is tried in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dashboard import fetch
from tests.dashboard.conftest import Configure, configure, forgotten
from tests.faults import pages
from tests.faults.cells import Matrix, acts_in, pages_in
from tests.faults.pages import PAGES, Seen
from tests.faults.world import TROUBLES, World, running

__all__ = ["configure", "forgotten"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("world")) as here:
        yield here


@pytest.fixture(scope="module")
def seen() -> dict[str, Seen]:
    """Every page in good health, once somebody has looked."""
    return {}


@pytest.fixture
def healthy(world: World, seen: dict[str, Seen], configure: Configure) -> dict[str, Seen]:
    world.settings(configure)
    for page in PAGES if not seen else ():
        fetch.clear()
        seen[page] = pages.look(page)
    return seen


@pytest.fixture
def suffer(
    world: World,
    healthy: dict[str, Seen],
    configure: Configure,
    subtests: pytest.Subtests,
    record_property: Callable[[str, object], None],
) -> Callable[[str], None]:
    """Every page and every action in one trouble, each told for itself."""

    def through(name: str) -> None:
        matrix = Matrix(subtests)
        pages_in(name, world, healthy, configure, matrix)
        if not TROUBLES[name].pages_only:
            acts_in(name, world, matrix)
        record_property("fault matrix", (matrix.tried, matrix.failed))

    return through
