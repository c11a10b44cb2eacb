"""What the service's database has: columns and optional tables, found out when the console connects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.sql import quoted_name

from queries.errors import DatabaseError, DatabaseForbidden, MissingColumn, MissingTable

SETTING = "OPS_JOBS_TABLE"

OPEN = ("queued", "running")
REFUSALS = ("SAFETY_INPUT", "SAFETY_OUTPUT")
FINISHED = ("done", "failed", "cancelled")

_TEXT, _INSTANT, _WHOLE = sa.Text(), sa.DateTime(), sa.Integer()
_REQUIRED: Mapping[str, sa.types.TypeEngine[Any]] = {
    "id": _TEXT,
    "status": _TEXT,
    "user_key": _TEXT,
    "created_at": _INSTANT,
    "updated_at": _INSTANT,
}
_OPTIONAL: Mapping[str, sa.types.TypeEngine[Any]] = {
    "progress": _WHOLE,
    "current_step": _TEXT,
    "error_code": _TEXT,
    "error_message": _TEXT,
    "retry_count": _WHOLE,
    "last_retry_at": _INSTANT,
    "idempotency_key": _TEXT,
    "profile_id": _TEXT,
    "moderation_input": sa.JSON(),
    "moderation_output": sa.JSON(),
    "trace_id": _TEXT,
}
# An optional table counts as offered when each of these is there and may be read.
_LEDGER: Mapping[str, sa.types.TypeEngine[Any]] = {
    "occurred_at": _INSTANT,
    "job_id": _TEXT,
    "attempt": _WHOLE,
    "provider": _TEXT,
    "kind": _TEXT,
    "step": _TEXT,
    "outcome": _TEXT,
    "cost_usd": sa.Numeric(),
}
_EVENTS: Mapping[str, sa.types.TypeEngine[Any]] = {
    "job_id": _TEXT,
    "attempt": _WHOLE,
    "at": _INSTANT,
    "event": _TEXT,
    "detail": sa.JSON(),
}
_QUALITY: Mapping[str, sa.types.TypeEngine[Any]] = {
    "job_id": _TEXT,
    "checked_at": _INSTANT,
    "check": _TEXT,
    "score": sa.Numeric(),
    "passed": sa.Boolean(),
}
_REJECTIONS: Mapping[str, sa.types.TypeEngine[Any]] = {
    "hour": _INSTANT,
    "user_key": _TEXT,
    "guardrail": _TEXT,
    "requests": _WHOLE,
}
# Used where an optional table has them, too.
_MORE: Mapping[str, sa.types.TypeEngine[Any]] = {
    **dict.fromkeys(("actor", "detail", "user_key"), _TEXT),
    "recorded_at": _INSTANT,
}
_TABLES = ("cost_events", "job_events", "quality_checks", "guardrail_rejections")
_NAIVE, _AWARE = "timestamp without time zone", "timestamp with time zone"

# to_regclass takes the search path into account, and views; asked holds quoted identifiers.
_COLUMNS = sa.text("""
    select asked.name as asked, space.nspname as schema, relation.relname as table, attribute.attname as column,
           format_type(attribute.atttypid, null) as type,
           has_column_privilege(relation.oid, attribute.attnum, 'select') as readable
      from unnest(cast(:asked as text[])) as asked(name)
      join pg_catalog.pg_class relation on relation.oid = to_regclass(asked.name)
      join pg_catalog.pg_namespace space on space.oid = relation.relnamespace
      join pg_catalog.pg_attribute attribute on attribute.attrelid = relation.oid
     where attribute.attnum > 0 and not attribute.attisdropped
     limit 10000 -- PostgreSQL allows 1,600 columns a table
""")
# Only a valid B-tree over the whole table serves a search. A view has none.
_BY_STATUS = sa.text("""
    select exists (
        select
          from pg_catalog.pg_index index
          join pg_catalog.pg_class own on own.oid = index.indexrelid
          join pg_catalog.pg_am method on method.oid = own.relam and method.amname = 'btree'
          join pg_catalog.pg_attribute one on one.attrelid = index.indrelid and one.attnum = index.indkey[0]
          join pg_catalog.pg_attribute two on two.attrelid = index.indrelid and two.attnum = index.indkey[1]
         where index.indrelid = to_regclass(:jobs) and index.indisvalid and index.indpred is null
           and index.indnkeyatts > 1 and one.attname = 'status' and two.attname = 'created_at')
""")


@dataclass(frozen=True, slots=True)
class ServiceSchema:
    """The tables as they are there, with the columns that the role may read; what is not offered is None.

    by_status: whether an index on jobs (status, created_at) finds the newest of each status.
    """

    jobs: sa.Table
    ledger: sa.Table | None
    events: sa.Table | None
    quality: sa.Table | None
    rejections: sa.Table | None
    by_status: bool

    @property
    def has_ledger(self) -> bool:
        return self.ledger is not None

    @property
    def has_job_events(self) -> bool:
        return self.events is not None

    @property
    def has_quality_checks(self) -> bool:
        return self.quality is not None

    @property
    def has_rejections(self) -> bool:
        """Whether requests that a guardrail refused are told by user."""
        return self.rejections is not None

    @property
    def naive(self) -> bool:
        """Whether the jobs' times are naive UTC."""
        return _is_naive(self.jobs.c.created_at)

    @property
    def now(self) -> ColumnElement[Any]:
        """The database's clock when the statement starts, as timestamptz."""
        return sa.func.statement_timestamp(type_=sa.DateTime(timezone=True))

    def has(self, column: str) -> bool:
        """Whether the jobs table has this column."""
        return column in self.jobs.c

    def instant(self, column: str | ColumnElement[Any]) -> ColumnElement[Any]:
        """The column (of jobs, where a name is given) as timestamptz: naive ones are UTC."""
        column = self.jobs.c[column] if isinstance(column, str) else column
        if not _is_naive(column):
            return column
        return sa.func.timezone("UTC", column, type_=sa.DateTime(timezone=True))

    def stored(self, column: ColumnElement[Any], instant: ColumnElement[Any]) -> ColumnElement[Any]:
        """instant as the column keeps it: what a column is compared with if an index is to serve."""
        return sa.func.timezone("UTC", instant, type_=sa.DateTime()) if _is_naive(column) else instant

    def clock_start(self) -> ColumnElement[Any]:
        """When a job's clocks (waiting, SLA) began, as timestamptz: at its creation, anew when it was retried.

        Counted from created_at alone, a job that an operator just retried would at once be over the SLA, and
        the monitor be called dead. Where a deployment has no last_retry_at, created_at is all there is.
        """
        created = self.instant("created_at")
        if not self.has("last_retry_at"):
            return created
        return sa.func.greatest(created, self.instant("last_retry_at"), type_=created.type)


def discover(connection: Connection, jobs_table: str = "jobs") -> ServiceSchema:
    """Look at the database: jobs_table is a name as the database spells it, with or without its schema.

    The optional tables are looked for in the schema that was given, else on the search path. Raises MissingTable,
    MissingColumn, DatabaseForbidden.
    """
    if not all(parts := jobs_table.split(".", 1)):
        raise MissingTable(table=jobs_table, setting=SETTING)
    # A dot may part schema and table, or belong to the table's name.
    qualified = "".join(f"{_quoted(part)}." for part in parts[:-1])
    for space, name in dict.fromkeys((("", jobs_table), (qualified, parts[-1]))):
        found = _columns(connection, space, name)
        if name in found:
            return ServiceSchema(
                jobs=_jobs(found[name], jobs_table),
                ledger=_offered(found.get("cost_events", []), _LEDGER),
                events=_offered(found.get("job_events", []), _EVENTS),
                quality=_offered(found.get("quality_checks", []), _QUALITY),
                rejections=_offered(found.get("guardrail_rejections", []), _REJECTIONS),
                by_status=connection.execute(_BY_STATUS, {"jobs": space + _quoted(name)}).scalar_one(),
            )
    raise MissingTable(table=jobs_table, setting=SETTING)


def _columns(connection: Connection, space: str, jobs_table: str) -> dict[str, list[sa.Row[Any]]]:
    """The columns of the tables that are there, by the name asked for; space is quoted and ends in a dot."""
    asked = {space + _quoted(name): name for name in (jobs_table, *_TABLES)}
    found: dict[str, list[sa.Row[Any]]] = {}
    for row in connection.execute(_COLUMNS, {"asked": list(asked)}):
        found.setdefault(asked[row.asked], []).append(row)
    return found


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()


def _jobs(rows: Iterable[sa.Row[Any]], asked: str) -> sa.Table:
    by_name = {row.column: row for row in rows}
    for column in _REQUIRED:
        if column not in by_name:
            raise MissingColumn(table=asked, column=column)
        if not by_name[column].readable:
            raise DatabaseForbidden(detail=f"column {column} of table {asked}")
    for column in ("created_at", "updated_at"):
        if by_name[column].type not in {_NAIVE, _AWARE}:
            raise DatabaseError(detail=f"{asked}.{column} is {by_name[column].type}, not a timestamp.")
    return _table([row for row in by_name.values() if row.readable], {**_REQUIRED, **_OPTIONAL})


def _offered(rows: list[sa.Row[Any]], needed: Mapping[str, sa.types.TypeEngine[Any]]) -> sa.Table | None:
    may = [row for row in rows if row.readable]
    return _table(may, {**_MORE, **needed}) if {row.column for row in may}.issuperset(needed) else None


def _table(rows: list[sa.Row[Any]], columns: Mapping[str, sa.types.TypeEngine[Any]]) -> sa.Table:
    return sa.Table(
        quoted_name(rows[0].table, quote=True),
        sa.MetaData(),
        *(
            sa.Column(quoted_name(row.column, quote=True), _type(row.type, columns[row.column]))
            for row in rows
            if row.column in columns
        ),
        schema=quoted_name(rows[0].schema, quote=True),
    )


def _type(found: str, expected: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """The expected type, with the time zone as found: SQLAlchemy casts binds by it."""
    return sa.DateTime(timezone=found == _AWARE) if isinstance(expected, sa.DateTime) else expected


def _is_naive(column: ColumnElement[Any]) -> bool:
    return isinstance(column.type, sa.DateTime) and not column.type.timezone
