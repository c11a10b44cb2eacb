"""The wasted part of a job's money: failed calls, what was bought twice, all of it where no book came of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from queries import job_money
from queries.job_models import Calls

KINDS = {"generate_images": "image", "package": "storage"}


def calls(attempt: int, step: str, cents: int, *, number: int = 1, ok: bool = True, unpriced: int = 0) -> Calls:
    kind = KINDS.get(step, "llm")
    return Calls(attempt, step, f"{kind}-one", kind, ok, number, unpriced, Decimal(cents) / 100)


def wasted(found: list[Calls], status: str = "done") -> dict[tuple[int, str], int]:
    """Cents by attempt and step, where there are any."""
    sums = job_money.sums(found, status)
    return {(one.attempt, one.step): int(one.wasted * 100) for one in sums if one.wasted}


STORY, IMAGES, PACKAGE = "generate_story", "generate_images", "package"


def test_a_book_at_the_first_go_wastes_nothing() -> None:
    assert wasted([calls(1, STORY, 2), calls(1, IMAGES, 12, number=12), calls(1, PACKAGE, 1)]) == {}


def test_failed_calls_that_cost() -> None:
    (one,) = job_money.sums([calls(1, IMAGES, 12, number=12), calls(1, IMAGES, 3, number=3, ok=False)], "done")
    assert (one.number, one.failed, one.usd, one.wasted) == (15, 3, Decimal("0.15"), Decimal("0.03"))


def test_a_retry_that_goes_on_wastes_nothing_that_was_bought() -> None:
    found = [
        calls(1, STORY, 2),
        calls(1, IMAGES, 7, number=7),
        calls(2, IMAGES, 5, number=5),
        calls(2, PACKAGE, 1),
    ]
    assert wasted(found) == {}


def test_a_retry_from_the_start_wastes_what_it_buys_again() -> None:
    found = [
        calls(1, STORY, 2), calls(1, IMAGES, 7, number=7),
        calls(2, STORY, 2), calls(2, IMAGES, 12, number=12),
    ]  # fmt: skip
    assert wasted(found) == {(1, STORY): 2, (1, IMAGES): 7}


def test_images_are_gone_as_soon_as_an_attempt_begins_before_them() -> None:
    found = [calls(1, STORY, 2), calls(1, IMAGES, 7, number=7), calls(2, STORY, 0, ok=False)]
    assert wasted(found, "running") == {(1, IMAGES): 7}


def test_a_step_of_its_own_name_bought_again() -> None:
    assert wasted([calls(1, "그림 설명", 3), calls(2, "그림 설명", 3)]) == {(1, "그림 설명"): 3}
    assert wasted([calls(1, "그림 설명", 3), calls(2, "그림 설명", 3, ok=False)]) == {(2, "그림 설명"): 3}


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_without_a_book_all_of_it(status: str) -> None:
    assert wasted([calls(1, STORY, 2), calls(1, IMAGES, 7, number=7)], status) == {(1, STORY): 2, (1, IMAGES): 7}


def test_nothing_is_lost_between_calls_and_sums() -> None:
    found = [calls(1, STORY, 2), calls(1, IMAGES, 7, number=7), calls(1, STORY, 1, ok=False, unpriced=1)]
    sums = job_money.sums(found, "failed")
    assert [(one.step, one.number, one.failed, one.unpriced) for one in sums] == [
        (STORY, 2, 1, 1),
        (IMAGES, 7, 0, 0),
    ]
    assert sum(one.usd for one in sums) == sum(one.usd for one in found)
    assert job_money.sums([], "done") == ()
