"""Books refused at the door: they leave no job, so they are counted by hour, user and guardrail."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection

from service.database import Pool
from service.logs import log

KEPT = "400 days"
# the user waits for the refusal meanwhile: better uncounted than late
WAIT_SECONDS = 1.0


def count(pool: Pool, user_key: str, guardrail: str) -> None:
    """Count one refusal, in a transaction of its own: the one that was refused is rolled back.

    What cannot be counted is logged, and the refusal stands: the metric counts it all the same.
    """
    try:
        with pool.connection(timeout=WAIT_SECONDS) as connection:
            _add(connection, user_key, guardrail)
    except psycopg.Error as error:
        log.warning("refusal was not counted", guardrail=guardrail, error=type(error).__name__)


def _add(connection: Connection[Any], user_key: str, guardrail: str) -> None:
    connection.execute("select set_config('statement_timeout', %s, true)", [f"{WAIT_SECONDS * 1000:.0f}ms"])
    connection.execute(
        "insert into guardrail_rejections as kept (hour, user_key, guardrail, requests, last_at)"
        " select date_trunc('hour', now, 'UTC'), %s, %s, 1, now from (select clock_timestamp() as now) clock"
        " on conflict (hour, user_key, guardrail) do update"
        " set requests = kept.requests + 1, last_at = greatest(kept.last_at, excluded.last_at)",
        [user_key, guardrail],
    )


def forget_old(connection: Connection[Any]) -> None:
    """Drop what is older than any report looks back."""
    connection.execute("delete from guardrail_rejections where hour < now() - %s::interval", [KEPT])
