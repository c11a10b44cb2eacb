"""The rule on rotation of user keys: when it fires, and the days on which it must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from queries.rotation import DayUser, Habit, Rotation, near, rotation

LIMIT = 20
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def newcomers(jobs: list[int], *, kind: str = "job", apart: int = 40, lasting: int = 35) -> list[DayUser]:
    """One who makes these many jobs after the other, each in so many minutes, so many minutes apart."""
    return [
        DayUser(
            f"new{place:02}",
            made,
            new=True,
            habit=Habit(
                NOON + place * apart * MINUTE, NOON + (place * apart + lasting) * MINUTE, kind, of_kind=made
            ),
        )
        for place, made in enumerate(jobs)
    ]


def known(*jobs: int) -> list[DayUser]:
    return [DayUser(f"old{place:03}", made, new=False) for place, made in enumerate(jobs)]


USUAL = known(*[3] * 95, *[20] * 5)
NINE = [17, 18, 20, 19, 20, 20, 18, 17, 20]


def found(users: list[DayUser], limit: int = LIMIT) -> Rotation:
    answer = rotation(users, limit)
    assert answer is not None
    return answer


def test_one_person_who_changes_keys() -> None:
    answer = found(newcomers(NINE) + USUAL)
    assert len(answer.users) == 9
    assert (answer.fewest, answer.most, answer.kind, answer.in_turn) == (17, 20, "job", True)
    assert all(user.new for user in answer.users)


def test_an_hour_of_other_newcomers_hides_nothing() -> None:
    few = [replace(user, digest=f"few-{user.digest}") for user in newcomers([1, 2, 1, 3, 2, 1])]
    assert len(found(newcomers(NINE) + few + USUAL).users) == 9


def test_without_habits_the_numbers_alone_tell() -> None:
    bare = [replace(user, habit=None) for user in newcomers(NINE)]
    answer = found(bare + USUAL)
    assert (len(answer.users), answer.kind, answer.in_turn) == (9, "", None)


def test_all_at_once_is_said_beside_it() -> None:
    assert found(newcomers(NINE, apart=2) + USUAL).in_turn is False


def test_most_in_turn_are_enough() -> None:
    users = newcomers(NINE)
    overlapping = replace(users[1], habit=replace(users[0].habit or Habit(NOON, NOON, "", 0), of_kind=18))
    assert found([users[0], overlapping, *users[2:], *USUAL]).in_turn is True


def test_where_nobody_is_known_yet() -> None:
    assert len(found(newcomers(NINE)).users) == 9


def test_a_class_of_thirty_pupils() -> None:
    assert rotation(newcomers([2] * 30, apart=1) + USUAL, LIMIT) is None


@pytest.mark.parametrize("jobs", [[], [20], [20, 19, 18, 20]])
def test_a_few_heavy_families(jobs: list[int]) -> None:
    assert rotation(newcomers(jobs) + USUAL, LIMIT) is None


def test_heavy_newcomers_who_are_not_alike_in_number() -> None:
    # All near the limit of 100, yet at most three of them within 15 of each other.
    assert rotation(newcomers([75, 80, 90, 95, 106, 112, 121]) + known(*[5] * 50), 100) is None


def test_heavy_newcomers_of_different_kinds() -> None:
    mixed = [
        replace(user, habit=replace(user.habit, kind=kind))
        for user, kind in zip(newcomers(NINE), ["job", "series", "regen"] * 3, strict=True)
        if user.habit
    ]
    assert rotation(mixed + USUAL, LIMIT) is None


def test_newcomers_each_of_whom_tries_everything() -> None:
    curious = [replace(user, habit=replace(user.habit, of_kind=8)) for user in newcomers(NINE) if user.habit]
    assert rotation(curious + USUAL, LIMIT) is None


def test_a_day_on_which_everybody_draws_much() -> None:
    assert rotation(newcomers(NINE) + known(*[20] * 40, *[3] * 60), LIMIT) is None
    assert rotation(newcomers(NINE) + known(*[20] * 33, *[3] * 67), LIMIT) is not None


def test_users_just_below_the_rule() -> None:
    assert near(newcomers([14, 15]), LIMIT) == (newcomers([14, 15])[1],)
    assert rotation(newcomers([14] * 9) + USUAL, LIMIT) is None
    assert rotation(newcomers([20] * 9) + USUAL, 0) is None
