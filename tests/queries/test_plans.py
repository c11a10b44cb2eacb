"""On the newer deployment its indexes serve: no question that is asked all the time reads the whole jobs table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from queries import costs, jobs, queue, stuck, usage
from queries.aliases import Aliases
from queries.models import PriceList, StuckRules
from queries.schema import ServiceSchema
from tests.queries.conftest import connect, run

HOUR = timedelta(hours=1)
PRICES = PriceList(Decimal("0.01"), Decimal("0.04"))
Question = Callable[[Connection, ServiceSchema], Any]

QUESTIONS: dict[str, Question] = {
    "stuck": lambda c, s: stuck.find(c, s, Aliases("k"), StuckRules(), {"normalize": HOUR}),
    "open": queue.open_jobs,
    "outcomes": lambda c, s: jobs.outcomes(c, s, HOUR),
    "buckets": lambda c, s: jobs.outcomes_by_bucket(c, s, HOUR, timedelta(minutes=5)),
    "p95": lambda c, s: jobs.duration_p95(c, s, HOUR),
    "codes": lambda c, s: jobs.failures_by_code(c, s, HOUR),
    "job": lambda c, s: jobs.get(c, s, Aliases("k"), "job7"),
    "owners": lambda c, s: usage.jobs_today_by_owner(c, s, "UTC", ["job7"]),
    "by job": lambda c, s: costs.spent_by_job(c, s, PRICES, ["job7"]),
    "retries": lambda c, s: costs.retry_estimates(c, s, PRICES, ["job7"], "failed_step"),
    "estimated today": lambda c, s: costs.spent_today(c, s, PRICES, "UTC"),
}


@pytest.fixture(scope="module")
def busy_url(new_database: Callable[[str], str], newer_template: str) -> str:
    """A job every ten minutes for most of a year, nearly all done."""
    url = new_database(newer_template)
    run(
        url,
        "drop table cost_events",
        "insert into jobs (id, status, user_key, created_at, updated_at) select 'job' || n,"
        " case when n < 5 then 'queued' when n % 50 = 0 then 'failed' else 'done' end, 'user' || n % 1000,"
        " timezone('utc', now() - n * interval '10 min'), timezone('utc', now() - n * interval '10 min')"
        " from generate_series(1, 50000) n",
        "analyze jobs",
    )
    return url


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_reads_the_whole_table(busy_url: str, name: str) -> None:
    plans: list[str] = []
    with connect(busy_url) as (connection, schema):

        def explain(conn: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
            with conn.connection.cursor() as cursor:
                cursor.execute(f"explain {statement}", parameters)
                plans.append("\n".join(row[0] for row in cursor.fetchall()))

        sa.event.listen(connection, "before_cursor_execute", explain)
        QUESTIONS[name](connection, schema)
    assert plans
    for plan in plans:
        assert "Seq Scan on jobs" not in plan, plan
        assert "Index" in plan, plan
