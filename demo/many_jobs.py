"""A long history of jobs, made by the database itself: what plans and times are looked at with."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg import Connection, sql

# Jobs go by number, the newest being 1: of two histories of the same traffic, the newest jobs are the same.
_COLUMNS: dict[str, LiteralString] = {
    "id": "kind || to_char(at, '_YYYYMMDD_HH24MISS_') || lpad(to_hex(n), 8, '0')",
    "status": "status",
    "progress": "case status when 'done' then 100 when 'queued' then 0 else dice %% 90 end",
    "current_step": "case when status in ('done', 'queued') then status else step end",
    "error_code": "case when status = 'failed' then code end",
    "error_message": "case when status = 'failed' then 'Request ' || to_hex(dice) || ' timed out after 120 s' end",
    "retry_count": "case when dice %% 200 = 0 then 2 when dice %% 20 = 0 then 1 else 0 end",
    "last_retry_at": "case when dice %% 20 = 0 then at + took / 2 end",
    "profile_id": "'profile-' || dice %% 3",
    "trace_id": "md5(n::text)",
    "user_key": "'key-' || md5(floor(5000 * (dice %% 1000003 / 1000003.0) ^ 3)::text)",
    "created_at": "at",
    "updated_at": "case when n <= 40 then at else least(at + took, clock.now) end",
}
# The newest 40 are open; of 100 others 88 are done, 8 failed, 3 were refused, 1 was cancelled. One code is rare,
# one is NULL. One job of 500 ended two days after its creation.
_MADE: LiteralString = """
  from (select timezone('utc', now()) as now) clock,
       generate_series(%(jobs)s, 1, -1) n,
       lateral (select abs(hashint4(n)::bigint) as dice) random,
       lateral (select
           clock.now - %(days)s * interval '1 day' * (n::float8 / %(jobs)s) ^ %(thinning)s as at,
           case when n %% 500 = 0 then interval '2 days' else (60 + dice %% 480) * interval '1 s' end as took,
           (array['job', 'job', 'job', 'job', 'series', 'regen', 'inpaint', 'audio'])[1 + n %% 8] as kind,
           (array['generate_story', 'generate_images', 'moderate_output', 'package'])[1 + dice %% 4] as step,
           case when n <= 30 then 'queued' when n <= 40 then 'running' when dice %% 100 < 88 then 'done'
                when dice %% 100 < 99 then 'failed' else 'cancelled' end as status,
           case when dice %% 100 > 95 then 'SAFETY_INPUT' when n %% 1000 = 0 then 'DB_WRITE_FAILED'
                else (array['IMAGE_FAILED', 'IMAGE_FAILED', 'IMAGE_TIMEOUT', 'IMAGE_RATE_LIMIT', 'LLM_TIMEOUT',
                            'LLM_JSON_INVALID', 'SLA_BREACH', null])[1 + n %% 8] end as code) made
"""
_SAMPLE: LiteralString = """
  from (select jobs.*, timezone('UTC', created_at) as began, updated_at - created_at as took
          from jobs tablesample bernoulli (%(told_percent)s) repeatable (1)) job,
"""
_TOLD: dict[str, LiteralString] = {
    "cost_events": """
insert into cost_events
       (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome, units, cost_usd)
select id || call, began + took * call / 9, id, 1 + call / 6 * retry_count, user_key,
       case when call < 3 then 'anthropic' else 'google' end, case when call < 3 then 'llm' else 'image' end,
       'model', case when call < 3 then 'generate_story' else 'generate_images' end,
       case when call = 8 and status = 'failed' then 'failed' else 'succeeded' end, 1, 0.02
"""
    + _SAMPLE
    + "generate_series(1, 8) call",
    "job_events": """
insert into job_events (job_id, attempt, at, event, detail)
select id, 1, began + took * number / 8,
       case when number = 0 then 'created' when number = 1 then 'started' when number < 8 then 'step'
            when status in ('done', 'failed', 'cancelled') then status else 'progress' end,
       json_build_object('step', (array['normalize', 'moderate_input', 'generate_story', 'generate_images',
                                        'moderate_output', 'package'])[number - 1])
"""
    + _SAMPLE
    + "generate_series(0, 8) number",
    "quality_checks": """
insert into quality_checks (job_id, checked_at, "check", score, passed)
select id, began + took, name, 0.9, true
"""
    + _SAMPLE
    + "unnest(array['text_length', 'repetition', 'placeholder_images']) name where status = 'done'",
    # Of every 50th of them: its user asked once more, or up to three times, and was refused.
    "guardrail_rejections": """
insert into guardrail_rejections (hour, user_key, guardrail, requests, last_at)
select date_trunc('hour', began), user_key, guardrail, sum(1 + dice / 50 %% 3), max(began)
"""
    + _SAMPLE
    + """
       lateral (select abs(hashtext(id)::bigint) as dice) random,
       lateral (select (array['daily_job_limit_per_user', 'daily_job_limit_per_user', 'max_pending_jobs_per_user',
                              'max_pending_jobs'])[1 + dice / 150 %% 4] as guardrail) refused
 where dice %% 50 = 0
 group by 1, 2, 3
""",
}
_INDEXES: LiteralString = """
select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid) from pg_index
 where indrelid = 'jobs'::regclass and not indisprimary
union all
select format('alter table jobs drop constraint %I', conname),
       format('alter table jobs add constraint %I %s', conname, pg_get_constraintdef(oid)) from pg_constraint
 where conrelid = 'jobs'::regclass and contype = 'p'
"""


def fill(url: str, *, jobs: int, days: float, told_percent: float, thinning: float = 1.0) -> None:
    """Put so many jobs of so many days in place of what the tables jobs, cost_events and so on hold.

    The optional tables, where they are there, tell of told_percent of the jobs. With a thinning of 1 every day is
    like every other; above it there were fewer jobs in the past.
    """
    parameters = {"jobs": jobs, "days": days, "told_percent": told_percent, "thinning": thinning}
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        _fill_jobs(connection, parameters)
        for table in _columns(connection).keys() & _TOLD.keys():
            connection.execute(sql.SQL("truncate {}").format(sql.Identifier(table)))
            connection.execute(_TOLD[table], parameters)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum (analyze)")


def _fill_jobs(connection: Connection[Any], parameters: dict[str, float]) -> None:
    """Without a log, as the transaction empties the table, too; the indexes are made sooner afterwards."""
    connection.execute("truncate jobs")
    indexes = connection.execute(_INDEXES).fetchall()
    for drop, _ in indexes:
        connection.execute(drop.encode())
    columns = [name for name in _columns(connection)["jobs"] if name in _COLUMNS]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    values = sql.SQL(", ").join(sql.SQL(_COLUMNS[name]) for name in columns)
    insert = sql.SQL("insert into jobs ({}) select {}").format(names, values)
    connection.execute(insert + sql.SQL(_MADE), parameters)
    for _, create in indexes:
        connection.execute(create.encode())


def _columns(connection: Connection[Any]) -> dict[str, list[str]]:
    """By table."""
    rows = connection.execute(
        "select table_name, array_agg(column_name::text) from information_schema.columns"
        " where table_schema = 'public' group by table_name"
    )
    return dict(rows.fetchall())
