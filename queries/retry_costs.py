"""What a retry would cost, before anybody clicks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries import book_shares, call_prices
from queries.jobs import any_of
from queries.models import PriceList
from queries.schema import ServiceSchema
from queries.steps import IMAGES, STEPS

HISTORY = timedelta(days=7)
# Some 3,000 books: enough for a mean, and read in a tenth of a second however busy the week was.
HISTORY_LIMIT = 50_000
_DECIMALS = 9


def retry_estimates(
    connection: Connection,
    schema: ServiceSchema,
    prices: PriceList,
    job_ids: Sequence[str],
    start: Literal["failed_step", "start"],
) -> dict[str, Decimal | None]:
    """USD for each of these jobs; None where neither ledger nor price list tells. Ids without a job are left out.

    With a ledger: what the steps still to run cost a book on average over HISTORY; from the failed step on, images
    already paid for are not bought again. Raises DatabaseError.
    """
    by_price = _by_price_list(schema, start)
    jobs = schema.jobs.c
    columns = [jobs.id, *(share.label(kind) for kind, share in by_price.items())]
    question = sa.select(*columns).where(jobs.id == any_of(job_ids))
    if schema.ledger is not None:
        question = question.add_columns(_by_ledger(schema, schema.ledger, start).label("ledger"))
    priced = book_shares.is_priced(prices)
    return {row.id: _estimate(row._mapping, prices, priced=priced) for row in connection.execute(question)}


def _estimate(row: sa.RowMapping, prices: PriceList, *, priced: bool) -> Decimal | None:
    if (from_ledger := row.get("ledger")) is not None:
        return Decimal(from_ledger)
    shares = {kind: Decimal(row[kind]) for kind in book_shares.KINDS}
    return book_shares.priced(prices, shares).usd if priced else None


def _by_price_list(schema: ServiceSchema, start: str) -> dict[str, ColumnElement[Any]]:
    if start == "failed_step":
        return book_shares.left(schema)
    return {kind: sa.literal(Decimal(1), sa.Numeric()) for kind in book_shares.KINDS}


def _by_ledger(schema: ServiceSchema, ledger: sa.Table, start: str) -> ColumnElement[Any]:
    """USD for the row of jobs at hand; NULL where the step is prose or the ledger has no history."""
    typical = _typical(schema, ledger)
    usd = typical.c.usd if start == "start" else _usd_left(schema, ledger, typical)
    total = sa.select(sa.func.round(sa.func.sum(usd), _DECIMALS))
    return total.select_from(typical).correlate(schema.jobs).scalar_subquery()


def _usd_left(schema: ServiceSchema, ledger: sa.Table, typical: FromClause) -> ColumnElement[Any]:
    """What a step still costs the job at hand: 0 where it is behind, NULL where nobody can tell."""
    first = _position(schema.jobs.c.current_step) if schema.has("current_step") else sa.null()
    missing = sa.func.greatest(typical.c.images - _images_paid(schema, ledger), 0)
    share = sa.case((typical.c.step == IMAGES, missing / sa.func.nullif(typical.c.images, 0)))
    usd = typical.c.usd * sa.func.coalesce(share, 1)
    return sa.case((_position(typical.c.step) >= first, usd), (_position(typical.c.step) < first, 0))


def _typical(schema: ServiceSchema, ledger: sa.Table) -> FromClause:
    """By step: the mean cost of a book, and how many images most books have."""
    at = ledger.c.occurred_at
    newest = (
        sa.select(ledger.c.job_id, ledger.c.step, ledger.c.kind, call_prices.price(ledger).label("usd"))
        .where(ledger.c.outcome == "succeeded", call_prices.is_priced(ledger))
        .where(at >= schema.stored(at, schema.now - HISTORY))
        .order_by(at.desc())
        .limit(HISTORY_LIMIT)
        .subquery("newest")
    )
    books = (
        sa.select(
            newest.c.step,
            sa.func.sum(newest.c.usd).label("usd"),
            sa.func.count().filter(newest.c.kind == "image").label("images"),
        )
        .group_by(newest.c.job_id, newest.c.step)
        .subquery("books")
    )
    most = sa.func.mode().within_group(books.c.images)
    # A book that failed among its images would lower their mean: most books' number times the mean price doesn't.
    by_images = sa.func.sum(books.c.usd) / sa.func.nullif(sa.func.sum(books.c.images), 0) * most
    mean = sa.case(
        (books.c.step == IMAGES, sa.func.coalesce(by_images, sa.func.avg(books.c.usd))),
        else_=sa.func.avg(books.c.usd),
    )
    typical = (
        sa.select(books.c.step, mean.label("usd"), most.label("images")).group_by(books.c.step).cte("typical")
    )
    # Else PostgreSQL works it out anew for each job.
    return typical.prefix_with("materialized", dialect="postgresql")


def _images_paid(schema: ServiceSchema, ledger: sa.Table) -> ColumnElement[Any]:
    """How many images of the job at hand were bought, over all attempts."""
    return (
        sa.select(sa.func.count())
        .where(ledger.c.job_id == schema.jobs.c.id, ledger.c.outcome == "succeeded")
        .where(ledger.c.step == IMAGES, ledger.c.kind == "image")
        .correlate(schema.jobs)
        .scalar_subquery()
    )


def _position(step: ColumnElement[Any]) -> ColumnElement[Any]:
    return sa.case({name: at for at, name in enumerate(STEPS)}, value=step)
