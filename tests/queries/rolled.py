"""Hours rolled up as the console's own tables hold them, by plain inserts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import cost_calls, database, usage
from queries.aliases import Aliases
from queries.cost_models import CostHour
from queries.ops_store import FIRST_SEEN, HOURLY_COSTS, HOURLY_KINDS, HOURLY_USAGE, ROLLED_HOURS, ROLLUP_STATE
from queries.schema import discover
from queries.usage_models import AMOUNTS, COUNTS, Span, Tally
from tests.queries.usage_rows import hours


def roll(url: str, aliases: Aliases, span: Span) -> None:
    """Put the span's hours into the store, which is in the same database."""
    engine = database.engine(url, statement_timeout=timedelta(seconds=30))
    try:
        with engine.begin() as connection:
            _roll(connection, aliases, span)
    finally:
        engine.dispose()


def _roll(connection: Connection, aliases: Aliases, span: Span) -> None:
    asked = (connection, discover(connection))
    users = usage.hourly_usage(*asked, aliases, span.since, span.until)
    kinds = usage.hourly_kinds(*asked, span.since, span.until)
    costs = cost_calls.hourly_costs(*asked, span.since, span.until)
    new = usage.new_users_by_hour(*asked, aliases, span.since, span.until)
    _put(connection, HOURLY_USAGE, ({"hour": one.hour, "digest": one.digest} | _row(one.tally) for one in users))
    _put(connection, HOURLY_KINDS, ({"hour": one.hour, "kind": one.kind} | _row(one.tally) for one in kinds))
    _put(connection, HOURLY_COSTS, map(_cost, costs))
    _put(connection, FIRST_SEEN, ({"hour": one.hour, "digest": one.digest} for one in new))
    mark(connection, hours(span))
    known = {"single": True, "fingerprint": aliases.fingerprint(), "first_hour": span.since}
    connection.execute(sa.insert(ROLLUP_STATE).values(known))


def mark(connection: Connection, rolled: Iterable[datetime]) -> None:
    """Say that these hours are rolled."""
    _put(connection, ROLLED_HOURS, ({"hour": one} for one in rolled))


def _put(connection: Connection, table: sa.Table, rows: Iterable[dict[str, object]]) -> None:
    if values := list(rows):
        connection.execute(sa.insert(table), values)


def _cost(one: CostHour) -> dict[str, object]:
    return {"hour": one.hour} | asdict(one.part) | asdict(one.tally)


def _row(tally: Tally) -> dict[str, object]:
    return {name: getattr(tally, name) for name in (*COUNTS, *AMOUNTS)}
