"""Money that was spent: from the ledger where there is one, else estimated from the operator's price list.

An estimate counts what the latest attempt of a job got to (see book_shares), in the hour the job was created.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries import book_shares, call_prices
from queries.jobs import any_of, created_since
from queries.models import MoneySource, PriceList, Spend
from queries.price_history import PriceHistory
from queries.retry_costs import retry_estimates
from queries.schema import ServiceSchema

__all__ = ["day_start", "retry_estimates", "spent_by_hour", "spent_by_job", "spent_today", "usual_spend_by_now"]

# More hours than a month has are a question for closed days.
HOURS_LIMIT = 24 * 31
USUAL_WEEKS = 4
# The middle of fewer values is no habit.
USUAL_MINIMUM = 2

_UNKNOWN = Spend(None, 0, MoneySource.NONE)
_AWARE = sa.DateTime(timezone=True)


def spent_today(connection: Connection, schema: ServiceSchema, prices: PriceList, timezone: str) -> Spend:
    """USD since midnight in timezone (IANA name), by the database's clock. Raises DatabaseError.

    prices is the list that holds today.
    """
    since = day_start(schema, timezone)
    if schema.ledger is not None:
        ledger = schema.ledger.c
        question = sa.select(*_sums(schema.ledger)).where(
            ledger.occurred_at >= schema.stored(ledger.occurred_at, since)
        )
        return _spend(connection.execute(question).one())
    if not book_shares.is_priced(prices):
        return _UNKNOWN
    shares = sa.select(*_share_sums(schema)).where(*created_since(schema, since))
    return _estimate(prices, connection.execute(shares).one())


def spent_by_hour(
    connection: Connection, schema: ServiceSchema, prices: PriceHistory, hours: int
) -> tuple[tuple[datetime, Decimal], ...]:
    """USD by hour (UTC), oldest first, 0 where nothing was spent; the last hour is the current, unfinished one.

    An hour is estimated by the list that holds when it begins. Empty where neither ledger nor price list tells.
    At most HOURS_LIMIT hours. Raises DatabaseError.
    """
    if schema.ledger is None and not book_shares.ever_priced(prices):
        return ()
    first = _hour(schema.now) - sa.func.make_interval(0, 0, 0, 0, min(hours, HOURS_LIMIT) - 1)
    starts = (
        sa.func.generate_series(first, schema.now, sa.text("interval '1 hour'"))
        .table_valued("start")
        .render_derived("hours")
    )
    spent = _spent_since(schema, first)
    question = sa.select(starts.c.start, *(spent.c[name] for name in _amounts(schema)))
    question = question.select_from(starts.outerjoin(spent, starts.c.start == spent.c.start)).order_by(
        starts.c.start
    )
    return tuple((row.start, _hour_usd(schema, prices.at(row.start), row)) for row in connection.execute(question))


def spent_by_job(
    connection: Connection, schema: ServiceSchema, prices: PriceHistory, job_ids: Sequence[str]
) -> dict[str, Spend]:
    """Spend for each of these ids, all attempts together where there is a ledger. Raises DatabaseError.

    Without a ledger, a job is estimated by the list that held when it was created, and ids of which there is no
    job are left out.
    """
    if schema.ledger is not None:
        ledger = schema.ledger.c
        found = connection.execute(
            sa.select(ledger.job_id, *_sums(schema.ledger))
            .where(ledger.job_id == any_of(job_ids))
            .group_by(ledger.job_id)
        )
        return dict.fromkeys(job_ids, Spend(Decimal(0), 0, MoneySource.LEDGER)) | {
            row.job_id: _spend(row) for row in found
        }
    if not book_shares.ever_priced(prices):
        return dict.fromkeys(job_ids, _UNKNOWN)
    jobs, created = schema.jobs.c, schema.instant("created_at").label("created")
    question = sa.select(jobs.id, created, *book_shares.bought(schema).values()).where(jobs.id == any_of(job_ids))
    return {row.id: _estimate(prices.at(row.created), row) for row in connection.execute(question)}


def usual_spend_by_now(connection: Connection, schema: ServiceSchema, timezone: str) -> Decimal | None:
    """The median of what had been spent by this time of day on the same weekday of the last four weeks, in USD.

    None without a ledger, or where the ledger goes back less than two such days. Raises DatabaseError.
    """
    if schema.ledger is None:
        return None
    ledger = schema.ledger.c
    local = sa.func.timezone(timezone, schema.now, type_=sa.DateTime())
    weeks = sa.func.generate_series(1, USUAL_WEEKS).table_valued("ago").render_derived("weeks")
    then = local - sa.func.make_interval(0, 0, weeks.c.ago)
    since, until = (
        sa.func.timezone(timezone, moment, type_=_AWARE) for moment in (sa.func.date_trunc("day", then), then)
    )
    spent = sa.select(call_prices.spent(schema.ledger)).where(
        ledger.occurred_at >= schema.stored(ledger.occurred_at, since),
        ledger.occurred_at < schema.stored(ledger.occurred_at, until),
    )
    begun = sa.select(sa.func.min(ledger.occurred_at)).scalar_subquery()
    question = sa.select(spent.scalar_subquery().label("usd")).select_from(weeks)
    question = question.where(schema.stored(ledger.occurred_at, since) >= begun)
    days = connection.execute(question).scalars().all()
    return median(days) if len(days) >= USUAL_MINIMUM else None


def day_start(schema: ServiceSchema, timezone: str) -> ColumnElement[Any]:
    """Today's midnight in timezone, as timestamptz; a day may have 23 or 25 hours."""
    return sa.func.date_trunc("day", schema.now, timezone, type_=_AWARE)


def _amounts(schema: ServiceSchema) -> tuple[str, ...]:
    return ("usd", "unpriced") if schema.has_ledger else book_shares.KINDS


def _hour(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    return sa.func.date_trunc("hour", instant, "UTC", type_=_AWARE)


def _sums(ledger: sa.Table) -> list[ColumnElement[Any]]:
    return [call_prices.spent(ledger).label("usd"), call_prices.unpriced(ledger).label("unpriced")]


def _spend(row: sa.Row[Any]) -> Spend:
    return Spend(row.usd, row.unpriced, MoneySource.LEDGER)


def _estimate(prices: PriceList, row: sa.Row[Any]) -> Spend:
    return book_shares.priced(prices, _shares(row)) if book_shares.is_priced(prices) else _UNKNOWN


def _share_sums(schema: ServiceSchema) -> list[ColumnElement[Any]]:
    shares = book_shares.bought(schema)
    return [sa.func.coalesce(sa.func.sum(share), 0).label(kind) for kind, share in shares.items()]


def _shares(row: sa.Row[Any]) -> dict[str, Decimal]:
    return {kind: Decimal(row._mapping[kind] or 0) for kind in book_shares.KINDS}


def _spent_since(schema: ServiceSchema, first: ColumnElement[Any]) -> FromClause:
    """Sums by hour: of dollars from the ledger, of shares of books without one."""
    if schema.ledger is None:
        hour = _hour(schema.instant("created_at")).label("start")
        question = sa.select(hour, *_share_sums(schema)).where(*created_since(schema, first))
        return question.group_by(sa.text("1")).subquery("spent")
    at = schema.ledger.c.occurred_at
    question = sa.select(_hour(schema.instant(at)).label("start"), *_sums(schema.ledger))
    return question.where(at >= schema.stored(at, first)).group_by(sa.text("1")).subquery("spent")


def _hour_usd(schema: ServiceSchema, prices: PriceList, row: sa.Row[Any]) -> Decimal:
    if schema.has_ledger:
        return row.usd or Decimal(0)
    return _estimate(prices, row).usd or Decimal(0)
