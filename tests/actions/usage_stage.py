"""A service's database and a store with the schema ops, and what the roll-up made of the one in the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa

from actions.rollup_check import Checked, check
from actions.rollups import RolledUp, roll_up
from queries import schema
from queries.aliases import Aliases
from queries.database import engine

Kept = dict[str, list[tuple[Any, ...]]]
Fresh = Callable[[], Kept]

LATEST = datetime.max.replace(tzinfo=UTC)
KEY = "a key for tests"
TABLES = ("hourly_usage", "hourly_kinds", "hourly_costs", "first_seen")
# Jobs, calls and rejections of a few users in the last 60 hours, which is in so many days.
DAYS = 4
OLD = "created_at < now() at time zone 'utc' - interval '26 hours'"
FILL = """
with made as (
    select n, clock.hour - (n * 7919 % 60) * interval '1 hour' + n % 60 * interval '1 minute' as at
      from generate_series(1, 300) n, (select date_trunc('hour', now() at time zone 'utc') as hour) clock)
insert into jobs (id, status, error_code, user_key, created_at, updated_at)
select (array['job', 'series', 'audio'])[1 + n % 3] || '_' || n,
       (array['done', 'failed', 'failed', 'cancelled', 'running'])[1 + n % 5],
       case when n % 5 = 1 then 'SAFETY_INPUT' when n % 5 = 2 then 'IMAGE_FAILED' end,
       'key-' || n * n % 17, at, at + interval '3 minutes'
  from made where at < now() at time zone 'utc' - interval '5 minutes';
"""
MORE = """
insert into cost_events (event_id, occurred_at, recorded_at, job_id, attempt, user_key, provider, kind, model,
                         step, outcome, units, cost_usd)
select id || '-' || call, timezone('UTC', created_at), timezone('UTC', created_at), id, 1,
       case when call = 1 then user_key end, 'p', 'llm', 'm', 's', 'succeeded', 1,
       case when length(id) % 5 > 0 then 0.123456789 * call end
  from jobs, generate_series(1, 2) call;
insert into guardrail_rejections (hour, user_key, guardrail, requests, last_at)
select distinct on (1, 2) date_trunc('hour', timezone('UTC', created_at)), user_key || '-refused',
       'daily_job_limit_per_user', 3, timezone('UTC', created_at)
  from jobs where right(id, 1) = '3';
"""

RETRIED = f"""
with retried as (update jobs set status = 'running', error_code = null, retry_count = 1,
                 updated_at = now() at time zone 'utc' where status = 'failed' and {OLD} returning id)
insert into job_events (job_id, attempt, at, event) select id, 2, now(), 'retried' from retried
"""  # noqa: S608
ENDED = f"""
update jobs set status = 'done', updated_at = now() at time zone 'utc' where status = 'running' and {OLD}
"""  # noqa: S608


@dataclass
class Stage:
    """Both sides as a console has them."""

    source_url: str
    store_url: str
    source: sa.Engine
    store: sa.Engine
    aliases: Aliases
    until: datetime = LATEST

    @property
    def schema(self) -> schema.ServiceSchema:
        with self.source.connect() as connection:
            return schema.discover(connection)

    def roll(self, **options: Any) -> RolledUp:
        return roll_up(self.source, self.schema, self.aliases, self.store, **options)

    def check(self, **options: Any) -> Checked:
        return check(self.source, self.schema, self.aliases, self.store, **options)

    def change(self, *statements: str) -> None:
        """In the service's database."""
        run(self.source_url, *statements)

    def spoil(self, *statements: str) -> None:
        """In the store."""
        run(self.store_url, *statements)

    def kept(self) -> Kept:
        """All sums of hours before until, since an hour may end while a test goes on; and which are clean."""
        asked = {name: f"select * from ops.{name} where hour < %s" for name in TABLES}  # noqa: S608
        asked["rolled"] = "select hour, dirty from ops.rolled_hours where hour < %s"
        with psycopg.connect(self.store_url, options="-c TimeZone=UTC") as connection:
            return {name: sorted(connection.execute(one.encode(), [self.until])) for name, one in asked.items()}

    def one(self, question: str) -> Any:
        with psycopg.connect(self.store_url, options="-c TimeZone=UTC") as connection:
            row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]

    def clear(self) -> None:
        """Both sides as they are made."""
        self.change("truncate jobs, job_events, cost_events, guardrail_rejections")
        self.spoil(
            f"truncate {', '.join('ops.' + name for name in (*TABLES, 'rolled_hours', 'rollup_state', 'duties'))}"
        )


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def staged(source_url: str, store_url: str, key: str = KEY) -> Iterator[Stage]:
    timeout = timedelta(seconds=10)
    source = engine(source_url, statement_timeout=timeout, read_only=True, pool_size=2)
    store = engine(store_url, statement_timeout=timeout, pool_size=3)
    try:
        yield Stage(source_url, store_url, source, store, Aliases(key))
    finally:
        source.dispose()
        store.dispose()
