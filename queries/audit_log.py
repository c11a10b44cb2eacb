"""Who did what, when, why, and what came of it. Every question raises MissingMigration or DatabaseError."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from queries.audit_models import AuditAct, AuditEntry, AuditFilter, AuditSummary, Phase, Result
from queries.database_errors import translated
from queries.jobs import any_of
from queries.ops_store import AUDIT_LOG, SETTING

# One page of an export: larger ones are read by before_id.
SEARCH_LIMIT = 5_000
# A bulk action takes 1,000 jobs, twice over.
ACTS_LIMIT = 2_000
# More than a menu can show.
CHOICES_LIMIT = 200

# An act takes seconds: each call has its deadline, and each statement.
UNDER_WAY = timedelta(minutes=2)

_JSON = {"parameters", "before", "after"}

_INTENT, _OUTCOME = AUDIT_LOG.alias("intent"), AUDIT_LOG.alias("outcome")
_UNKNOWN = _OUTCOME.c.id.is_(None)
_YOUNG = _INTENT.c.at > sa.func.clock_timestamp() - UNDER_WAY
_ACT_COLUMNS = (
    *(_INTENT.c[name] for name in ("id", "at", "request_id", "actor", "role", "action", "target_kind")),
    *(_INTENT.c[name] for name in ("target_id", "reason", "batch_id")),
    *(sa.cast(_INTENT.c[name], sa.Text).label(name) for name in ("parameters", "before")),
    sa.cast(_OUTCOME.c.after, sa.Text).label("after"),
    *(_OUTCOME.c[name] for name in ("result", "message")),
    _OUTCOME.c.at.label("ended_at"),
    sa.and_(_UNKNOWN, _YOUNG).label("under_way"),
)


def search(
    connection: Connection, filter: AuditFilter, *, before_id: int | None, limit: int
) -> tuple[AuditEntry, ...]:
    """Newest first; the next page is that before the last id. Actor and target_id match anywhere, in any case.

    parameters, before and after are JSON as one line of text. limit is cut to SEARCH_LIMIT.
    """
    log = AUDIT_LOG.c
    question = entries().where(*_conditions(filter)).order_by(log.id.desc()).limit(min(limit, SEARCH_LIMIT))
    if before_id is not None:
        question = question.where(log.id < before_id)
    return _read(connection, question)


def after(connection: Connection, filter: AuditFilter, *, position: int, limit: int) -> tuple[AuditEntry, ...]:
    """The first lines after this position, oldest first; filters and limit as in search()."""
    log = AUDIT_LOG.c
    question = entries().where(log.position > position, *_conditions(filter)).order_by(log.position)
    return _read(connection, question.limit(min(limit, SEARCH_LIMIT)))


def acts(
    connection: Connection, filter: AuditFilter, *, before_id: int | None, limit: int
) -> tuple[AuditAct, ...]:
    """Intents with their outcomes, newest intent first; filters and paging as in search().

    limit is cut to ACTS_LIMIT.
    """
    question = _acts(filter, *_ACT_COLUMNS).order_by(_INTENT.c.id.desc()).limit(min(limit, ACTS_LIMIT))
    if before_id is not None:
        question = question.where(_INTENT.c.id < before_id)
    with translated(SETTING):
        return tuple(_act(row) for row in connection.execute(question))


def of_requests(connection: Connection, request_ids: Sequence[str]) -> dict[str, AuditAct]:
    """The acts of these requests by request id; result is None where the outcome is not recorded."""
    question = _acts(AuditFilter(), *_ACT_COLUMNS).where(_INTENT.c.request_id == any_of(request_ids))
    with translated(SETTING):
        return {row.request_id: _act(row) for row in connection.execute(question)}


def summary(connection: Connection, filter: AuditFilter) -> AuditSummary:
    """The acts that the filter lets through, counted."""
    results = [sa.func.count().filter(_OUTCOME.c.result == result).label(result) for result in Result]
    under_way = sa.func.count().filter(_UNKNOWN, _YOUNG).label("under_way")
    unknown = sa.func.count().filter(_UNKNOWN, ~_YOUNG).label("unknown")
    people = sa.func.count(_INTENT.c.actor.distinct()).label("actors")
    question = _acts(filter, sa.func.count().label("acts"), people, under_way, unknown, *results)
    with translated(SETTING):
        row = connection.execute(question).one()
    by_result = {one: row._mapping[one] for one in Result}
    return AuditSummary(row.acts, row.actors, by_result, row.under_way, row.unknown)


def actions(connection: Connection) -> tuple[str, ...]:
    """The actions that were ever recorded, by name."""
    return _choices(connection, AUDIT_LOG.c.action)


def actors(connection: Connection) -> tuple[str, ...]:
    """The people who ever acted, by name."""
    return _choices(connection, AUDIT_LOG.c.actor)


def entries() -> sa.Select[Any]:
    """Every line as entry() takes it."""
    return sa.select(
        *(
            sa.cast(column, sa.Text).label(column.name) if column.name in _JSON else column
            for column in AUDIT_LOG.c
        )
    )


def _acts(filter: AuditFilter, *columns: ColumnElement[Any]) -> sa.Select[Any]:
    answered = sa.and_(_OUTCOME.c.request_id == _INTENT.c.request_id, _OUTCOME.c.phase == Phase.OUTCOME)
    question = sa.select(*columns).select_from(_INTENT.outerjoin(_OUTCOME, answered))
    question = question.where(_INTENT.c.phase == Phase.INTENT, *_conditions(replace(filter, result=""), _INTENT))
    match filter.result:
        case "":
            return question
        case "unknown":
            return question.where(_UNKNOWN, ~_YOUNG)
        case result:
            return question.where(_OUTCOME.c.result == result)


def _act(row: sa.Row[Any]) -> AuditAct:
    values = dict(row._mapping)
    values["result"] = Result(row.result) if row.result is not None else None
    return AuditAct(**values)


def _conditions(filter: AuditFilter, table: sa.FromClause = AUDIT_LOG) -> list[ColumnElement[bool]]:
    log = table.c
    parts = ((log.actor, filter.actor), (log.target_id, filter.target_id))
    exact = (
        (log.target_id, filter.target),
        (log.action, filter.action),
        (log.result, filter.result),
        (log.request_id, filter.request_id),
        (log.batch_id, filter.batch_id),
    )
    conditions = [column.icontains(text, autoescape=True) for column, text in parts if text]
    conditions += [column == text for column, text in exact if text]
    if filter.since is not None:
        conditions.append(log.at >= filter.since)
    if filter.until is not None:
        conditions.append(log.at < filter.until)
    return conditions


def _read(connection: Connection, question: sa.Select[Any]) -> tuple[AuditEntry, ...]:
    with translated(SETTING):
        return tuple(entry(row) for row in connection.execute(question))


def entry(row: sa.Row[Any]) -> AuditEntry:
    """One line of entries()."""
    return AuditEntry(**row._mapping)


def _choices(connection: Connection, column: ColumnElement[str]) -> tuple[str, ...]:
    question = sa.select(column).distinct().order_by(column).limit(CHOICES_LIMIT)
    with translated(SETTING):
        return tuple(connection.execute(question).scalars())
