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
from demo.rhythm import Flags, Floats, Integers, arrivals
from demo.users import ABUSERS, USERS, Users, requests, users
from service.guardrails import BY_NAME

DAILY_LIMIT = BY_NAME["daily_job_limit_per_user"].default


@dataclass(frozen=True)
class Past:
    """user_of, kind_of (an index into KINDS) and created are per job; final marks each job's last attempt."""

    course: Course
    users: Users
    user_of: Integers
    kind_of: Integers
    created: Floats
    rejected: Floats
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
    asked = requests(random, ordinary, everyone, DAILY_LIMIT)
    user_of, created = asked.user[asked.allowed], asked.at[asked.allowed]
    kind_of = kinds(random, course, created)
    made = attempts(random, course, created, kind_of == SERIES)
    # A book that would not have been finished by now was never asked for.
    kept, renumbered = np.unique(made.job, return_inverse=True)
    made = joined([replace(made, job=renumbered), opening.opening(course, len(kept))])
    return Past(
        course=course,
        users=everyone,
        user_of=np.append(user_of[kept], random.integers(ABUSERS, USERS, opening.BOOKS)),
        kind_of=np.append(kind_of[kept], np.full(opening.BOOKS, JOB)),
        created=np.append(created[kept], opening.created(course)),
        rejected=asked.at[~asked.allowed],
        attempts=made,
        final=is_final(made),
        calls=calls(random, made),
    )
