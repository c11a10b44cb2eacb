"""Two at once, on connections of their own, with the first held open until the second waits for it."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from psycopg import Connection

from service import admission
from service.admission import Order, Rejected
from service.database import Pool, Row
from service.errors import NotRetryable
from service.idempotency import Answer, Write, perform
from service.settings import Settings

WAIT_SECONDS = 10


def until_it_waits(pool: Pool, second: Future[Any]) -> None:
    """Until the second waits for a lock; also back when it has ended, for then nothing held it."""
    deadline = time.monotonic() + WAIT_SECONDS
    with pool.connection() as connection:
        connection.autocommit = True
        while not second.done():
            if connection.execute("select 1 from pg_locks where not granted").fetchone():
                return
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize(
    "limit",
    ["daily_job_limit_per_user", "max_pending_jobs", "max_pending_jobs_per_user", "daily_generation_budget"],
)
def test_no_limit_can_be_raced_past(pool: Pool, settings: Settings, limit: str) -> None:
    with pool.connection() as connection:
        connection.execute("update guardrails set value = 1 where name = %s", [limit])

    def order() -> str:
        with pool.connection() as connection:
            return admission.admit(connection, settings, Order("user", None, None, "0" * 32, {}))

    with ThreadPoolExecutor(1) as threads:
        with pool.connection() as first:
            admission.admit(first, settings, Order("user", None, None, "0" * 32, {}))
            second = threads.submit(order)
            until_it_waits(pool, second)
        with pytest.raises(Rejected) as rejected:
            second.result(WAIT_SECONDS)
    assert rejected.value.limit == limit


@pytest.mark.parametrize("refused", [False, True])
def test_a_repeat_during_the_first_waits_for_its_answer(pool: Pool, *, refused: bool) -> None:
    acting, go_on, acts = Event(), Event(), []

    def act(connection: Connection[Row]) -> Answer:
        acts.append(connection)
        acting.set()
        assert go_on.wait(WAIT_SECONDS)
        if refused:
            raise NotRetryable(status="done")
        return Answer(202, {"act": len(acts)})

    write = Write("click", "POST", "/v1/admin/jobs/job_a/retry", b"{}", "request")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(perform, pool, write, act)
        assert acting.wait(WAIT_SECONDS)
        second = threads.submit(perform, pool, write, act)
        until_it_waits(pool, second)
        go_on.set()
        answers = [first.result(WAIT_SECONDS), second.result(WAIT_SECONDS)]
    assert len(acts) == 1
    assert answers[0].body == answers[1].body
    assert [answer.replayed for answer in answers] == [False, True]
