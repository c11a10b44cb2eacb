"""Which open jobs are stuck, by the rules of the contract."""

from __future__ import annotations

import json
from collections.abc import Mapping

from psycopg import Connection

from service.database import Row
from service.settings import Settings

# worst first: a job counts once, under the first rule that holds
RULES = ("monitor_dead", "stuck_running", "stuck_queued", "stalled", "sla_breach")
STALLED_FACTOR = 3.0
STALLED_FALLBACK_SECONDS = 300.0
# the clock of a step that takes milliseconds is noise
STALLED_FLOOR_SECONDS = 10.0
MONITOR_TICKS = 2
HISTORY = "7 days"
# no more rows than a quarter of a second's reading
HISTORY_EVENTS = 50_000
# the p95 of fewer values is just their maximum
HISTORY_MINIMUM = 20

_FIND = """
with clock as (select clock_timestamp() as instant, clock_timestamp() at time zone 'utc' as now),
monitor as (select coalesce(max(at) < max(clock.instant) - make_interval(secs => %(dead)s), false) as late
            from clock left join state on state.name = 'job_monitor'),
ages as (
    select j.id, j.status,
           extract(epoch from clock.now - j.updated_at) as quiet,
           extract(epoch from clock.now - greatest(j.created_at, j.last_retry_at)) - %(sla)s as over,
           coalesce((%(patience)s::jsonb ->> j.current_step)::float8, %(fallback)s) as patience
    from jobs j, clock
    where j.status in ('queued', 'running') and (%(job)s::text is null or j.id = %(job)s)
),
worst as (
    select id, case
        when over > %(dead)s or (over > 0 and monitor.late) then 'monitor_dead'
        when status = 'running' and quiet > %(running)s then 'stuck_running'
        when status = 'queued' and quiet > %(queued)s then 'stuck_queued'
        when status = 'running' and quiet > patience then 'stalled'
        when over > 0 then 'sla_breach'
    end as rule
    from ages, monitor
)
select rule, count(*) as jobs from worst where rule is not null group by rule
"""

_STEP_P95 = """
with newest as (
    select id, job_id, attempt, at, event, detail ->> 'step' as step from job_events
    where at > now() - %(history)s::interval
      and event in ('step', 'done', 'failed', 'cancelled', 'retried', 'recovered')
    order by at desc limit %(events)s
),
timed as (
    select step, event, lead(event) over own as next, extract(epoch from lead(at) over own - at)::float8 as seconds
    from newest window own as (partition by job_id, attempt order by at, id)
)
select step, percentile_cont(0.95) within group (order by seconds) as p95
from timed where event = 'step' and next in ('step', 'done') and step is not null
group by step having count(*) >= %(minimum)s
"""


def count_by_rule(
    connection: Connection[Row], settings: Settings, step_p95: Mapping[str, float]
) -> dict[str, int]:
    """Open jobs under their worst rule; every rule is there. step_p95 is seconds by step."""
    return dict.fromkeys(RULES, 0) | _found(connection, settings, step_p95, None)


def is_stuck(connection: Connection[Row], settings: Settings, step_p95: Mapping[str, float], job_id: str) -> bool:
    """Whether any rule holds for the job."""
    return bool(_found(connection, settings, step_p95, job_id))


def _found(
    connection: Connection[Row], settings: Settings, step_p95: Mapping[str, float], job_id: str | None
) -> dict[str, int]:
    patience = {step: max(STALLED_FACTOR * p95, STALLED_FLOOR_SECONDS) for step, p95 in step_p95.items()}
    rows = connection.execute(
        _FIND,
        {
            "dead": MONITOR_TICKS * settings.monitor_tick_seconds,
            "sla": settings.sla_seconds,
            "running": settings.stuck_running_seconds,
            "queued": settings.stuck_queued_seconds,
            "fallback": STALLED_FALLBACK_SECONDS,
            "patience": json.dumps(patience),
            "job": job_id,
        },
    ).fetchall()
    return {row["rule"]: row["jobs"] for row in rows}


def step_p95(connection: Connection[Row]) -> dict[str, float]:
    """Seconds that a completed step took at the 95th percentile; steps with too few completions are left out."""
    values = {"history": HISTORY, "events": HISTORY_EVENTS, "minimum": HISTORY_MINIMUM}
    return {row["step"]: row["p95"] for row in connection.execute(_STEP_P95, values).fetchall()}
