"""Bulk actions: who started what on which jobs, and how far it is. Raises MissingMigration or DatabaseError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.bulk_models import Bulk, BulkJob, BulkState, Failure, ItemState
from queries.database_errors import translated
from queries.jobs import any_of
from queries.ops_store import BULK_JOBS, BULKS, SETTING

# What a person scrolls through; older ones have their address in the audit log.
RECENT_LIMIT = 200
# One page of an export: larger ones are read by after_position.
ITEMS_LIMIT = 10_000
MINUTE = timedelta(minutes=1)

_KEPT_TO_ITSELF = ("holder", "leased_until", "next_at")
_NOW = sa.func.clock_timestamp()


def get(connection: Connection, bulk_id: str) -> Bulk | None:
    """One bulk action as it stands; None where there is none of this id."""
    found = _read(connection, _question().where(BULKS.c.id == bulk_id))
    return found[0] if found else None


def recent(connection: Connection, *, limit: int) -> tuple[Bulk, ...]:
    """Newest first. limit is cut to RECENT_LIMIT."""
    newest = _question().order_by(BULKS.c.created_at.desc(), BULKS.c.id.desc())
    return _read(connection, newest.limit(min(limit, RECENT_LIMIT)))


def items(
    connection: Connection, bulk_id: str, states: Sequence[ItemState], *, after_position: int, limit: int
) -> tuple[BulkJob, ...]:
    """Its jobs in these states, in the order in which they are released; the first page is that after 0.

    limit is cut to ITEMS_LIMIT.
    """
    jobs = BULK_JOBS.c
    question = (
        sa.select(*(column for column in jobs if column is not jobs.expected))
        .add_columns(*(jobs.expected[name].astext.label(name) for name in ("status", "step")))
        .where(jobs.bulk_id == bulk_id, jobs.state == any_of(states), jobs.position > after_position)
        .order_by(jobs.position)
        .limit(min(limit, ITEMS_LIMIT))
    )
    with translated(SETTING):
        return tuple(_item(row) for row in connection.execute(question))


def _question() -> sa.Select[Any]:
    held = sa.func.coalesce(BULKS.c.leased_until > _NOW, sa.false()).label("held")
    shown = [column for column in BULKS.c if column.name not in _KEPT_TO_ITSELF]
    return sa.select(*shown, held, _counts(), _last_minute(), _NOW.label("now"))


def _counts() -> sa.Label[Any]:
    """{"done": 3, …} for one bulk action, from the index alone."""
    number = sa.func.count().label("number")
    each = (
        sa.select(BULK_JOBS.c.state, number).where(BULK_JOBS.c.bulk_id == BULKS.c.id).group_by(BULK_JOBS.c.state)
    )
    states = each.correlate(BULKS).subquery("states")
    told = sa.select(sa.func.jsonb_object_agg(states.c.state, states.c.number))
    return told.scalar_subquery().label("counts")


def _last_minute() -> sa.Label[Any]:
    question = sa.select(sa.func.count()).select_from(BULK_JOBS)
    mine = BULK_JOBS.c.bulk_id == BULKS.c.id
    return question.where(mine, BULK_JOBS.c.ended_at > _NOW - MINUTE).scalar_subquery().label("last_minute")


def _read(connection: Connection, question: sa.Select[Any]) -> tuple[Bulk, ...]:
    with translated(SETTING):
        return tuple(_bulk(row) for row in connection.execute(question))


def _bulk(row: sa.Row[Any]) -> Bulk:
    values = dict(row._mapping)
    counts = values["counts"] or {}
    values["counts"] = {state: counts.get(state.value, 0) for state in ItemState}
    return Bulk(**values | {"state": BulkState(row.state), "why": failure(row.why)})


def _item(row: sa.Row[Any]) -> BulkJob:
    return BulkJob(**dict(row._mapping) | {"state": ItemState(row.state), "error": failure(row.error)})


def failure(kept: Mapping[str, Any] | None) -> Failure | None:
    """The error of a row's JSON."""
    return None if kept is None else Failure(kept["error"], kept["fields"])
