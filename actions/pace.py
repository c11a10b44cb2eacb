"""How many actions one person may take in a minute, counted in this process."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from actions.errors import TooManyActions


class Pace:
    """Shared by all sessions of a console. Thread-safe."""

    def __init__(self, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, actor: str) -> None:
        """Count one action of this person. Raises TooManyActions, which does not count."""
        if not self._limiter.hit(self._limit, actor):
            again = self._limiter.get_window_stats(self._limit, actor).reset_time
            seconds = max(1, math.ceil(again - time.time()))
            raise TooManyActions(actor=actor, limit=self._limit.amount, seconds=seconds)
