"""Connections to PostgreSQL that read UTC, give up in time and say in words what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.errors import _WaitTimeout
from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url

from queries.database_errors import UnreadableAddress, translated

__all__ = ["UnreadableAddress", "engine", "translated"]

T = TypeVar("T")

CONNECT_TIMEOUT = timedelta(seconds=5)
# A page that waits longer for a free connection than for a slow query would look dead.
POOL_TIMEOUT = timedelta(seconds=3)
# Behind firewalls that drop idle connections: younger than the usual 30 to 60 minutes.
POOL_RECYCLE = timedelta(minutes=15)
# The server's own timeout comes first and leaves a usable connection; this one is for a server that hangs.
CLIENT_GRACE = timedelta(seconds=2)
_SCHEMES = {"postgres", "postgresql"}


class _Deadlined(psycopg.Connection[Any]):
    """A connection that waits no longer than deadline for an answer: TCP alone never notices a frozen server.

    pool: the one that it belongs to.
    """

    deadline: float | None = None
    pool: sa.Pool | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.deadline if timeout is None else timeout)
        except _WaitTimeout as error:
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.deadline:.3g} s") from error


def engine(
    url: str,
    *,
    statement_timeout: timedelta,
    pool_size: int = 5,
    application_name: str = "ops-dashboard",
    read_only: bool = False,
) -> Engine:
    """A pool of at most pool_size connections, opened when first needed.

    Takes postgresql://, postgres:// and postgresql+driver:// (psycopg 3 is always the driver); other options of
    the address are kept. read_only also means autocommit: a question needs no transaction. Raises
    UnreadableAddress, which translated() turns into a sentence.
    """
    address = _address(url)
    made = sa.create_engine(
        "postgresql+psycopg://",
        creator=_connector(address, statement_timeout, application_name, read_only=read_only),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT.total_seconds(),
        pool_recycle=int(POOL_RECYCLE.total_seconds()),
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT" if read_only else "READ COMMITTED",
    )
    _watch(made, (statement_timeout + CLIENT_GRACE).total_seconds())
    return made


def _watch(made: Engine, deadline: float) -> None:
    """Little patience for whether an idle connection lives, and none stays open that outlives its pool.

    The pool asks one first whether it lives: only a frozen server takes long to tell.
    """

    def connected(connection: _Deadlined, _: object) -> None:
        connection.pool = made.pool

    def checked_in(connection: _Deadlined | None, _: object) -> None:
        if connection is None:
            return
        connection.deadline = min(deadline, CONNECT_TIMEOUT.total_seconds())
        if connection.pool is not made.pool:  # the engine was disposed of while somebody had it
            connection.close()

    def checked_out(connection: _Deadlined, *_: object) -> None:
        connection.deadline = deadline

    sa.event.listen(made, "connect", connected)
    sa.event.listen(made, "checkin", checked_in)
    sa.event.listen(made, "checkout", checked_out)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise UnreadableAddress from None
    if address.drivername.partition("+")[0] not in _SCHEMES:
        raise UnreadableAddress
    return address


def _connector(
    address: URL, statement_timeout: timedelta, application_name: str, *, read_only: bool
) -> Callable[[], _Deadlined]:
    named = address.translate_connect_args(username="user", database="dbname")
    given = {key: ",".join(value) if isinstance(value, tuple) else value for key, value in address.query.items()}
    ours = {
        "application_name": application_name,
        "client_encoding": "utf8",
        "connect_timeout": int(CONNECT_TIMEOUT.total_seconds()),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    # The last one of a repeated option counts, and what is set here outranks the settings of role and database.
    options = f"{given.pop('options', '')} {_session(statement_timeout, read_only=read_only)}".strip()
    deadline = (statement_timeout + CLIENT_GRACE).total_seconds()

    def connect() -> _Deadlined:
        connection = _Deadlined.connect(**{**ours, **named, **given, "options": options})
        connection.deadline = deadline
        return connection

    return connect


def _session(statement_timeout: timedelta, *, read_only: bool) -> str:
    milliseconds = max(1, round(statement_timeout.total_seconds() * 1000))
    # Compiling a statement takes longer than all that the console asks for, and the planner overrates the cost of
    # questions that find a limit's worth in an index.
    settings = ["TimeZone=UTC", "jit=off", f"statement_timeout={milliseconds}"]
    if read_only:
        settings.append("default_transaction_read_only=on")
    else:
        # A process that is frozen between two statements would keep its locks for as long.
        settings.append(f"idle_in_transaction_session_timeout={milliseconds}")
    return " ".join(f"-c {setting}" for setting in settings)
