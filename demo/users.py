"""Who asks for books: some hundred families, a few schools, and a handful who try what they can get."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import numpy as np

from demo.rhythm import DAY, HOUR, MINUTE, Floats, Integers

USERS = 560
ABUSERS = 4
ABUSE_DAYS = 0.4
ABUSE_REQUESTS = (22, 45)
TAIL = 1.5


@dataclass(frozen=True)
class Users:
    """keys are credentials; weights say how often each asks, and sum to 1; the first ABUSERS abuse the service."""

    keys: tuple[str, ...]
    weights: Floats


def users(seed: int) -> Users:
    """The same users for the same seed, in the history and in the live traffic."""
    random = np.random.default_rng([seed, 1])
    keys = tuple(str(uuid.UUID(bytes=random.bytes(16), version=4)) for _ in range(USERS))
    weights = random.pareto(TAIL, USERS) + 0.08
    weights = np.minimum(weights, np.quantile(weights, 0.98))
    return Users(keys, weights / weights.sum())


@dataclass(frozen=True)
class Requests:
    """Requests sorted by time: who asked (an index into Users.keys), and whether the daily limit let it pass."""

    at: Floats
    user: Integers
    allowed: np.ndarray[tuple[int], np.dtype[np.bool_]]


def requests(random: np.random.Generator, ordinary: Floats, everyone: Users, daily_limit: int) -> Requests:
    """Give each ordinary request a user, add the abusers' bursts, and apply the limit per UTC day."""
    abused_at, abuser = _bursts(random, ordinary)
    at = np.concatenate((ordinary, abused_at))
    user = np.concatenate((random.choice(USERS, ordinary.size, p=everyone.weights), abuser))
    order = np.argsort(at, kind="stable")
    at, user = at[order], user[order]
    return Requests(at, user, _rank_of_the_day(at, user) < daily_limit)


def _bursts(random: np.random.Generator, ordinary: Floats) -> tuple[Floats, Integers]:
    first, last = (ordinary[0], ordinary[-1]) if ordinary.size else (0.0, 0.0)
    days = np.arange(first // DAY, last // DAY + 1)
    times, who = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    for abuser in range(ABUSERS):
        for day in days[random.random(days.size) < ABUSE_DAYS]:
            count = int(random.integers(*ABUSE_REQUESTS))
            begin = day * DAY + random.uniform(1, 16) * HOUR
            times.append(begin + np.cumsum(random.exponential(4 * MINUTE, count)))
            who.append(np.full(count, abuser))
    at, user = np.concatenate(times), np.concatenate(who)
    inside = (at >= first) & (at < last)
    return at[inside], user[inside]


def _rank_of_the_day(at: Floats, user: Integers) -> Integers:
    """How many requests of the same user on the same UTC day came before each (0 for the first)."""
    group = user * 1_000_000 + (at // DAY).astype(np.int64)
    order = np.argsort(group, kind="stable")
    _, first, counts = np.unique(group[order], return_index=True, return_counts=True)
    rank = np.empty(group.size, dtype=np.int64)
    rank[order] = np.arange(group.size) - np.repeat(first, counts)
    return rank
