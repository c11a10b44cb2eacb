"""A database that is too slow is waited for once a page, not once a question: what follows is given less time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import sqlalchemy as sa

from dashboard.connections import settings

# Of the usual time; what a page asks in good health is answered within it.
SHARE = 0.1
# Longer than a page is busy between two questions; its next refresh has the usual time again.
LASTS_SECONDS = 2.0
_until: ContextVar[float] = ContextVar("_until", default=0.0)


def lost() -> None:
    """A question of this page has just taken all the time that it was given."""
    _until.set(time.monotonic() + LASTS_SECONDS)


@contextmanager
def limited(connection: sa.Connection) -> Iterator[None]:
    """What is asked within this has as much time as there is patience for."""
    if time.monotonic() >= _until.get():
        yield
        return
    milliseconds = max(1, round(settings().statement_timeout_seconds * SHARE * 1000))
    connection.execute(sa.text(f"set statement_timeout = {milliseconds}"))
    try:
        yield
    finally:
        _give_back(connection)


def _give_back(connection: sa.Connection) -> None:
    """The next who has this connection has the usual time."""
    try:
        connection.rollback()
        connection.execute(sa.text("reset statement_timeout"))
        connection.commit()
    except sa.exc.DBAPIError:
        connection.invalidate()
