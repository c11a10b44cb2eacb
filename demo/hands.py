"""The queue of the past: a book waits until one of the workers has a hand free."""

from __future__ import annotations

import heapq

import numpy as np

from demo.rhythm import Floats
from service.settings import Settings

WORKERS = 2
# Books that are made at the same time.
HANDS = WORKERS * Settings.model_fields["concurrency"].default


def taken(asked: Floats, seconds: Floats) -> Floats:
    """When each of these books, sorted by when it was asked for, was begun: first come, first served.

    seconds is how long each keeps a hand.
    """
    free = [0.0] * HANDS
    begins = np.empty(asked.size)
    for index, (at, length) in enumerate(zip(asked.tolist(), seconds.tolist(), strict=True)):
        begins[index] = max(at, free[0])
        heapq.heapreplace(free, begins[index] + length)
    return begins
