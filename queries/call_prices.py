"""What a call of the ledger cost, as SQL: the one place that reads cost_usd.

PostgreSQL's numbers may be NaN or infinite. One such row would make every sum that it is in the same, so it counts
as a call of which nobody knows the price, like NULL. What is negative is a credit, and stays one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

# NaN is greater than infinity here. Untyped, so that each is of the column's own type.
_LEAST: ColumnElement[Any] = sa.literal_column("'-Infinity'")
_MOST: ColumnElement[Any] = sa.literal_column("'Infinity'")


def price(ledger: sa.Table) -> ColumnElement[Any]:
    """USD of one call; NULL where it is unpriced."""
    usd = ledger.c.cost_usd
    return sa.case((sa.and_(usd > _LEAST, usd < _MOST), usd))


def is_priced(ledger: sa.Table) -> ColumnElement[bool]:
    return price(ledger).is_not(None)


def unpriced(ledger: sa.Table) -> ColumnElement[Any]:
    """How many calls have no price."""
    return sa.func.count().filter(price(ledger).is_(None))


def spent(ledger: sa.Table) -> ColumnElement[Any]:
    """USD of all calls that have a price; 0 without any."""
    return sa.func.coalesce(sa.func.sum(price(ledger)), 0)
