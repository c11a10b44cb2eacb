"""Which indexes the service's tables lack, and how their owner can add them. The console adds none itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import Connection

from queries.schema import ServiceSchema

# Below this a table is read whole in some hundredths of a second, and an index would help nobody.
LARGE_TABLE_ROWS = 100_000
# PostgreSQL cuts the name of an index after 63 bytes, and the columns stand at its end.
TABLE_NAME_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Recommended:
    """An index worth having; whatever index begins with the columns of serving does as well."""

    columns: tuple[str, ...]
    serving: tuple[str, ...]
    speeds_up: str


JOBS = (
    Recommended(
        ("status", "created_at"),
        ("status", "created_at"),
        "Lists and counts of jobs: open, stuck, failed, by the hour. Without it each reads the whole table.",
    ),
    Recommended(
        ("user_key", "created_at"),
        ("user_key",),
        "The jobs of one user, and how many of a user's jobs count toward the daily limit.",
    ),
)
LEDGER = (
    Recommended(
        ("occurred_at",), ("occurred_at",), "What was spent today, by the hour, and what a retry will cost."
    ),
    Recommended(("job_id", "attempt"), ("job_id",), "What a job cost: in lists, on its page, and before a retry."),
)
EVENTS = (
    Recommended(("job_id", "at"), ("job_id",), "The timeline on a job's page."),
    Recommended(("at",), ("at",), "How long a step usually takes, which is what stalled jobs are told by."),
)
QUALITY = (Recommended(("job_id",), ("job_id",), "The quality checks on a job's page."),)


@dataclass(frozen=True, slots=True)
class IndexAdvice:
    """A missing index of a table of about so many rows, and the statement that adds it while writes go on."""

    table: str
    columns: tuple[str, ...]
    rows: int
    speeds_up: str
    statement: str

    @property
    def matters(self) -> bool:
        """Whether the table is large enough for the index to be felt."""
        return self.rows >= LARGE_TABLE_ROWS


@dataclass(frozen=True, slots=True)
class _Index:
    """whole: a B-tree over all rows. An index that isn't valid is being built, or its building was broken off."""

    name: str
    spelled: str
    columns: tuple[str, ...]
    whole: bool
    valid: bool

    def fits(self, wanted: Recommended) -> bool:
        return self.whole and self.columns[: len(wanted.serving)] == wanted.serving


# A column that is an expression has no name. Neither views nor partitioned tables can be indexed concurrently.
# A table that was never analysed is taken for one of 100 bytes a row.
_INDEXES = sa.text("""
    select asked.name as asked, relation.relname as table, own.relname as name,
           quote_ident(space.nspname) || '.' || quote_ident(relation.relname) as spelled_table,
           quote_ident(space.nspname) || '.' || quote_ident(own.relname) as spelled_name,
           method.amname = 'btree' and index.indpred is null as whole, index.indisvalid as valid,
           cast(case when relation.reltuples < 0 then pg_relation_size(relation.oid) / 100
                     else relation.reltuples end as bigint) as rows,
           array(select coalesce(attribute.attname, '')
                   from unnest(cast(index.indkey as int2[])) with ordinality as key(number, position)
                   left join pg_catalog.pg_attribute attribute
                     on attribute.attrelid = relation.oid and attribute.attnum = key.number and key.number > 0
                  where key.position <= index.indnkeyatts
                  order by key.position) as columns
      from unnest(cast(:asked as text[])) as asked(name)
      join pg_catalog.pg_class relation
        on relation.oid = to_regclass(asked.name) and relation.relkind in ('r', 'm')
      join pg_catalog.pg_namespace space on space.oid = relation.relnamespace
      left join (pg_catalog.pg_index index
                 join pg_catalog.pg_class own on own.oid = index.indexrelid
                 join pg_catalog.pg_am method on method.oid = own.relam)
        on index.indrelid = relation.oid
     order by own.relname
     limit 1000 -- no four tables have that many
""")


def advice(connection: Connection, schema: ServiceSchema) -> tuple[IndexAdvice, ...]:
    """The recommended indexes that are missing, those of jobs first; () for a view. Raises DatabaseError."""
    recommended = _recommended(schema)
    found: dict[str, list[sa.Row[Any]]] = {}
    for row in connection.execute(_INDEXES, {"asked": list(recommended)}):
        found.setdefault(row.asked, []).append(row)
    return tuple(
        _advice(rows[0], each, indexes)
        for asked, wanted in recommended.items()
        if (rows := found.get(asked))
        for indexes in [_indexes(rows)]
        for each in wanted
        if not any(index.valid and index.fits(each) for index in indexes)
    )


def _recommended(schema: ServiceSchema) -> dict[str, tuple[Recommended, ...]]:
    """By the quoted name of each table that the service offers."""
    tables = ((schema.jobs, JOBS), (schema.ledger, LEDGER), (schema.events, EVENTS), (schema.quality, QUALITY))
    return {
        sql.Identifier(str(table.schema), str(table.name)).as_string(): wanted
        for table, wanted in tables
        if table is not None
    }


def _indexes(rows: list[sa.Row[Any]]) -> list[_Index]:
    return [
        _Index(row.name, row.spelled_name, tuple(row.columns), row.whole, row.valid)
        for row in rows
        if row.name is not None
    ]


def _advice(table: sa.Row[Any], wanted: Recommended, indexes: list[_Index]) -> IndexAdvice:
    return IndexAdvice(
        table=table.spelled_table,
        columns=wanted.columns,
        rows=table.rows,
        speeds_up=wanted.speeds_up,
        statement=_statement(table, wanted, indexes),
    )


def _statement(table: sa.Row[Any], wanted: Recommended, indexes: list[_Index]) -> str:
    """One whose building was broken off is built anew: "if not exists" would take it for done."""
    for index in indexes:
        if index.fits(wanted):
            return f"reindex index concurrently {index.spelled}"
    name = _unused_name(table, wanted, {index.name for index in indexes})
    return f"create index concurrently if not exists {name} on {table.spelled_table} ({', '.join(wanted.columns)})"


def _unused_name(table: sa.Row[Any], wanted: Recommended, used: set[str]) -> str:
    """Without characters that would need quotes."""
    words = re.sub(r"\W+", "_", table.table.lower(), flags=re.ASCII)[:TABLE_NAME_LENGTH]
    name = "_".join(("ix", words, *wanted.columns))
    return next(free for free in (name, *(f"{name}_{n}" for n in range(2, len(used) + 3))) if free not in used)
