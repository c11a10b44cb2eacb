"""Ninety days of usage across a change of New York's clocks, and its sums by plain SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from queries.usage_models import Span, Tally
from tests.queries.conftest import run

ZONES = ("Asia/Seoul", "America/New_York", "UTC")
SHARED_HOURS = ("Asia/Kolkata", "Australia/Lord_Howe")
DAYS = 90
# Before and after the days that are asked for there is something, too.
AROUND = timedelta(days=4)


@dataclass(frozen=True)
class Season:
    """Its first day, and the day on which New York's clocks change: it has 23 or 25 hours."""

    first: date
    change: date

    @property
    def last(self) -> date:
        return self.first + timedelta(days=DAYS - 1)


SPRING = Season(date(2026, 2, 1), date(2026, 3, 8))
AUTUMN = Season(date(2026, 8, 10), date(2026, 11, 1))

# 7919 is a prime: every job has a minute of its own, on the hour too. The rest lies at both sides of midnights.
_JOBS = """
insert into jobs (id, status, progress, current_step, error_code, user_key, created_at, updated_at)
select kind || '_' || n, status, n % 101,
       (array['generate_story', 'generate_images', '표지 그리는 중', 'done'])[1 + n % 4],
       case when status = 'failed'
            then (array['SAFETY_INPUT', 'SAFETY_OUTPUT', 'IMAGE_FAILED', null, 'UNKNOWN'])[1 + n % 5] end,
       'key-' || n * n % 41, at, at + interval '5 minutes'
  from (select n, (array['job', 'series', 'audio'])[1 + n % 3] as kind,
               (array['done', 'failed', 'done', 'cancelled', 'done', 'failed', 'running', 'paused'])[1 + n % 8]
                   as status,
               timestamp '{start}' + n * 7919 % {minutes} * interval '1 minute' as at
          from generate_series(1, 3000) n
         union all
        select 10000 + row_number() over (), 'edge', 'done',
               timezone('UTC', timezone(zone, day)) - before * interval '1 microsecond'
          from unnest(array['Asia/Seoul', 'America/New_York', 'UTC', 'Asia/Kolkata']) zone,
               generate_series(timestamp '{start}', timestamp '{end}', interval '1 day') day,
               generate_series(0, 1) before) made
"""
_LONERS = """
insert into jobs (id, status, progress, current_step, user_key, created_at, updated_at)
values ('nounderscore', 'done', 100, 'done', '열쇠', '{middle}', '{middle}'),
       ('_none', 'queued', 0, 'queued', '', '{middle}', '{middle}')
"""
# Every tenth job was tried again two days later; some calls have no price, some no user, some no job.
_CALLS = """
insert into cost_events (event_id, occurred_at, recorded_at, job_id, attempt, user_key, provider, kind, model,
                         step, outcome, units, cost_usd)
select id || '-' || attempt || '-' || call, at, at, case when length(id) % 8 > 0 then id end, attempt,
       case when ascii(right(id, 1)) % 5 > 0 or call < 3 then user_key end, 'p', 'llm', 'm', 's', 'succeeded', 1,
       case when call * length(id) % 7 > 0 then 0.123456789 * call end
  from jobs, generate_series(1, 3) call,
       generate_series(1, case when right(id, 1) = '7' then 2 else 1 end) attempt,
       lateral (select timezone('UTC', created_at) + call * interval '7 minutes'
                       + (attempt - 1) * interval '2 days' as at) made
"""
_REJECTIONS = """
insert into guardrail_rejections (hour, user_key, guardrail, requests, last_at)
select distinct on (1, 2, 3) date_trunc('hour', timezone('UTC', created_at)), user_key || (n % 2),
       'daily_job_limit_per_user', n, timezone('UTC', created_at)
  from jobs, generate_series(1, 3) n where right(id, 1) in ('1', '3')
"""
_JOB_SUMS = """
select count(*), count(*) filter (where status = 'done'),
       count(*) filter (where status = 'failed' and coalesce(error_code, '') not like 'SAFETY_%%'),
       count(*) filter (where status = 'failed' and error_code like 'SAFETY_%%'),
       count(*) filter (where status = 'cancelled')
  from jobs where created_at >= timezone('UTC', %(since)s) and created_at < timezone('UTC', %(until)s)
"""
_CALL_SUMS = """
select count(*) filter (where cost_usd is null), coalesce(sum(cost_usd), 0) from cost_events
 where occurred_at >= %(since)s and occurred_at < %(until)s
"""
_REJECTION_SUM = (
    "select coalesce(sum(requests), 0) from guardrail_rejections where hour >= %(since)s and hour < %(until)s"
)
# By PostgreSQL's own zones, which the console does not ask.
_MIDNIGHTS = (
    "select timezone(%(zone)s, %(day)s::timestamp), timezone(%(zone)s, %(day)s::timestamp + interval '1 day')"
)


def fill(url: str, season: Season, *, newer: bool) -> None:
    """Put the season's jobs in place of what the database holds, with calls and rejections on the newer one."""
    start, end = season.first - AROUND, season.last + AROUND
    places = {
        "start": start,
        "end": end,
        "minutes": (end - start).days * 1440,
        "middle": f"{season.change} 12:34:56",
    }
    more = (_CALLS, _REJECTIONS) if newer else ()
    run(url, "delete from jobs", _JOBS.format(**places), _LONERS.format(**places), *more)


def source(url: str, span: Span, *, newer: bool = True) -> Tally:
    """What the tables hold in the span; shares of books are not among it."""
    places = {"since": span.since, "until": span.until}
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:

        def row(statement: str) -> tuple[Any, ...]:
            found = connection.execute(statement.encode(), places).fetchone()
            assert found is not None
            return found

        if not newer:
            return Tally(*row(_JOB_SUMS))
        return Tally(*row(_JOB_SUMS), *row(_REJECTION_SUM), *row(_CALL_SUMS))


def database_day(url: str, day: date, zone: str) -> Span:
    """The day by PostgreSQL."""
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        found = connection.execute(_MIDNIGHTS, {"day": day, "zone": zone}).fetchone()
    assert found is not None
    return Span(*(instant.astimezone(UTC) for instant in found))


def hours(span: Span) -> list[datetime]:
    """The hours of a span that begins and ends with a whole one."""
    hour = timedelta(hours=1)
    return [span.since + number * hour for number in range((span.until - span.since) // hour)]
