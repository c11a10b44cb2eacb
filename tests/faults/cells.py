"""The matrix itself: one trouble at a time, every page and every action in it, each a cell of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from actions.errors import NotRecorded, OutcomeNotRecorded, ServiceUnavailable
from dashboard import fetch
from queries.errors import OpsError
from tests.browser.people import eventually
from tests.dashboard.conftest import Configure
from tests.faults import acts, pages
from tests.faults.acts import ACTS, PATIENT, Tools, claims_done, new_id, tools, tried
from tests.faults.pages import PAGES, Seen
from tests.faults.world import TROUBLES, Trouble, World

# How a page names a source in trouble.
NAMED = (
    "has not answered since",
    "has been too slow since",
    "has refused the",
    "has answered what cannot be read",
)
# Long enough that a source which hangs is waited for once, not once a page.
PAUSE_SECONDS = 60
# Fewer than the connections of a pool.
AT_ONCE = 4


@dataclass
class Matrix:
    """What was tried in one trouble."""

    subtests: pytest.Subtests
    tried: int = 0
    failed: int = 0
    _names: list[str] = field(default_factory=list)

    @contextmanager
    def cell(self, name: str) -> Iterator[None]:
        self.tried += 1
        self.failed += 1
        with self.subtests.test(cell=name):
            yield
            self.failed -= 1


def pages_in(name: str, world: World, healthy: Mapping[str, Seen], configure: Configure, matrix: Matrix) -> None:
    """Every page as somebody sees it who opens it in the middle of the trouble, and as it is after."""
    trouble = TROUBLES[name]
    with lasting(trouble, world):
        world.settings(configure, **{"refresh_seconds": PAUSE_SECONDS} | trouble.settings(world))
        fetch.clear()
        with matrix.cell("the first page in it"):
            pages.look("overview")
        for page in PAGES:
            with matrix.cell(page):
                pages.judged(name, page, pages.look(page), healthy[page], world)
    world.settings(configure)
    fetch.clear()
    for page in ("overview", "stuck", "guardrails", "audit_log"):
        with matrix.cell(f"{page} comes back by itself"):
            eventually(lambda page=page: _as_before(pages.look(page), healthy[page]))


def _as_before(seen: Seen, healthy: Seen) -> bool:
    """Whether a page names no source in trouble, and shows all its numbers."""
    calm = not any(words in seen.text for words in NAMED)
    return calm and seen.numbers.keys() == healthy.numbers.keys()


@contextmanager
def lasting(trouble: Trouble, world: World) -> Iterator[None]:
    trouble.begin(world)
    try:
        yield
    finally:
        trouble.end(world)


def acts_in(name: str, world: World, matrix: Matrix) -> None:
    """Every action in the trouble: what it claims is true, what it did not record it did not do; then again."""
    trouble = TROUBLES[name]
    with tools(world, world.stack.database_url, world.stack.service_url, PATIENT) as calm:
        ready = {action: act.ready(world, calm) for action, act in ACTS.items()}
        ids = {action: new_id() for action in ACTS}
        store = str(trouble.settings(world).get("store_url", world.url()))
        with lasting(trouble, world), tools(world, store, world.service.url, acts.SHORT) as troubled:
            attempts = (_bound(act.act, troubled, ready[name], ids[name]) for name, act in ACTS.items())
            with ThreadPoolExecutor(AT_ONCE) as people:
                told = dict(zip(ACTS, people.map(tried, attempts), strict=True))
        eventually(lambda: _answers(calm))
        done = {action: act.done(world, calm, ready[action]) for action, act in ACTS.items()}
        for action in ACTS:
            with matrix.cell(action):
                _true(world, ids[action], told[action], done=done[action])
        for action, act in ACTS.items():
            with matrix.cell(f"{action} after it"):
                anew = act.ready(world, calm)
                assert claims_done(tried(_bound(act.act, calm, anew, new_id())))
                assert act.done(world, calm, anew)


def _answers(here: Tools) -> bool:
    """Whether the service has found its database again."""
    with suppress(ServiceUnavailable):
        return bool(here.client.guardrails().limits)
    return False


def _bound(
    act: Callable[[Tools, Any, str], object], here: Tools, ready: Any, request_id: str
) -> Callable[[], object]:
    return lambda: act(here, ready, request_id)


def _true(world: World, request_id: str, told: Any, *, done: bool) -> None:
    error = told if isinstance(told, OpsError) else getattr(told, "error", None)
    rows = world.execute(
        f"select phase, result from ops.audit_log where request_id in ('{request_id}', '{request_id}:start')"  # noqa: S608
    )
    phases = [phase for phase, _ in rows]
    assert len(phases) == len(set(phases)) <= 2
    if claims_done(told):
        assert done, "it is told as done, and is not"
        return
    assert error is not None
    assert str(error), type(error).__name__
    if isinstance(error, NotRecorded) and not phases:
        return
    if not isinstance(error, OutcomeNotRecorded) and "outcome" in phases:
        assert ("outcome", "done") not in rows, "the log calls it done, and nobody was told so"
