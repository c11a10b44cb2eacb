"""A job with a story: it failed at its images, was retried, and failed again."""

from __future__ import annotations

from typing import Any

import psycopg
from streamlit.testing.v1 import AppTest

from tests.pages.screen import table
from tests.queries.conftest import run

JOB = "job_20261123_090000_00000001"
KEY = "sk_live_0123456789abcdef"
TABLES = ("job_events", "cost_events", "quality_checks")
INSERT = """
insert into jobs (id, status, progress, current_step, error_code, retry_count, last_retry_at, user_key, trace_id,
    created_at, updated_at)
select %(id)s, %(status)s, 45, 'generate_images', %(code)s, 1, n - interval '42 min', %(key)s, 'abc123',
    n - interval '90 min', n - interval '41 min' from (select now() at time zone 'utc' as n) clock
"""
EVENTS = """
insert into job_events (job_id, attempt, at, event, detail, actor) values
    ('{id}', 1, now() - interval '90 min', 'created', '{{}}', 'user'),
    ('{id}', 1, now() - interval '89 min', 'started', '{{}}', 'worker-1'),
    ('{id}', 1, now() - interval '89 min', 'step', '{{"step": "generate_images"}}', 'worker-1'),
    ('{id}', 1, now() - interval '88 min', 'failed', '{{"error_code": "IMAGE_FAILED"}}', 'worker-1'),
    ('{id}', 2, now() - interval '42 min', 'retried', '{{"reason": "provider is back"}}', 'Ada Mensah'),
    ('{id}', 2, now() - interval '42 min', 'started', '{{}}', 'worker-1'),
    ('{id}', 2, now() - interval '42 min', 'step', '{{"step": "generate_images"}}', 'worker-1'),
    ('{id}', 2, now() - interval '41 min', 'failed', '{{"error_code": "IMAGE_TIMEOUT"}}', 'worker-1')
"""
CALLS = """
insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome, units,
    cost_usd)
select n, now() - n * interval '1 min', '{id}', case when n < 3 then 1 else 2 end, 'picture-one', 'image', 'm',
    'generate_images', case when n = 2 then 'failed' else 'succeeded' end, 1, case when n < 4 then 0.5 end
from generate_series(1, 4) n
"""


def add(url: str, status: str = "failed", code: str | None = "IMAGE_TIMEOUT", *, story: bool = True) -> None:
    """The job; with a story it failed at its images, was retried, and failed again."""
    with psycopg.connect(url) as connection:
        connection.execute(INSERT, {"id": JOB, "status": status, "code": code, "key": KEY})
    if story:
        run(url, EVENTS.format(id=JOB), CALLS.format(id=JOB))


def panel(at: AppTest, field: str) -> list[dict[str, Any]]:
    """The rows of the table that has such a column."""
    found = [table(at, number) for number in range(len(at.dataframe))]
    return next(rows for rows in found if rows and field in rows[0])
