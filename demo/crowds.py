"""Many readers at once, a class or those of a newsletter: more than the workers can take in hand."""

from __future__ import annotations

import time

import numpy as np

from demo.incidents import Course
from demo.rhythm import DAY, MINUTE, Floats, Integers, activity

CROWDS_A_DAY = 22.0
LEAST, MEAN, MOST = 10, 16, 36
SECONDS_EACH = 2.5
# At most one crowd begins in each such span, in its first half, so that its books are made before the next.
SPAN = 15 * MINUTE
# The newest release brings one for its series in each span.
FOR_SERIES = 20


def crowds(random: np.random.Generator, course: Course) -> Floats:
    """Unix times of all crowds' requests, each crowd's together."""
    spans = np.arange(course.start, course.end - SPAN / 2, SPAN)
    newest = spans >= course.regression.begin
    come = newest | (random.random(spans.size) < crowds_per_second(spans, course.timezone, course.end) * SPAN)
    books = np.where(newest, FOR_SERIES, sizes(random, spans.size))[come]
    begins = spans[come] + random.uniform(0, SPAN / 2, books.size)
    at = np.repeat(begins, books) + random.random(int(books.sum())) * np.repeat(books * SECONDS_EACH, books)
    return at[at < course.end]


def sizes(random: np.random.Generator, count: int) -> Integers:
    """How many books each of so many crowds asks for."""
    return np.minimum(LEAST + random.exponential(MEAN - LEAST, count), MOST).astype(np.int64)


def crowds_per_second(at: Floats, timezone: str, now: float) -> Floats:
    """The expected rate at these Unix times, which differs less between night and evening than single readers'."""
    return CROWDS_A_DAY / DAY * np.sqrt(activity(at, timezone, now))


def seconds_to_next(random: np.random.Generator, timezone: str) -> float:
    """How long a live traffic generator waits from one crowd to the next."""
    now = time.time()
    return SPAN / 2 + float(random.exponential(1 / crowds_per_second(np.array([now]), timezone, now)[0]))
