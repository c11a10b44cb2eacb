"""Roll-ups that are killed anywhere, and two at once: what is kept is whole, and in the end all is there."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.actions.rollup_process import RollupProcess
from tests.actions.usage_stage import RETRIED, Fresh, Kept, Stage

# A first roll-up of the stage has about so many statements and commits, one after a change about so many.
ALL, AGAIN = 76, 29


@pytest.fixture
def process(stage: Stage) -> Iterator[RollupProcess]:
    with RollupProcess(stage) as running:
        yield running


def is_whole(kept: Kept, right: Kept) -> bool:
    """Each hour that counts as rolled has all of its sums, and no other hour has any but those of before."""
    clean = {hour for hour, dirty in kept["rolled"] if not dirty}
    tables = ("hourly_usage", "hourly_kinds", "hourly_costs")
    return all([row for row in right[name] if row[0] in clean] == [row for row in kept[name] if row[0] in clean]
               for name in tables)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_points_while_all_is_made_anew(
    stage: Stage, fresh: Fresh, process: RollupProcess, seed: int
) -> None:
    right, killed = fresh(), 0
    for point in random.Random(seed).sample(range(1, ALL), 5):  # noqa: S311
        killed += process.run((bool(seed % 2), point))
        assert is_whole(stage.kept(), right)
    assert killed >= 1
    assert process.run((False, None)) == 0
    assert stage.kept() == right


def test_killed_at_random_points_after_a_change(stage: Stage, fresh: Fresh, process: RollupProcess) -> None:
    stage.roll()
    stage.change(RETRIED)
    right, killed = fresh(), 0
    for point in random.Random(0).sample(range(1, AGAIN), 4):  # noqa: S311
        killed += process.run((False, point))
    assert killed >= 1
    assert process.run((False, None)) == 0
    assert stage.kept() == right


def test_two_at_once(stage: Stage, fresh: Fresh, process: RollupProcess) -> None:
    right = fresh()
    assert process.run((False, None), (False, None)) == 0
    assert stage.kept() == right
    assert process.run((True, None), (True, None), (False, None)) == 0
    assert stage.kept() == right


def test_one_of_two_is_killed(stage: Stage, fresh: Fresh, process: RollupProcess) -> None:
    right = fresh()
    assert process.run((True, 20), (False, None)) == 1
    process.run((False, None))
    assert stage.kept() == right
