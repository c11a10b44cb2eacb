"""Kinds of work, which share the jobs table: the prefixes of job ids."""

from __future__ import annotations

import numpy as np

from demo.incidents import Course
from demo.rhythm import Floats, Integers

KINDS = ("job", "series", "regen", "inpaint", "retell", "audio")
JOB, SERIES = KINDS.index("job"), KINDS.index("series")
SHARES = (0.86, 0.05, 0.04, 0.02, 0.02, 0.01)
# The newest release offers series to everybody.
SERIES_OF_NEWEST = 0.75


def kinds(random: np.random.Generator, course: Course, created: Floats) -> Integers:
    """An index into KINDS for each job."""
    drawn = random.choice(len(KINDS), created.size, p=SHARES)
    wished = (created >= course.regression.begin) & (random.random(created.size) < SERIES_OF_NEWEST)
    return np.where(wished, SERIES, drawn)
