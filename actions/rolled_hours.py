"""The rows that are kept of rolled hours: those of an hour are replaced together, within one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from queries.cost_fates import PARTS, SUMS
from queries.cost_models import CostHour
from queries.ops_store import FIRST_SEEN, HOURLY_COSTS, HOURLY_KINDS, HOURLY_USAGE
from queries.usage_models import KindHour, Tally, UserHour

_TALLY = tuple(field.name for field in fields(Tally))
_sums = attrgetter(*_TALLY)
_COSTS = (*SUMS, "share")
_part, _cost = attrgetter(*PARTS), attrgetter(*_COSTS)


def any_hour(hours: Sequence[datetime]) -> sa.ColumnElement[Any]:
    """One bind for however many."""
    return sa.any_(sa.bindparam(None, list(hours), type_=sa.ARRAY(sa.DateTime(timezone=True))))


def keep_users(connection: Connection, hours: Sequence[datetime], users: Sequence[UserHour]) -> None:
    """In place of what was kept of these hours, and with it whose first hour it is."""
    gone = HOURLY_USAGE.delete().where(HOURLY_USAGE.c.hour == any_hour(hours)).returning(HOURLY_USAGE.c.digest)
    concerned = {*connection.execute(gone).scalars(), *(one.digest for one in users)}
    rows = ((one.hour, one.digest, *_sums(one.tally)) for one in users)
    _copy(connection, HOURLY_USAGE, ("hour", "digest", *_TALLY), rows)
    _keep_first_seen(connection, sorted(concerned))


def keep_kinds(connection: Connection, hours: Sequence[datetime], kinds: Sequence[KindHour]) -> None:
    """In place of what was kept of these hours."""
    connection.execute(HOURLY_KINDS.delete().where(HOURLY_KINDS.c.hour == any_hour(hours)))
    rows = ((one.hour, one.kind, *_sums(one.tally)) for one in kinds)
    _copy(connection, HOURLY_KINDS, ("hour", "kind", *_TALLY), rows)


def keep_costs(connection: Connection, hours: Sequence[datetime], costs: Sequence[CostHour]) -> None:
    """In place of what was kept of these hours."""
    connection.execute(HOURLY_COSTS.delete().where(HOURLY_COSTS.c.hour == any_hour(hours)))
    rows = ((one.hour, *_part(one.part), *_cost(one.tally)) for one in costs)
    _copy(connection, HOURLY_COSTS, ("hour", *PARTS, *_COSTS), rows)


def _keep_first_seen(connection: Connection, digests: Sequence[str]) -> None:
    """The first hour with a job of each of these users; nobody's where no job is kept."""
    each = (
        sa.func.unnest(sa.literal(list(digests), sa.ARRAY(sa.Text))).table_valued("digest").render_derived("each")
    )
    kept = HOURLY_USAGE.c
    # For each by a look into the index (digest, hour), not by reading all that is kept of them.
    hour = sa.select(sa.func.min(kept.hour)).where(kept.digest == each.c.digest, kept.jobs > 0).scalar_subquery()
    first = sa.select(each.c.digest, hour.label("hour")).subquery("first")
    nobody = sa.select(first.c.digest).where(first.c.hour.is_(None))
    connection.execute(FIRST_SEEN.delete().where(FIRST_SEEN.c.digest.in_(nobody)))
    seen = insert(FIRST_SEEN).from_select(["digest", "hour"], sa.select(first).where(first.c.hour.is_not(None)))
    moved = FIRST_SEEN.c.hour != seen.excluded.hour
    values = {"hour": seen.excluded.hour}
    connection.execute(seen.on_conflict_do_update(index_elements=["digest"], set_=values, where=moved))


def _copy(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Tens of thousands of rows take tenths of a second this way, and seconds as inserts."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier("ops", table.name), names)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
