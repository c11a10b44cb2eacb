"""The real service, and the console's way to it."""

from __future__ import annotations

from itertools import count
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.rows import dict_row

from actions import jobs
from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.permissions import Actor
from queries import schema
from queries.aliases import Aliases
from queries.jobs import get_many
from queries.models import Job
from tests.actions.conftest import OPERATOR
from tests.service_process import ServiceProcesses

numbers = count(1)


INSERT = """
insert into jobs (id, status, retry_count, current_step, user_key, created_at, updated_at)
select id, %(status)s, %(retry_count)s, 'generate_story', 'key-of-a-user', at, at
from unnest(%(ids)s::text[]) as id, (select (now() at time zone 'utc') - interval '1 hour' as at) clock
"""


class Stack:
    """A running service, and the console's way to it."""

    def __init__(self, url: str, store: sa.Engine, processes: ServiceProcesses, client: ServiceClient) -> None:
        self.url = url
        self.store = store
        self.door = Door(store)
        self.processes = processes
        self.client = client

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def new_jobs(self, amount: int = 1, status: str = "failed", retry_count: int = 0) -> list[Job]:
        """Insert jobs that were last touched an hour ago; answers them as the console reads them."""
        ids = [f"job_20261123_000000_{next(numbers):08x}" for _ in range(amount)]
        with psycopg.connect(self.url) as connection:
            connection.execute(INSERT, {"ids": ids, "status": status, "retry_count": retry_count})
        return self.read(ids)

    def read(self, ids: list[str]) -> list[Job]:
        with self.store.connect() as connection:
            found = get_many(connection, schema.discover(connection), Aliases("a key for tests"), ids)
        return [found[job_id] for job_id in ids]

    def retry(self, job: Job, request_id: str, actor: Actor = OPERATOR, reason: str = "back") -> Outcome:
        return jobs.retry(
            self.door, self.client, actor, job, start="failed_step", reason=reason, request_id=request_id
        )
