"""How much people use the service, read live.

Jobs count where they were created, whatever became of them later; money where the ledger's calls occurred, and
rejected requests in their hour. Calls that name no user are told under the digest "". Without a ledger jobs count
shares of books. Instants are UTC; each raises DatabaseError.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.aliases import Aliases, shown
from queries.costs import day_start
from queries.days import days
from queries.jobs import any_of
from queries.schema import ServiceSchema
from queries.usage_changes import changed_hours, first_hour
from queries.usage_models import KindDay, KindHour, NewUser, Span, UserDay, UserHour, UserTally
from queries.usage_sources import Told, created_in, day, hour, tallied, tally, whole

__all__ = [
    "by_kind_and_day",
    "by_user",
    "by_user_and_day",
    "changed_hours",
    "first_hour",
    "hourly_kinds",
    "hourly_usage",
    "jobs_today_by_owner",
    "new_users_by_hour",
]

# Those whom a page asks for next: once their keys are remembered, the question is about them alone.
REMEMBERED = 100

_AWARE = sa.DateTime(timezone=True)


def jobs_today_by_owner(
    connection: Connection, schema: ServiceSchema, timezone: str, job_ids: Sequence[str]
) -> dict[str, int]:
    """For each job: how many jobs its owner made since midnight in timezone, failed ones included.

    No user key leaves the database. Ids of which there is no job are left out. Raises DatabaseError.
    """
    jobs, made = schema.jobs.c, schema.jobs.alias("made")
    since = schema.stored(made.c.created_at, day_start(schema, timezone))
    # Read once: joined as a table, PostgreSQL may look for it among all jobs of each user.
    asked = sa.select(jobs.id, jobs.user_key).where(jobs.id == any_of(job_ids)).cte("asked")
    today = (
        sa.select(made.c.user_key, sa.func.count().label("jobs"))
        .where(made.c.user_key.in_(sa.select(asked.c.user_key)), made.c.created_at >= since)
        .group_by(made.c.user_key)
        .subquery("today")
    )
    question = sa.select(asked.c.id, sa.func.coalesce(today.c.jobs, 0).label("jobs")).select_from(
        asked.outerjoin(today, asked.c.user_key == today.c.user_key)
    )
    return {row.id: row.jobs for row in connection.execute(question)}


def by_user(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, since: datetime, until: datetime
) -> tuple[UserTally, ...]:
    """Everybody's in [since, until), most jobs first."""
    question = tallied(schema, Span(since, until), Told(whole)).order_by(sa.desc("jobs"), "key")
    rows = connection.execute(question).all()
    for row in rows[:REMEMBERED]:
        if row.key is not None:
            aliases.alias(row.key)
    return tuple(UserTally(_digest(aliases, row.key), tally(row)) for row in rows)


def by_user_and_day(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    since: datetime,
    until: datetime,
    *,
    timezone: str,
    digests: Sequence[str] | None = None,
) -> tuple[UserDay, ...]:
    """Everybody's, or these users', by day of timezone (IANA name); the days in which they did something."""
    keys = None if digests is None else _remembered(aliases, digests)
    told = Told(day(timezone, since, until), user_keys=keys)
    named = days(timezone, since, until)
    rows = connection.execute(tallied(schema, Span(since, until), told)).all()
    found = (UserDay(_digest(aliases, row.key), named[row.piece - 1], tally(row)) for row in rows)
    return tuple(one for one in found if digests is None or one.digest in digests)


def by_kind_and_day(
    connection: Connection, schema: ServiceSchema, since: datetime, until: datetime, *, timezone: str
) -> tuple[KindDay, ...]:
    """By kind of work and day of timezone (IANA name); "" is the kind of what has none."""
    told, named = Told(day(timezone, since, until), by_kind=True), days(timezone, since, until)
    rows = connection.execute(tallied(schema, Span(since, until), told).order_by("piece", "key"))
    return tuple(KindDay(row.key, named[row.piece - 1], tally(row)) for row in rows)


def hourly_usage(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, since: datetime, until: datetime
) -> tuple[UserHour, ...]:
    """Everybody's by hour (UTC); since and until are whole hours."""
    rows = connection.execute(tallied(schema, Span(since, until), Told(hour)))
    return tuple(UserHour(row.piece, _digest(aliases, row.key), tally(row)) for row in rows)


def hourly_kinds(
    connection: Connection, schema: ServiceSchema, since: datetime, until: datetime
) -> tuple[KindHour, ...]:
    """By kind of work and hour (UTC); since and until are whole hours."""
    rows = connection.execute(tallied(schema, Span(since, until), Told(hour, by_kind=True)))
    return tuple(KindHour(row.piece, row.key, tally(row)) for row in rows)


def new_users_by_hour(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, since: datetime, until: datetime
) -> tuple[NewUser, ...]:
    """Whose first job ever was created in [since, until), with its hour (UTC), oldest first."""
    jobs, earlier = schema.jobs.c, schema.jobs.alias("earlier")
    created = sa.func.min(schema.instant("created_at")).label("created")
    seen = (
        sa.select(jobs.user_key, created)
        .where(*created_in(schema, Span(since, until)))
        .group_by(jobs.user_key)
        .cte("seen")
    )
    began = schema.stored(earlier.c.created_at, sa.literal(since, _AWARE))
    before = sa.exists().where(earlier.c.user_key == seen.c.user_key, earlier.c.created_at < began)
    question = sa.select(hour(seen.c.created).label("hour"), seen.c.user_key).where(~before)
    rows = connection.execute(question.order_by(seen.c.created, seen.c.user_key))
    return tuple(NewUser(row.hour, aliases.digest(row.user_key)) for row in rows)


def _digest(aliases: Aliases, user_key: str | None) -> str:
    return "" if user_key is None else aliases.digest(user_key)


def _remembered(aliases: Aliases, digests: Sequence[str]) -> list[str] | None:
    """The keys of these users; None where one is not remembered: then all users have to be looked at."""
    found = {aliases.digest(key): key for one in digests for key in aliases.keys(shown(one)) or ()}
    return [found[one] for one in digests] if found.keys() >= set(digests) else None
