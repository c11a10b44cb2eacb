"""An answer that is kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from psycopg import Connection

from service.database import Row

T = TypeVar("T")


class Remembered(Generic[T]):
    """Asks the database anew once the last answer is older than seconds; several threads may share it."""

    def __init__(self, ask: Callable[[Connection[Row]], T], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._lock = threading.Lock()
        self._answer: tuple[T, float] | None = None

    def get(self, connection: Connection[Row]) -> T:
        """The kept answer, or a new one over this connection."""
        with self._lock:
            if self._answer is None or time.monotonic() >= self._answer[1]:
                self._answer = self._ask(connection), time.monotonic() + self._seconds
            return self._answer[0]
