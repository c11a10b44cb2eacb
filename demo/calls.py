"""Every call of a provider that the attempts of the past made, with its price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.books import Attempts
from demo.endings import ENDINGS, FINISHED, REFUSED
from demo.prices import CALLS_OF_STEP, IMAGES_STEP, NANO_PER_UNIT, PROVIDER_OF_STEP, UNITS_OF_STEP
from demo.rhythm import Flags, Floats, Integers
from service.calls import CALLS_PER_ORDER
from service.providers import UNITS_SPREAD

UNPRICED = 0.0008
BILLED_FAILURES = 0.3
_PROVIDER_FAILED = ("LLM_", "IMAGE_", "STORAGE_")
_ENDS_IN_A_FAILED_CALL = np.array(
    [ending.code is not None and ending.code.startswith(_PROVIDER_FAILED) for ending in ENDINGS]
)


@dataclass(frozen=True)
class Calls:
    """One row a call. attempt is a row of Attempts, provider an index into providers.ALL, nano is USD x 10^9.

    at is when it ended, after seconds.
    """

    attempt: Integers
    step: Integers
    provider: Integers
    at: Floats
    seconds: Floats
    succeeded: Flags
    units: Integers
    nano: Integers
    unpriced: Flags


def calls(random: np.random.Generator, made: Attempts) -> Calls:
    """What succeeded in each step, then what did not, evenly over the step's time."""
    good, bad = _counts(made)
    total = (good + bad).ravel()
    cell = np.repeat(np.arange(total.size), total)
    nth = np.arange(cell.size) - np.repeat(np.cumsum(total) - total, total)
    begin, end = made.starts.ravel()[cell], made.stops.ravel()[cell]
    seconds = (end - begin) / total[cell]
    at = begin + (nth + 1) * seconds
    return _priced(random, cell, at, seconds, nth < good.ravel()[cell])


@dataclass(frozen=True)
class Images:
    """One row an image that an attempt was done with: number in the book, bought or given up for a placeholder."""

    attempt: Integers
    number: Integers
    at: Floats
    placeholder: Flags


def images(made: Attempts) -> Images:
    """Every image of every attempt, each after its last call."""
    good, bad = (counts[:, IMAGES_STEP] for counts in _counts(made))
    done = made.got + made.placeholders
    attempt = np.repeat(np.arange(len(made)), done)
    nth = np.arange(attempt.size) - np.repeat(np.cumsum(done) - done, done)
    given_up = np.maximum(0, nth + 1 - made.got[attempt])
    calls_so_far = np.minimum(nth + 1, made.got[attempt]) + given_up * CALLS_PER_ORDER
    begin, end = made.starts[attempt, IMAGES_STEP], made.stops[attempt, IMAGES_STEP]
    at = begin + calls_so_far * ((end - begin) / (good + bad)[attempt])
    return Images(attempt, made.had[attempt] + nth + 1, at, given_up > 0)


def _counts(made: Attempts) -> tuple[Integers, Integers]:
    """How many calls of each attempt and step succeeded, and how many did not."""
    steps = np.arange(FINISHED)
    good = np.where((steps >= made.first[:, None]) & (steps < made.last[:, None]), CALLS_OF_STEP, 0)
    good[:, IMAGES_STEP] = made.got
    bad = np.zeros_like(good)
    bad[:, IMAGES_STEP] = made.placeholders * CALLS_PER_ORDER
    stopped = np.flatnonzero(made.last < FINISHED)
    where = made.last[stopped]
    refused = np.isin(made.ending[stopped], REFUSED)
    good[stopped[refused], where[refused]] = 1
    bad[stopped, where] += _ENDS_IN_A_FAILED_CALL[made.ending[stopped]] * CALLS_PER_ORDER
    return good, bad


def _priced(random: np.random.Generator, cell: Integers, at: Floats, seconds: Floats, succeeded: Flags) -> Calls:
    """The calls of these cells, which number the steps of all attempts."""
    attempt, step = np.divmod(cell, FINISHED)
    count = len(cell)
    provider = PROVIDER_OF_STEP[step]
    usual = UNITS_OF_STEP[step]
    spread = np.where(usual == 1, 1.0, random.uniform(1 - UNITS_SPREAD, 1 + UNITS_SPREAD, count))
    billed = succeeded | (random.random(count) < BILLED_FAILURES)
    unpriced = succeeded & (random.random(count) < UNPRICED)
    units = np.where(billed, np.rint(usual * spread), 0).astype(np.int64)
    nano = np.where(billed & ~unpriced, units * NANO_PER_UNIT[provider], 0)
    return Calls(attempt, step, provider, at, seconds, succeeded, units, nano, unpriced)
