"""Money of closed hours, from the console's own table: the sums of queries.cost_calls over rolled hours.

As in queries.rollups, which tells what is covered, runs are of whole hours. Each raises DatabaseError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from queries.cost_calls import tally
from queries.cost_fates import PARTS, SUMS
from queries.cost_models import CostDay, CostPart, Fate, KindDayCost, KindHourCost
from queries.ops_store import HOURLY_COSTS
from queries.rollups import in_runs, pieces
from queries.usage_models import Span

_COSTS = HOURLY_COSTS.c


def by_part_and_day(connection: Connection, runs: Sequence[Span], *, timezone: str) -> tuple[CostDay, ...]:
    """By part and day of timezone (IANA name), whose days begin at whole hours of UTC; in no order."""
    if not runs:
        return ()
    piece, named = pieces(HOURLY_COSTS, timezone, runs)
    rows = _rows(connection, runs, piece, *(_COSTS[name] for name in PARTS))
    return tuple(CostDay(named[row.piece - 1], part(row), tally(row)) for row in rows)


def by_kind_and_day(connection: Connection, runs: Sequence[Span], *, timezone: str) -> tuple[KindDayCost, ...]:
    """By kind of call and day of timezone (IANA name), whose days begin at whole hours of UTC; in no order."""
    if not runs:
        return ()
    piece, named = pieces(HOURLY_COSTS, timezone, runs)
    rows = _rows(connection, runs, piece, _COSTS.kind)
    return tuple(KindDayCost(named[row.piece - 1], row.kind, tally(row)) for row in rows)


def by_kind_and_hour(connection: Connection, runs: Sequence[Span]) -> tuple[KindHourCost, ...]:
    """By kind of call and hour (UTC), in no order."""
    rows = _rows(connection, runs, _COSTS.hour, _COSTS.kind)
    return tuple(KindHourCost(row.hour, row.kind, tally(row)) for row in rows)


def part(row: sa.Row[Any]) -> CostPart:
    """A row with PARTS."""
    return CostPart(row.provider, row.kind, row.step, Fate(row.fate), row.error_code)


def _rows(
    connection: Connection, runs: Sequence[Span], *told_apart: ColumnElement[Any]
) -> sa.CursorResult[tuple[Any, ...]]:
    sums = (sa.func.sum(_COSTS[name]).label(name) for name in (*SUMS, "share"))
    question = sa.select(*told_apart, *sums).where(in_runs(_COSTS.hour, runs))
    return connection.execute(question.group_by(*(sa.text(str(at + 1)) for at in range(len(told_apart)))))
