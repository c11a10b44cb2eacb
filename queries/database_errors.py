"""What PostgreSQL, its driver and the pool raise, turned into sentences without secrets."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from psycopg import errors as pg

from queries.errors import (
    DatabaseError,
    DatabaseForbidden,
    DatabaseTimeout,
    DatabaseUnavailable,
    MissingColumn,
    MissingMigration,
    MissingTable,
)

DETAIL_LENGTH = 200
SCHEMA = "ops"
# Connection trouble by the class of its SQLSTATE: connection exceptions, authorization, resources (too many
# connections), operator intervention (shutdown, starting up), system errors.
_UNAVAILABLE_CLASSES = {"08", "28", "53", "57", "58"}
# No such database; and a transaction that the server ended while this process was frozen.
_UNAVAILABLE_STATES = {"3D000", "25P03"}


class UnreadableAddress(ValueError):
    """The text is not the address of a PostgreSQL database."""


@contextmanager
def translated(setting: str) -> Iterator[None]:
    """Turn errors of SQLAlchemy and psycopg into DatabaseError; setting names where the address comes from."""
    started = time.monotonic()
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise DatabaseUnavailable(
            detail="all of the console's connections to it are in use", setting=setting
        ) from error
    except UnreadableAddress as error:
        raise DatabaseUnavailable(detail="its address cannot be read", setting=setting) from error
    except UnicodeEncodeError as error:
        raise DatabaseError(detail="a text holds characters that PostgreSQL cannot store") from error
    except sa.exc.DBAPIError as error:
        elapsed = time.monotonic() - started
        raise _translation(error.orig, error.statement or "", setting, elapsed) from error
    except psycopg.Error as error:
        raise _translation(error, "", setting, time.monotonic() - started) from error


def _translation(error: BaseException | None, statement: str, setting: str, elapsed: float) -> DatabaseError:
    match error:
        case pg.QueryCanceled():
            return DatabaseTimeout(seconds=f"{elapsed:.1f}")
        case pg.InsufficientPrivilege():
            return DatabaseForbidden(detail=_detail(error))
        case pg.UndefinedTable() | pg.UndefinedColumn() | pg.InvalidSchemaName():
            return _missing(error, statement, setting)
        case psycopg.Error() if _unavailable(error):
            return DatabaseUnavailable(detail=_detail(error), setting=setting)
        case _:
            return DatabaseError(detail=_detail(error))


def _unavailable(error: psycopg.Error) -> bool:
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate[:2] in _UNAVAILABLE_CLASSES or error.sqlstate in _UNAVAILABLE_STATES


def _missing(error: psycopg.Error, statement: str, setting: str) -> DatabaseError:
    """Which one is missing stands only in the message, and the server may speak any language."""
    if f"{SCHEMA}." in statement or f'"{SCHEMA}.' in _detail(error):
        return MissingMigration()
    if isinstance(error, pg.UndefinedColumn) and (
        column := re.search(r"(?:^| )\"?(?:(\w+)\.)?(\w+)\"? does not exist", _detail(error))
    ):
        return MissingColumn(table=column[1] or "jobs", column=column[2])
    if isinstance(error, pg.UndefinedTable) and (table := re.search(r'"([^"]+)"', _detail(error))):
        return MissingTable(table=table[1], setting=setting)
    return DatabaseError(detail=_detail(error))


def _detail(error: BaseException | None) -> str:
    """The first line of what the server or the driver says, without addresses: those can hold a password."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = (primary or str(error)).strip().splitlines() or [type(error).__name__]
    line = re.sub(r"\S+://\S+", "…", lines[0]).removeprefix("connection failed: ")
    return line if len(line) <= DETAIL_LENGTH else line[: DETAIL_LENGTH - 1] + "…"
