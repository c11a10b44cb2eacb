"""What was spent, read live: by what was bought, what became of it, and when.

From the ledger, where the calls occurred. Without one, jobs count shares of books where they were created, for the
price list to be applied to (see cost_estimates): their tallies hold nothing but the share. Instants are UTC; each
raises DatabaseError.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import book_shares, usage_changes
from queries.cost_estimates import KINDS
from queries.cost_fates import PARTS, SUMS, fated_calls, fated_shares, summed
from queries.cost_models import CostDay, CostHour, CostPart, CostTally, Fate, KindDayCost, KindHourCost
from queries.days import days
from queries.schema import ServiceSchema
from queries.usage_models import Span
from queries.usage_sources import Piece, created_in, day, hour, within

_Told = Iterator[tuple[Any, CostPart, CostTally]]
_Kinds = Iterator[tuple[Any, str, CostTally]]


def hourly_costs(
    connection: Connection, schema: ServiceSchema, since: datetime, until: datetime
) -> tuple[CostHour, ...]:
    """By part and hour (UTC); since and until are whole hours."""
    return tuple(CostHour(*one) for one in _parts(connection, schema, Span(since, until), hour))


def by_part_and_day(
    connection: Connection, schema: ServiceSchema, since: datetime, until: datetime, *, timezone: str
) -> tuple[CostDay, ...]:
    """By part and day of timezone (IANA name), in no order."""
    piece, named = day(timezone, since, until), days(timezone, since, until)
    found = _parts(connection, schema, Span(since, until), piece)
    return tuple(CostDay(named[number - 1], part, tally) for number, part, tally in found)


def by_kind_and_day(
    connection: Connection, schema: ServiceSchema, since: datetime, until: datetime, *, timezone: str
) -> tuple[KindDayCost, ...]:
    """By kind of call and day of timezone (IANA name), in no order: no look at the jobs of a ledger's calls."""
    piece, named = day(timezone, since, until), days(timezone, since, until)
    found = _kinds(connection, schema, Span(since, until), piece)
    return tuple(KindDayCost(named[number - 1], kind, tally) for number, kind, tally in found)


def by_kind_and_hour(
    connection: Connection, schema: ServiceSchema, since: datetime, until: datetime
) -> tuple[KindHourCost, ...]:
    """By kind of call and hour (UTC), in no order; of an hour that the span cuts, what lies within."""
    return tuple(KindHourCost(*one) for one in _kinds(connection, schema, Span(since, until), hour))


def first_spent(connection: Connection, schema: ServiceSchema) -> datetime | None:
    """The hour (UTC) of the ledger's first call, without one of the first job; None where there is none."""
    if schema.ledger is None:
        return usage_changes.first_hour(connection, schema)
    begun = sa.select(sa.func.min(schema.ledger.c.occurred_at)).scalar_subquery()
    first: datetime | None = connection.execute(sa.select(hour(schema.instant(begun)))).scalar_one()
    return first


def tally(row: sa.Row[Any]) -> CostTally:
    """A row of summed SUMS, and of share where it has one."""
    values = row._mapping
    share = Decimal(values.get("share", 0)).quantize(book_shares.EXACTNESS)
    return CostTally(Decimal(row.calls), int(row.failed), int(row.unpriced), Decimal(row.usd), share)


def _parts(connection: Connection, schema: ServiceSchema, span: Span, piece: Piece) -> _Told:
    if schema.ledger is None:
        yield from _shared_parts(connection, schema, span, piece)
        return
    calls = fated_calls(schema, schema.ledger, span, piece).c
    sums = (sa.func.sum(calls[name]).label(name) for name in SUMS)
    told_apart = [calls.piece, *(calls[name] for name in PARTS)]
    for row in connection.execute(sa.select(*told_apart, *sums).group_by(*told_apart)):
        yield row.piece, CostPart(row.provider, row.kind, row.step, Fate(row.fate), row.error_code), tally(row)


def _shared_parts(connection: Connection, schema: ServiceSchema, span: Span, piece: Piece) -> _Told:
    jobs = fated_shares(schema, span, piece).c
    sums = (sa.func.sum(jobs[name]).label(name) for name in book_shares.KINDS)
    told_apart = [jobs.piece, jobs.fate, jobs.error_code]
    for row in connection.execute(sa.select(*told_apart, *sums).group_by(*told_apart)):
        for kind, shared in _shares(row):
            yield row.piece, CostPart("", kind, "", Fate(row.fate), row.error_code), shared


def _kinds(connection: Connection, schema: ServiceSchema, span: Span, piece: Piece) -> _Kinds:
    if schema.ledger is None:
        yield from _shared_kinds(connection, schema, span, piece)
        return
    calls = schema.ledger.c
    kind = sa.func.coalesce(calls.kind, "").label("kind")
    question = sa.select(piece(schema.instant(calls.occurred_at)).label("piece"), kind, *summed(schema.ledger))
    question = question.where(*within(schema, calls.occurred_at, span)).group_by(sa.text("1, 2"))
    for row in connection.execute(question):
        yield row.piece, row.kind, tally(row)


def _shared_kinds(connection: Connection, schema: ServiceSchema, span: Span, piece: Piece) -> _Kinds:
    shares = book_shares.bought(schema)
    columns = [piece(schema.instant("created_at")).label("piece")]
    columns += [sa.func.sum(share).label(name) for name, share in shares.items()]
    question = sa.select(*columns)
    for row in connection.execute(question.where(*created_in(schema, span)).group_by(sa.text("1"))):
        for kind, shared in _shares(row):
            yield row.piece, kind, shared


def _shares(row: Any) -> Iterator[tuple[str, CostTally]]:
    for name, kind in KINDS.items():
        if share := Decimal(row._mapping[name]).quantize(book_shares.EXACTNESS):
            yield kind, CostTally(share=share)
