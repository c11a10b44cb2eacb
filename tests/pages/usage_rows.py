"""Users with a known usage of today, in rows of the newer deployment."""

from __future__ import annotations

import psycopg

KEYS = tuple(f"sk_live_{number:016x}" for number in range(200))
JOB = """
insert into jobs (id, status, progress, current_step, error_code, user_key, created_at, updated_at)
select %(kind)s || '_' || md5(%(key)s || %(number)s || %(days)s), %(status)s, 100, 'done', %(code)s, %(key)s,
    at, least(at + interval '2 min', n) from (select n, date_trunc('day', n) - %(days)s * interval '1 day'
    + %(share)s * (n - date_trunc('day', n)) as at from (select now() at time zone 'utc' as n) clock) moment
"""
CALL = """
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select md5(random()::text), now(), null, 1, %s, 'picture-one', 'image', 'm', 'generate_images', 'succeeded', 1, %s
"""
REJECTION = """
insert into guardrail_rejections (hour, user_key, guardrail, requests, last_at)
values (date_trunc('hour', now()), %s, 'daily_job_limit_per_user', %s, now())
"""


def add_jobs(
    url: str,
    key: str,
    number: int,
    *,
    days: int = 0,
    failed: int = 0,
    refused: int = 0,
    kind: str = "job",
    within: tuple[float, float] = (0.2, 0.8),
) -> None:
    """So many jobs so many days ago, the first of them bad, spread over this part of the day so far."""
    begin, end = within
    with psycopg.connect(url) as connection:
        for place in range(number):
            bad = place < failed + refused
            connection.execute(
                JOB,
                {
                    "key": key,
                    "number": str(place),
                    "days": days,
                    "kind": kind,
                    "status": "failed" if bad else "done",
                    "code": ("IMAGE_FAILED" if place < failed else "SAFETY_INPUT") if bad else None,
                    "share": begin + (end - begin) * place / number,
                },
            )


def add_call(url: str, key: str | None, usd: float | None) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(CALL, [key, usd])


def add_rejections(url: str, key: str, requests: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(REJECTION, [key, requests])
