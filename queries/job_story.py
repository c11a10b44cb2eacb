"""What is kept on one job beside its row. A question answers None where the service does not keep it.

Every question raises DatabaseError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.dialects.postgresql import distinct_on

from queries import call_prices
from queries.aliases import Aliases
from queries.job_models import Calls, Check, JobEvent, JobEvents, Moderation
from queries.schema import ServiceSchema

# Four attempts at a book leave some 130; more than this are a loop that nobody reads line by line.
EVENTS_LIMIT = 1_000
# Attempts times steps times providers: four times that of a book that was retried as often as it may be.
CALLS_LIMIT = 500
# The contract has six.
CHECKS_LIMIT = 50
# Longer documents are cut, and shown as they are.
DOCUMENT_LENGTH = 4_000

_MODERATED = ("moderation_input", "moderation_output")


def events(connection: Connection, schema: ServiceSchema, aliases: Aliases, job_id: str) -> JobEvents | None:
    """The newest EVENTS_LIMIT events of the job."""
    if schema.events is None:
        return None
    table = schema.events
    actor = table.c.actor if "actor" in table.c else sa.cast(sa.null(), sa.Text)
    question = (
        sa.select(
            sa.func.coalesce(table.c.attempt, 1).label("attempt"),
            schema.instant(table.c.at).label("at"),
            table.c.event,
            _document(table.c.detail).label("detail"),
            actor.label("actor"),
            _owner(schema, job_id),
        )
        .where(table.c.job_id == job_id, table.c.at.is_not(None), table.c.event.is_not(None))
        .order_by(table.c.at.desc())
        .limit(EVENTS_LIMIT + 1)
    )
    rows = connection.execute(question).all()
    newest = [_event(row, aliases) for row in rows[:EVENTS_LIMIT]]
    return JobEvents(tuple(reversed(newest)), len(rows) > EVENTS_LIMIT)


def calls(connection: Connection, schema: ServiceSchema, job_id: str) -> tuple[Calls, ...] | None:
    """What the ledger holds on the job, first attempt first, in the order in which the calls began."""
    if schema.ledger is None:
        return None
    ledger = schema.ledger.c
    parts = (ledger.attempt, ledger.step, ledger.provider, ledger.kind)
    succeeded = sa.func.coalesce(ledger.outcome == "succeeded", sa.false())
    question = (
        sa.select(
            *parts,
            succeeded.label("succeeded"),
            sa.func.count().label("number"),
            call_prices.unpriced(schema.ledger).label("unpriced"),
            call_prices.spent(schema.ledger).label("usd"),
        )
        .where(ledger.job_id == job_id)
        .group_by(*parts, succeeded)
        .order_by(ledger.attempt, sa.func.min(ledger.occurred_at))
        .limit(CALLS_LIMIT)
    )
    return tuple(Calls(*row) for row in connection.execute(question))


def checks(connection: Connection, schema: ServiceSchema, job_id: str) -> tuple[Check, ...] | None:
    """The newest result of each quality check, by name."""
    if schema.quality is None:
        return None
    quality = schema.quality.c
    detail = quality.detail if "detail" in quality else sa.literal("")
    question = (
        sa.select(
            quality.check.label("name"),
            quality.score,
            quality.passed,
            detail.label("detail"),
            schema.instant(quality.checked_at).label("at"),
        )
        .ext(distinct_on(quality.check))
        .where(quality.job_id == job_id)
        .order_by(quality.check, quality.checked_at.desc())
        .limit(CHECKS_LIMIT)
    )
    return tuple(
        Check(row.name, _finite(row.score), row.passed, row.detail or "", row.at)
        for row in connection.execute(question)
    )


def moderation(connection: Connection, schema: ServiceSchema, aliases: Aliases, job_id: str) -> Moderation | None:
    """What moderation said of the job's input and output; nothing of a job that does not exist."""
    columns = [name for name in _MODERATED if schema.has(name)]
    if not columns:
        return None
    jobs = schema.jobs.c
    question = sa.select(jobs.user_key, *(_document(jobs[name]).label(name) for name in columns))
    row = connection.execute(question.where(jobs.id == job_id)).mappings().one_or_none()
    if row is None:
        return Moderation(None, None)
    return Moderation(*(_told(row.get(name), row["user_key"], aliases) for name in _MODERATED))


def _owner(schema: ServiceSchema, job_id: str) -> ColumnElement[Any]:
    """The job's user key, to be taken out of what is told."""
    jobs = schema.jobs.c
    return sa.select(jobs.user_key).where(jobs.id == job_id).scalar_subquery().label("user_key")


def _document(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """JSON as text: read here, since what PostgreSQL accepts as JSON may be more than it can take apart."""
    return sa.func.left(sa.cast(column, sa.Text), DOCUMENT_LENGTH)


def _event(row: Any, aliases: Aliases) -> JobEvent:
    owner = row.user_key or ""
    actor = None if row.actor is None else aliases.masked(row.actor, owner)
    return JobEvent(row.attempt, row.at, row.event, _told(row.detail, owner, aliases) or {}, actor)


def _told(document: str | None, user_key: str, aliases: Aliases) -> Mapping[str, str] | None:
    """The document as key and text; anything but an object stands under an empty key, and null is nothing."""
    if document is None:
        return None
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):  # cut, or nested deeper than anything that is meant to be read
        value = document
    if value is None:
        return None
    fields = value if isinstance(value, dict) else {"": value}
    return {aliases.masked(key, user_key): aliases.masked(_text(one), user_key) for key, one in fields.items()}


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case list() if all(isinstance(one, str) for one in value):
            return ", ".join(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _finite(score: Decimal | None) -> Decimal | None:
    return score if score is not None and score.is_finite() else None
