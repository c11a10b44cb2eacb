"""What the jobs of a filter have in common: where somebody looks first who asks why they failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries import users
from queries.aliases import Aliases
from queries.job_filter import JobFilter
from queries.job_search import COUNT_LIMIT, Count, newest
from queries.schema import ServiceSchema

# As many as one line names.
CAUSES_LIMIT = 5

_WHOLE = "whole"
_INSTANT = sa.DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Cause:
    """A value ("" for none), and how many of the jobs have it."""

    value: str
    jobs: int


@dataclass(frozen=True, slots=True)
class Causes:
    """What is most frequent among jobs.number jobs, the newest of the filter; capped where it has more.

    At most CAUSES_LIMIT of each kind, None where the service does not keep it. errors are those of failed jobs;
    users are aliases; providers had a failed call for the job, in any attempt. The instants are None where no job
    failed.
    """

    jobs: Count
    first_failed_at: datetime | None
    last_failed_at: datetime | None
    errors: tuple[Cause, ...] | None
    steps: tuple[Cause, ...] | None
    kinds: tuple[Cause, ...]
    users: tuple[Cause, ...]
    providers: tuple[Cause, ...] | None


def causes(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, filter: JobFilter, *, timezone: str
) -> Causes:
    """Of the newest COUNT_LIMIT jobs of the filter. Raises DatabaseError, QualifierNotOffered."""
    users.resolve_unknown(connection, schema, aliases, filter.users)
    found: dict[str, list[sa.Row[Any]]] = {}
    for row in connection.execute(_question(schema, aliases, filter, timezone)):
        found.setdefault(row.aspect, []).append(row)
    (whole,) = found[_WHOLE]

    def of(aspect: str) -> tuple[Cause, ...]:
        return tuple(Cause(row.value, row.jobs) for row in found.get(aspect, ()))

    return Causes(
        jobs=Count(min(whole.jobs, COUNT_LIMIT), whole.jobs > COUNT_LIMIT),
        first_failed_at=whole.first,
        last_failed_at=whole.last,
        errors=of("errors") if schema.has("error_code") else None,
        steps=of("steps") if schema.has("current_step") else None,
        kinds=of("kinds"),
        users=tuple(Cause(aliases.alias(one.value), one.jobs) for one in of("users")),
        providers=of("providers") if schema.has_ledger else None,
    )


def _question(schema: ServiceSchema, aliases: Aliases, filter: JobFilter, timezone: str) -> sa.CompoundSelect[Any]:
    """One row on the whole, then the values of each aspect, most frequent first."""
    wanted = _wanted(schema)
    found = newest(schema, aliases, filter, wanted, timezone=timezone, limit=COUNT_LIMIT + 1).cte("found")
    # The one above the limit only tells that there are more.
    jobs = sa.select(found).limit(COUNT_LIMIT).cte("jobs_found")
    aspects = [
        _aspect(name, jobs.c[name], jobs, *([jobs.c.failed] if name == "errors" else []))
        for name in ("errors", "steps", "kinds", "users")
        if name in jobs.c
    ]
    if schema.ledger is not None:
        aspects.append(_providers(schema.ledger, jobs))
    return sa.union_all(_whole(found, jobs), *(sa.select(aspect.subquery()) for aspect in aspects))


def _wanted(schema: ServiceSchema) -> list[ColumnElement[Any]]:
    jobs = schema.jobs.c
    kept = {"errors": "error_code", "steps": "current_step"}
    return [
        jobs.id,
        (jobs.status == "failed").label("failed"),
        schema.instant("updated_at").label("changed"),
        sa.func.substring(jobs.id, "^([a-z]+)_").label("kinds"),
        jobs.user_key.label("users"),
        *(jobs[column].label(name) for name, column in kept.items() if schema.has(column)),
    ]


def _whole(found: FromClause, jobs: FromClause) -> sa.Select[Any]:
    number = sa.select(sa.func.count()).select_from(found).scalar_subquery()
    edges = (edge(jobs.c.changed).filter(jobs.c.failed) for edge in (sa.func.min, sa.func.max))
    return sa.select(
        sa.literal(_WHOLE, sa.Text()).label("aspect"),
        sa.cast(sa.null(), sa.Text).label("value"),
        number.label("jobs"),
        *(sa.type_coerce(edge, _INSTANT).label(name) for name, edge in zip(("first", "last"), edges, strict=True)),
    )


def _aspect(name: str, value: ColumnElement[Any], jobs: FromClause, *only: ColumnElement[bool]) -> sa.Select[Any]:
    return _ranked(name, value, sa.func.count(), jobs).where(*only)


def _providers(ledger: sa.Table, jobs: FromClause) -> sa.Select[Any]:
    calls = ledger.c
    number = sa.func.count(calls.job_id.distinct())
    joined = jobs.join(ledger, calls.job_id == jobs.c.id)
    return _ranked("providers", calls.provider, number, joined).where(calls.outcome == "failed")


def _ranked(
    name: str, value: ColumnElement[Any], number: ColumnElement[Any], source: FromClause
) -> sa.Select[Any]:
    named = sa.func.coalesce(value, "").label("value")
    none = sa.cast(sa.null(), _INSTANT)
    return (
        sa.select(
            sa.literal(name, sa.Text()).label("aspect"),
            named,
            number.label("jobs"),
            none.label("first"),
            none.label("last"),
        )
        .select_from(source)
        .group_by(named)
        .order_by(number.desc(), named)
        .limit(CAUSES_LIMIT)
    )
