"""Changes of limits that wait, or waited, for a second person. Raises MissingMigration or DatabaseError."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from queries.database_errors import translated
from queries.ops_store import GUARDRAIL_PROPOSALS, SETTING

# What was at stake is counted for the last 30 days; a day later the same change may cost something else.
LASTS = timedelta(hours=24)
# More than a page lists; a proposal a minute all day would be no second look any more.
PROPOSALS_LIMIT = 100
_NOW = sa.func.clock_timestamp()


class ProposalState(StrEnum):
    """Where a proposal stands; lapsed is one that nobody decided in time."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A limit's new value as somebody wants it, and how it stands by the store's clock, now.

    before: the value in force that it was proposed on. lasts: how long from the approval on, None for good.
    stake_usd: the money at stake as it was computed then, None where nobody could tell.
    """

    id: str
    at: datetime
    actor: str
    guardrail: str
    before: Decimal
    value: Decimal
    lasts: timedelta | None
    reason: str
    stake_usd: Decimal | None
    state: ProposalState
    decided_at: datetime | None
    decided_by: str | None
    now: datetime

    @property
    def lapses_at(self) -> datetime:
        return self.at + LASTS


def waiting(connection: Connection) -> tuple[Proposal, ...]:
    """Those that may be approved now, oldest first; at most PROPOSALS_LIMIT."""
    young = sa.and_(GUARDRAIL_PROPOSALS.c.state == ProposalState.WAITING, GUARDRAIL_PROPOSALS.c.at > _NOW - LASTS)
    return _read(connection, proposals().where(young).order_by(GUARDRAIL_PROPOSALS.c.at))


def of_guardrail(connection: Connection, guardrail: str) -> tuple[Proposal, ...]:
    """One limit's in any state, newest first; at most PROPOSALS_LIMIT."""
    its = GUARDRAIL_PROPOSALS.c.guardrail == guardrail
    return _read(connection, proposals().where(its).order_by(GUARDRAIL_PROPOSALS.c.at.desc()))


def proposals() -> sa.Select[Any]:
    """Rows for proposal(), to be narrowed and ordered."""
    columns = GUARDRAIL_PROPOSALS.c
    lapsed = sa.and_(columns.state == ProposalState.WAITING, columns.at <= _NOW - LASTS)
    state: ColumnElement[str] = sa.case((lapsed, ProposalState.LAPSED), else_=columns.state)
    kept = (column for column in columns if column.name != "state")
    return sa.select(*kept, state.label("state"), _NOW.label("now"))


def proposal(row: sa.Row[Any]) -> Proposal:
    values = dict(row._mapping)
    return Proposal(**values | {"state": ProposalState(values["state"])})


def _read(connection: Connection, question: sa.Select[Any]) -> tuple[Proposal, ...]:
    with translated(SETTING):
        return tuple(map(proposal, connection.execute(question.limit(PROPOSALS_LIMIT))))
