"""Who the users are that aliases stand for. Keys come in and stay in: answers never hold one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.aliases import Aliases
from queries.schema import ServiceSchema

# Keys that are held at a time, and a statement well below its timeout: 100,000 users take a second or two.
CHUNK = 10_000


def resolve(connection: Connection, schema: ServiceSchema, aliases: Aliases, alias: str) -> int:
    """How many users have the alias, nearly always one or none; aliases then remembers their keys.

    An alias is a keyed hash that the database cannot look up, so every user's key is read and hashed, in steps
    through the index of user_key. Raises DatabaseError.
    """
    return len(aliases.find(alias, _user_keys(connection, schema)))


def resolve_unknown(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, wanted: Sequence[str]
) -> None:
    """Resolve those that aliases does not remember: what has to come before conditions of a filter with users."""
    for alias in wanted:
        if aliases.keys(alias) is None:
            resolve(connection, schema, aliases, alias)


def _user_keys(connection: Connection, schema: ServiceSchema) -> Iterator[str]:
    """Each user's once, CHUNK a statement."""
    after: str | None = None
    while found := [row.user_key for row in connection.execute(_keys_after(schema, after))]:
        yield from found
        after = found[-1]


def _keys_after(schema: ServiceSchema, after: str | None) -> sa.Select[tuple[str]]:
    """The next different keys, each found by one look into the index instead of by reading all of its rows."""
    key = schema.jobs.c.user_key
    first = sa.select(sa.func.min(key).label("user_key"))
    owners = (first if after is None else first.where(key > after)).cte("owners", recursive=True)
    following = sa.select(sa.func.min(key)).where(key > owners.c.user_key).scalar_subquery()
    owners = owners.union_all(sa.select(following).where(owners.c.user_key.is_not(None)))
    return sa.select(owners.c.user_key).where(owners.c.user_key.is_not(None)).limit(CHUNK)
