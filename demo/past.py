"""The whole past of one demo, made once and told twice: as rows and as metrics."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demo import opening
from demo.books import Attempts, attempts, is_final, joined
from demo.calls import Calls, calls
from demo.crowds import crowds
from demo.endings import LOST
from demo.incidents import Course
from demo.kinds import JOB, SERIES, kinds
from demo.requests import LET_IN, Requests, requests
from demo.rhythm import DAY, Flags, Floats, Integers, arrivals
from demo.users import USERS, Users, users


@dataclass(frozen=True)
class Past:
    """user_of, kind_of (an index into KINDS) and created are per job; final marks each job's last attempt.

    rejected are the requests that a limit turned away.
    """

    course: Course
    users: Users
    user_of: Integers
    kind_of: Integers
    created: Floats
    rejected: Requests
    attempts: Attempts
    final: Flags
    calls: Calls

    def __len__(self) -> int:
        """How many jobs."""
        return len(self.created)

    @property
    def left_open(self) -> Flags:
        """The attempts whose worker died and whom nobody found."""
        return np.asarray(self.final & (self.attempts.ending == LOST))


def past(course: Course) -> Past:
    """The same past for the same course. A quarter takes about a second."""
    random = np.random.default_rng([course.seed, 3])
    everyone = users(course.seed)
    single = arrivals(random, course.start, course.end, course.timezone, course.demand())
    ordinary = np.sort(np.concatenate((single, crowds(random, course))))
    asked = requests(random, course, ordinary, everyone)
    let_in = asked.where(asked.refused_by == LET_IN)
    kind_of = _kinds(random, course, let_in)
    made = attempts(random, course, let_in.at, kind_of == SERIES)
    # A book that would not have been finished by now was never asked for.
    kept, renumbered = np.unique(made.job, return_inverse=True)
    made = joined([replace(made, job=renumbered), opening.opening(course, len(kept))])
    return Past(
        course=course,
        users=everyone,
        user_of=np.append(let_in.user[kept], _idle(random, course, everyone, let_in)),
        kind_of=np.append(kind_of[kept], np.full(opening.BOOKS, JOB)),
        created=np.append(let_in.at[kept], opening.created(course)),
        rejected=_rejected(asked, np.delete(let_in.at, kept), np.delete(let_in.user, kept)),
        attempts=made,
        final=is_final(made),
        calls=calls(random, made),
    )


def _kinds(random: np.random.Generator, course: Course, let_in: Requests) -> Integers:
    """Who rotates keys has always the same wish."""
    return np.where(let_in.user >= USERS, JOB, kinds(random, course, let_in.at))


def _idle(random: np.random.Generator, course: Course, everyone: Users, let_in: Requests) -> Integers:
    """Who asked for the books of the opening: each of them far from every limit."""
    busy = let_in.user[let_in.at > course.end - DAY]
    return random.choice(np.setdiff1d(everyone.old_families, busy), opening.BOOKS, replace=False)


def _rejected(asked: Requests, missing_at: Floats, missing_user: Integers) -> Requests:
    """The requests that were turned away, but for those of users of whom a book before is missing."""
    doubtful = np.isin(asked.user, missing_user) & (asked.at >= missing_at.min(initial=asked.at[-1]))
    return asked.where((asked.refused_by != LET_IN) & ~doubtful)
