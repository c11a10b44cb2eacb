"""The past, as one sequence of attempts at books: what the tables and the metrics are both told from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

import numpy as np

from demo.endings import (
    BROKEN,
    BY_CODE,
    CANCELLED,
    DONE,
    FINISHED,
    IMAGES_FAILED,
    LOST,
    REFUSED,
    STEP_OF_ENDING,
    draw,
)
from demo.hands import taken
from demo.incidents import BROKEN_SLOWNESS, MONITOR_TICK, Course
from demo.prices import IMAGES_STEP, SECONDS_OF_STEP
from demo.rhythm import MINUTE, Flags, Floats, Integers
from service.pipeline import PLACEHOLDERS_ALLOWED
from service.providers import IMAGES_PER_BOOK

MAX_ATTEMPTS = 4
SLA_SECONDS = 600.0
NEVER = 1e12
SPREAD = 0.25
# From a request to the next look of a worker that has nothing to do.
NOTICED_SECONDS = (0.02, 0.15)
OPERATOR_RETRIES = 0.35
# Of what the newest release broke: that is left for whoever opens the demo.
BROKEN_RETRIES = 0.07
MONITOR_RECOVERS = 0.7
PLACEHOLDER_BOOKS = 0.015


@dataclass(frozen=True)
class Attempts:
    """One row an attempt, in the order they were begun. Times are Unix times.

    job counts the requests that were let in, from 0; number from 1. asked is when this attempt was queued,
    begun when a worker took it. first and last are the first and the last step that ran (FINISHED when a book
    was made), and starts[attempt, step] and stops[attempt, step] are their spans. ended is when the work
    stopped, closed when the job's row said so (later for a lost attempt: when the monitor found it). had and
    got count the images in hand before and bought here, and placeholders those that were given up. by_monitor:
    the monitor began this attempt.
    """

    job: Integers
    number: Integers
    asked: Floats
    begun: Floats
    first: Integers
    last: Integers
    ending: Integers
    starts: Floats
    stops: Floats
    ended: Floats
    closed: Floats
    had: Integers
    got: Integers
    placeholders: Integers
    by_monitor: Flags

    def __len__(self) -> int:
        return len(self.job)

    def where(self, chosen: Flags | Integers) -> Attempts:
        """The chosen rows."""
        return Attempts(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True)
class Waiting:
    """Attempts that wait for a worker: the columns of Attempts that are known by then."""

    job: Integers
    number: Integers
    asked: Floats
    first: Integers
    had: Integers
    by_monitor: Flags


def attempts(random: np.random.Generator, course: Course, asked: Floats, series: Flags) -> Attempts:
    """Make every book that was let in at these times, with retries, until the course's end.

    series says which of them are series. What would end after that is not begun, so that nothing is open at the
    end but what is put there on purpose.
    """
    none = np.zeros(len(asked), np.int64)
    waiting = Waiting(np.arange(len(asked)), none + 1, asked, none, none, none > 0)
    rounds = []
    for _ in range(MAX_ATTEMPTS):
        made = _run(random, course, waiting, series[waiting.job])
        made = made.where(made.closed < course.end - 1)
        rounds.append(made)
        waiting = _tried_again(random, course, made)
    return _settled(joined(rounds))


def joined(rounds: Iterable[Attempts]) -> Attempts:
    """In the order of their begin."""
    every = list(rounds)
    names = [field.name for field in fields(Attempts)]
    joined = Attempts(*(np.concatenate([getattr(made, name) for made in every]) for name in names))
    return joined.where(np.argsort(joined.begun, kind="stable"))


def _run(random: np.random.Generator, course: Course, waiting: Waiting, series: Flags) -> Attempts:
    """What becomes of each waiting attempt; series says which are at series."""
    broken = series & course.regression.hits(random, waiting.asked) & (waiting.first <= IMAGES_STEP)
    lengths = _lengths(random, waiting, broken)
    begun = _begun(random, waiting, lengths.sum(axis=1))
    starts = begun[:, None] + np.cumsum(lengths, axis=1) - lengths
    ending = draw(random, course, starts, waiting.first, broken)
    last = STEP_OF_ENDING[ending]
    share = np.where(ending == DONE, 1.0, random.uniform(0.15, 0.95, len(ending)))
    ended = _at(starts, last) + share * _at(lengths, last)
    found = course.last_tick(waiting.asked + SLA_SECONDS) + MONITOR_TICK
    found[found > course.monitor_died] = NEVER
    got, given_up = _images(random, waiting, ending)
    return Attempts(
        job=waiting.job,
        number=waiting.number,
        asked=waiting.asked,
        begun=begun,
        first=waiting.first,
        last=last,
        ending=ending,
        starts=starts,
        stops=np.minimum(starts + lengths, ended[:, None]),
        ended=ended,
        closed=np.where(ending == LOST, found, ended),
        had=waiting.had,
        got=got,
        placeholders=given_up,
        by_monitor=waiting.by_monitor,
    )


def _lengths(random: np.random.Generator, waiting: Waiting, broken: Flags) -> Floats:
    """Seconds that each step of each attempt would take to its end; what was made before takes none."""
    lengths: Floats = SECONDS_OF_STEP * random.lognormal(0, SPREAD, (len(waiting.job), FINISHED))
    lengths[np.arange(FINISHED) < waiting.first[:, None]] = 0
    lengths[:, IMAGES_STEP] *= (1 - waiting.had / IMAGES_PER_BOOK) * np.where(broken, BROKEN_SLOWNESS, 1)
    return lengths


def _begun(random: np.random.Generator, waiting: Waiting, seconds: Floats) -> Floats:
    """When a worker took each up. What is tried again goes first: the service takes the oldest job."""
    noticed = random.uniform(*NOTICED_SECONDS, len(seconds))
    again = waiting.number > 1
    return noticed + np.where(again, waiting.asked, taken(waiting.asked, noticed + seconds))


def _images(random: np.random.Generator, waiting: Waiting, ending: Integers) -> tuple[Integers, Integers]:
    """How many images each attempt buys and how many it gives up, as the service would before it fails a book."""
    missing, last = IMAGES_PER_BOOK - waiting.had, STEP_OF_ENDING[ending]
    reached = (waiting.first <= IMAGES_STEP) & (last >= IMAGES_STEP)
    failed = np.isin(ending, IMAGES_FAILED)
    lacking = reached & (ending == DONE) & (random.random(len(ending)) < PLACEHOLDER_BOOKS)
    given_up = np.where(lacking, random.integers(1, PLACEHOLDERS_ALLOWED + 1, len(ending)), 0)
    given_up = np.minimum(np.where(failed, PLACEHOLDERS_ALLOWED, given_up), missing - failed)
    some = (random.random(len(ending)) * (missing - given_up)).astype(np.int64)
    return np.where(reached, np.where(last == IMAGES_STEP, some, missing - given_up), 0), given_up


def _at(table: Floats, step: Integers) -> Floats:
    """Each row's value of its step; the last step's where the book was made."""
    picked: Floats = table[np.arange(len(table)), np.minimum(step, FINISHED - 1)]
    return picked


def _tried_again(random: np.random.Generator, course: Course, made: Attempts) -> Waiting:
    """Who is tried again: what the monitor recovers, at once, and what an operator retries, later."""
    open_to_more = made.number < MAX_ATTEMPTS
    by_monitor = (made.ending == LOST) & (random.random(len(made)) < MONITOR_RECOVERS) & open_to_more
    failed = ~np.isin(made.ending, (DONE, CANCELLED, LOST, *REFUSED))
    broken = np.isin(made.ending, BROKEN) & (made.closed >= course.regression.begin)
    retried = random.random(len(made)) < np.where(broken, BROKEN_RETRIES, OPERATOR_RETRIES)
    by_operator = failed & retried & open_to_more
    after = made.closed.copy()
    for outage in course.outages:
        after[outage.holds(after)] = outage.end
    asked = np.where(by_monitor, made.closed, after + random.uniform(3 * MINUTE, 80 * MINUTE, len(made)))
    chosen = by_monitor | by_operator
    return Waiting(
        job=made.job[chosen],
        number=made.number[chosen] + 1,
        asked=asked[chosen],
        first=made.last[chosen],
        had=(made.had + made.got)[chosen],
        by_monitor=by_monitor[chosen],
    )


def is_final(made: Attempts) -> Flags:
    """Which attempts are their job's last."""
    newest = np.zeros(int(made.job.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(newest, made.job, made.number)
    return np.asarray(made.number == newest[made.job])


def _settled(every: Attempts) -> Attempts:
    """An end for each: what was lost and not taken up again, the monitor failed."""
    given_up = (every.ending == LOST) & is_final(every)
    return replace(every, ending=np.where(given_up, BY_CODE["SLA_BREACH"], every.ending))
