"""Circuit breakers (pybreaker) whose state lies in the database, so that all processes see the same one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from pybreaker import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerError,
    CircuitBreakerStorage,
)

from service.database import Pool, Row
from service.providers import Mode, Provider
from service.settings import Settings

__all__ = ["Breaker", "CircuitBreakerError", "breaker", "read", "read_all"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """A provider's breaker now. state is closed, open or half_open (the next call is a trial)."""

    provider: str
    mode: Mode
    state: str
    seconds_to_trial: int


class DatabaseStorage(CircuitBreakerStorage):
    """One provider's row: read once, when made for a call; every change is written at once.

    pybreaker holds a lock around the guarded call, so each call gets a breaker of its own on such a storage.
    """

    def __init__(self, pool: Pool, provider: Provider) -> None:
        super().__init__(provider.name)
        self._pool = pool
        self._row = self._run("select * from providers where name = %(name)s")

    @property
    def mode(self) -> Mode:
        return Mode(self._row["mode"])

    @property
    def state(self) -> str:
        return str(self._row["breaker"])

    @state.setter
    def state(self, state: str) -> None:
        self._row = self._run("update providers set breaker = %(value)s where name = %(name)s returning *", state)

    def increment_counter(self) -> None:
        self._row = self._run("update providers set failures = failures + 1 where name = %(name)s returning *")

    def reset_counter(self) -> None:
        if self._row["failures"]:
            self._row = self._run("update providers set failures = 0 where name = %(name)s returning *")

    def increment_success_counter(self) -> None:
        if self.state == STATE_HALF_OPEN:
            self._row = self._run(
                "update providers set trial_success = trial_success + 1 where name = %(name)s returning *"
            )

    def reset_success_counter(self) -> None:
        if self._row["trial_success"]:
            self._row = self._run("update providers set trial_success = 0 where name = %(name)s returning *")

    @property
    def counter(self) -> int:
        return int(self._row["failures"])

    @property
    def success_counter(self) -> int:
        return int(self._row["trial_success"])

    @property
    def opened_at(self) -> datetime | None:
        opened_at: datetime | None = self._row["opened_at"]
        return opened_at

    @opened_at.setter
    def opened_at(self, now: datetime) -> None:
        self._row = self._run("update providers set opened_at = %(value)s where name = %(name)s returning *", now)

    def _run(self, statement: str, value: str | datetime | None = None) -> Row:
        with self._pool.connection() as connection:
            row = connection.execute(statement.encode(), {"name": self.name, "value": value}).fetchone()
        if row is None:
            raise LookupError(f"provider {self.name} is not in the database: run python -m service migrate")
        return row


def breaker(pool: Pool, provider: Provider, settings: Settings) -> tuple[CircuitBreaker, Mode]:
    """A breaker for one call, and the mode the provider is in."""
    storage = DatabaseStorage(pool, provider)
    guard = CircuitBreaker(
        fail_max=settings.breaker_failures,
        reset_timeout=settings.breaker_reset_seconds,
        state_storage=storage,
        name=provider.name,
        throw_new_error_on_trip=False,
    )
    return guard, storage.mode


def read_all(connection: Connection[Row], settings: Settings) -> tuple[Breaker, ...]:
    """All breakers, by provider name."""
    rows = connection.execute("select name, mode, breaker, opened_at from providers order by name").fetchall()
    return tuple(_breaker(row, settings) for row in rows)


def read(connection: Connection[Row], name: str, settings: Settings) -> Breaker:
    """One provider's breaker; raises KeyError for an unknown name."""
    return {breaker.provider: breaker for breaker in read_all(connection, settings)}[name]


def _breaker(row: dict[str, Any], settings: Settings) -> Breaker:
    """An open breaker whose wait is over counts as half open: the next call is let through."""
    seconds = 0.0
    if row["breaker"] == STATE_OPEN and row["opened_at"] is not None:
        open_for = (datetime.now(UTC) - row["opened_at"]).total_seconds()
        seconds = settings.breaker_reset_seconds - open_for
    state = "open" if seconds > 0 else "closed" if row["breaker"] == STATE_CLOSED else "half_open"
    return Breaker(row["name"], Mode(row["mode"]), state, max(0, math.ceil(seconds)))
