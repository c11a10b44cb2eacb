"""Who asks for books: families that come and go, a few schools, and a handful who try what they can get."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import numpy as np

from demo.rhythm import MINUTE, Flags, Floats, Integers

USERS = 700
# The first users abuse the service, the next are schools, and one asks with a script.
ABUSERS, SCHOOLS = 4, 3
SCRIPT = ABUSERS + SCHOOLS
FAMILIES = SCRIPT + 1
ABUSE_REQUESTS = (22, 45)
# One person's keys, one after the other, each for just less than a day allows or up to that, at the same pace.
ROTATED, ROTATED_REQUESTS, ROTATED_GAP = 13, (17, 22), 2.8 * MINUTE
TAIL = 1.5
# Of the families: those that came before the past quarter, and those that have stopped coming in it.
OLD_SHARE, GONE_SHARE = 0.55, 0.1
QUARTER_DAYS = 90.0


@dataclass(frozen=True)
class Users:
    """Each user comes from came until went, both in days before now (inf: since ever, 0: still).

    keys are credentials, the last ROTATED of them one person's. weights say how often each of the others asks by
    the way, and sum to 1; those of the schools and of the script are 0.
    """

    keys: tuple[str, ...]
    weights: Floats
    came: Floats
    went: Floats

    def somebody(self, random: np.random.Generator, days_ago: Floats) -> Integers:
        """Who asks at each of these instants (days before now), of those who came then."""
        user = random.choice(USERS, days_ago.size, p=self.weights)
        while (away := ~self._come(user, days_ago)).any():
            user[away] = random.choice(USERS, int(away.sum()), p=self.weights)
        return user

    @property
    def old_families(self) -> Integers:
        """Those that have always come and still do."""
        return np.flatnonzero((self.weights > 0) & np.isinf(self.came) & (self.went == 0))

    def _come(self, user: Integers, days_ago: Floats) -> Flags:
        return np.asarray((self.came[user] >= days_ago) & (self.went[user] <= days_ago))


def users(seed: int) -> Users:
    """The same users for the same seed, in the history and in the live traffic."""
    random = np.random.default_rng([seed, 1])
    keys = tuple(new_key(random) for _ in range(USERS + ROTATED))
    weights = random.pareto(TAIL, USERS) + 0.08
    weights = np.minimum(weights, np.quantile(weights, 0.98))
    weights[ABUSERS:FAMILIES] = 0
    family = np.arange(USERS) >= FAMILIES
    new = family & (random.random(USERS) >= OLD_SHARE)
    came = np.where(new, random.uniform(0, QUARTER_DAYS, USERS), np.inf)
    gone = family & (random.random(USERS) < GONE_SHARE)
    went = np.where(gone, random.random(USERS) * np.minimum(came, QUARTER_DAYS), 0.0)
    return Users(keys, weights / weights.sum(), came, went)


def rotated_gaps(random: np.random.Generator) -> Floats:
    """Seconds before each request with one of the rotated keys."""
    return np.asarray(ROTATED_GAP * random.uniform(0.8, 1.2, random.integers(*ROTATED_REQUESTS)))


def new_key(random: np.random.Generator) -> str:
    """A user key as the service's clients make it."""
    return str(uuid.UUID(bytes=random.bytes(16), version=4))
