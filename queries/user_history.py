"""One user's past: who an alias stands for, when they were first seen, and what turned them away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import users
from queries.aliases import Aliases
from queries.days import days
from queries.jobs import any_of
from queries.schema import ServiceSchema
from queries.usage_models import Span
from queries.usage_sources import day, within


@dataclass(frozen=True, slots=True)
class Seen:
    """Whom an alias stands for: a digest a user, nearly always one. The rest is of all their jobs ever made."""

    digests: tuple[str, ...]
    jobs: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Requests that one guardrail turned away on one day."""

    day: date
    guardrail: str
    requests: int


def seen(connection: Connection, schema: ServiceSchema, aliases: Aliases, alias: str) -> Seen:
    """No digest where nobody has the alias. Raises DatabaseError."""
    users.resolve_unknown(connection, schema, aliases, (alias,))
    keys = sorted(aliases.keys(alias) or ())
    created = schema.instant("created_at")
    question = sa.select(sa.func.count(), sa.func.min(created), sa.func.max(created))
    jobs, first, last = connection.execute(question.where(schema.jobs.c.user_key == any_of(keys))).one()
    return Seen(tuple(map(aliases.digest, keys)), jobs, first, last)


def refused_by_day(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    alias: str,
    *,
    timezone: str,
    since: datetime,
    until: datetime,
) -> tuple[Refused, ...] | None:
    """By day of timezone (IANA name) and guardrail, oldest first; None where the service does not tell.

    An hour that two days share counts for the one in which it begins. Raises DatabaseError.
    """
    if schema.rejections is None:
        return None
    users.resolve_unknown(connection, schema, aliases, (alias,))
    told, named = schema.rejections.c, days(timezone, since, until)
    piece = day(timezone, since, until)(schema.instant(told.hour)).label("piece")
    question = (
        sa.select(piece, told.guardrail, sa.func.sum(told.requests).label("requests"))
        .where(told.user_key == any_of(sorted(aliases.keys(alias) or ())))
        .where(*within(schema, told.hour, Span(since, until)))
        .group_by(sa.text("1, 2"))
        .order_by(sa.text("1, 2"))
    )
    return tuple(
        Refused(named[row.piece - 1], row.guardrail, int(row.requests)) for row in connection.execute(question)
    )
