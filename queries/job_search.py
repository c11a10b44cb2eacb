"""The jobs of a filter: pages of them, how many there are, their ids, all of them for a file.

Each question takes the filter's conditions (see job_conditions) and raises DatabaseError, QualifierNotOffered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import gt, lt
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries import users
from queries.aliases import Aliases
from queries.job_conditions import conditions
from queries.job_filter import WILDCARD, JobFilter
from queries.jobs import columns, job
from queries.models import Job
from queries.schema import ServiceSchema

# Far more than one bulk action takes by default; counting on would read the whole table.
COUNT_LIMIT = 10_000
# More rows than a person scrolls through before turning the page.
SEARCH_LIMIT = 1_000
# As many ids as one bulk action may have, see its own limit; 6 MB.
IDS_LIMIT = 100_000
# A file that every spreadsheet opens, and some 50 MB while it is written.
EXPORT_LIMIT = 50_000

_POSITION = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z)_([^\0\ud800-\udfff]{1,60})")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the list, newest created first; as text for an address and back."""

    created_at: datetime
    id: str

    def __str__(self) -> str:
        created = self.created_at.astimezone(UTC).replace(tzinfo=None)
        return f"{created.isoformat(timespec='microseconds')}Z_{self.id}"

    @classmethod
    def read(cls, text: str) -> Position | None:
        """What str() wrote; None where the text is something else."""
        found = _POSITION.fullmatch(text)
        try:
            return cls(datetime.fromisoformat(found[1]), found[2]) if found else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Count:
    """How many; capped: at least so many."""

    number: int
    capped: bool


def search(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    filter: JobFilter,
    *,
    timezone: str,
    before: Position | None = None,
    limit: int = SEARCH_LIMIT,
) -> tuple[Job, ...]:
    """Newest created first, those after the position before; the next page is that before the last one.

    limit is cut to SEARCH_LIMIT.
    """
    users.resolve_unknown(connection, schema, aliases, filter.users)
    place = [] if before is None else [_beside(schema, before, lt)]
    question = newest(
        schema, aliases, filter, columns(schema), *place, timezone=timezone, limit=min(limit, SEARCH_LIMIT)
    )
    return tuple(job(row, aliases) for row in connection.execute(question))


def export(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    filter: JobFilter,
    *,
    timezone: str,
    limit: int = EXPORT_LIMIT,
) -> tuple[Job, ...]:
    """Newest created first, for a file; limit is cut to EXPORT_LIMIT."""
    users.resolve_unknown(connection, schema, aliases, filter.users)
    limit = min(limit, EXPORT_LIMIT)
    question = newest(schema, aliases, filter, columns(schema), timezone=timezone, limit=limit)
    return tuple(job(row, aliases) for row in connection.execute(question))


def count(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, filter: JobFilter, *, timezone: str
) -> Count:
    """How many jobs match, up to COUNT_LIMIT."""
    found = _number(connection, schema, aliases, filter, timezone)
    return Count(min(found, COUNT_LIMIT), found > COUNT_LIMIT)


def newer(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    filter: JobFilter,
    *,
    timezone: str,
    after: Position | None,
) -> int:
    """How many matching jobs stand above the position (None: in all), up to COUNT_LIMIT."""
    place = [] if after is None else [_beside(schema, after, gt)]
    return min(_number(connection, schema, aliases, filter, timezone, *place), COUNT_LIMIT)


def matching_ids(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    filter: JobFilter,
    *,
    timezone: str,
    limit: int = IDS_LIMIT,
) -> tuple[str, ...]:
    """The ids, newest created first; limit is cut to IDS_LIMIT."""
    users.resolve_unknown(connection, schema, aliases, filter.users)
    limit = min(limit, IDS_LIMIT)
    question = newest(schema, aliases, filter, [schema.jobs.c.id], timezone=timezone, limit=limit)
    return tuple(connection.execute(question).scalars())


def newest(
    schema: ServiceSchema,
    aliases: Aliases,
    filter: JobFilter,
    wanted: Sequence[ColumnElement[Any]],
    *more: ColumnElement[bool],
    timezone: str,
    limit: int,
) -> sa.Select[Any]:
    """The wanted columns of the jobs that match (and fulfil more, too), newest created first.

    The index (status, created_at) knows an order within a status only: each status's newest are taken from it and
    put together. Without it, and for ids and users, which have indexes of their own, the table is asked at once.
    """
    jobs = schema.jobs.c
    order = (jobs.created_at.desc(), jobs.id.desc())
    if not schema.by_status or filter.users or _exact(filter.ids):
        held = conditions(schema, aliases, filter, timezone)
        return sa.select(*wanted).where(*held, *more).order_by(*order).limit(limit)
    held = conditions(schema, aliases, replace(filter, statuses=()), timezone)
    status = _statuses(schema, filter.statuses)
    one = (
        sa.select(*wanted, jobs.created_at.label("_created"), jobs.id.label("_id"))
        .where(jobs.status == status.c.status, *held, *more)
        .order_by(*order)
        .limit(limit)
        .lateral("of_one_status")
    )
    return (
        sa.select(*(one.c[column.name] for column in wanted))
        .select_from(status.join(one, sa.true()))
        .order_by(one.c._created.desc(), one.c._id.desc())
        .limit(limit)
    )


def _number(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    filter: JobFilter,
    timezone: str,
    *more: ColumnElement[bool],
) -> int:
    """Up to one more than COUNT_LIMIT."""
    users.resolve_unknown(connection, schema, aliases, filter.users)
    wanted = [schema.jobs.c.id]
    found = newest(schema, aliases, filter, wanted, *more, timezone=timezone, limit=COUNT_LIMIT + 1)
    return connection.execute(sa.select(sa.func.count()).select_from(found.subquery("found"))).scalar_one()


def any_status(schema: ServiceSchema) -> ColumnElement[bool]:
    """True for every job, said so that the index (status, created_at) serves a question about created_at."""
    statuses = sa.select(every_status(schema).c.status).scalar_subquery()
    return schema.jobs.c.status == sa.any_(sa.func.array(statuses, type_=sa.ARRAY(sa.Text())))


def _statuses(schema: ServiceSchema, asked: Sequence[str]) -> FromClause:
    if not asked:
        return every_status(schema)
    listed = sa.func.unnest(sa.literal(list(asked), sa.ARRAY(sa.Text())))
    return sa.select(listed.label("status")).subquery("statuses")


def every_status(schema: ServiceSchema) -> sa.CTE:
    """Those that there are: status is free text, and each is found by one look into the index."""
    status = schema.jobs.c.status
    found = sa.select(sa.func.min(status).label("status")).cte("statuses", recursive=True)
    following = sa.select(sa.func.min(status)).where(status > found.c.status).scalar_subquery()
    return found.union_all(sa.select(following).where(found.c.status.is_not(None)))


def _beside(schema: ServiceSchema, position: Position, compare: Any) -> ColumnElement[bool]:
    """Compared as a row, which an index that ends in created_at serves."""
    jobs = schema.jobs.c
    at = schema.stored(jobs.created_at, sa.literal(position.created_at, sa.DateTime(timezone=True)))
    held: ColumnElement[bool] = compare(sa.tuple_(jobs.created_at, jobs.id), sa.tuple_(at, position.id))
    return held


def _exact(ids: Sequence[str]) -> bool:
    return bool(ids) and not any(WILDCARD in one for one in ids)
