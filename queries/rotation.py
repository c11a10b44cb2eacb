"""Whether somebody gets around the daily limit by changing user keys. Pure: works on what other questions answer.

A key is all that a user is, so a new key is a new allowance. It looks like rotation when, of one day's users, all
of this holds:

- at least USERS of them were never seen before that day, and each made at least NEAR of the limit;
- they are alike: their numbers of jobs lie within SPREAD of the limit of each other, and, where the jobs' kinds
  are known, at least ALIKE of each one's jobs are of the same kind of work;
- being near the limit is TIMES as frequent among the new users as among the known ones, so that a day on which
  everybody draws much does not count.

Whether they came one after the other, as one person with many keys does, or all at once, as a class of pupils may,
is told beside it (Rotation.in_turn) and is no condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

# Fewer heavy newcomers on a day are families that like it.
USERS = 5
# Who changes keys uses each up, or nearly.
NEAR = 0.75
SPREAD = 0.15
ALIKE = 0.8
TIMES = 3
# Of the neighbours in time, these need not overlap for the whole to count as one after the other.
IN_TURN = 0.75


@dataclass(frozen=True, slots=True)
class Habit:
    """What one user's jobs of a day look like: of_kind of them are of this kind of work, the user's main one."""

    first: datetime
    last: datetime
    kind: str
    of_kind: int


@dataclass(frozen=True, slots=True)
class DayUser:
    """A user on the day: jobs made, whether never seen before, and their habit where it is known."""

    digest: str
    jobs: int
    new: bool
    habit: Habit | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """The users that look like one, fewest jobs first. kind is "" and in_turn None where habits are not known."""

    users: tuple[DayUser, ...]
    kind: str = ""
    in_turn: bool | None = None

    @property
    def fewest(self) -> int:
        return self.users[0].jobs

    @property
    def most(self) -> int:
        return self.users[-1].jobs


def near(users: Iterable[DayUser], limit: int) -> tuple[DayUser, ...]:
    """Those never seen before who made enough jobs to be suspected: whose habits are worth asking for."""
    return tuple(user for user in users if user.new and _is_near(user, limit))


def rotation(users: Sequence[DayUser], limit: int) -> Rotation | None:
    """The greatest group of one day's users that all of the rule holds for, or None. A limit of 0 is none."""
    suspects = near(users, limit) if limit > 0 else ()
    by_kind: dict[str, list[DayUser]] = {}
    for user in suspects:
        by_kind.setdefault(_main_kind(user), []).append(user)
    groups = [(_alike(own, limit), kind) for kind, own in by_kind.items() if kind != _MIXED]
    group, kind = max(groups, key=lambda one: len(one[0]), default=((), ""))
    if len(group) < USERS or not _unusual(users, group, limit):
        return None
    return Rotation(group, kind, _in_turn(group))


_MIXED = "*"


def _is_near(user: DayUser, limit: int) -> bool:
    return user.jobs >= NEAR * limit


def _main_kind(user: DayUser) -> str:
    """The kind that the user's jobs are of; "" where it is not known."""
    if user.habit is None:
        return ""
    return user.habit.kind if user.habit.of_kind >= ALIKE * user.jobs else _MIXED


def _alike(users: Iterable[DayUser], limit: int) -> tuple[DayUser, ...]:
    """The most users whose numbers of jobs lie within SPREAD of the limit of each other."""
    rising = sorted(users, key=lambda user: (user.jobs, user.digest))
    groups = (
        tuple(user for user in rising[place:] if user.jobs - lowest.jobs <= SPREAD * limit)
        for place, lowest in enumerate(rising)
    )
    return max(groups, key=len, default=())


def _unusual(users: Iterable[DayUser], group: Sequence[DayUser], limit: int) -> bool:
    """Whether being in the group is TIMES as frequent among the new as being near the limit is among the known."""
    new, known, known_near = 0, 0, 0
    for user in users:
        new += user.new
        known += not user.new
        known_near += not user.new and _is_near(user, limit)
    return len(group) * known >= TIMES * known_near * new


def _in_turn(group: Sequence[DayUser]) -> bool | None:
    habits = sorted((user.habit for user in group if user.habit), key=lambda habit: habit.first)
    if len(habits) < len(group):
        return None
    apart = [before.last <= after.first for before, after in pairwise(habits)]
    return sum(apart) >= IN_TURN * len(apart)
