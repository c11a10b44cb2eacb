"""Open jobs that will not end by themselves, by the rules that hold and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from queries import jobs
from queries.aliases import Aliases
from queries.models import RuleHit, StuckJob, StuckJobs, StuckRule, StuckRules
from queries.schema import OPEN, ServiceSchema

# A bulk action takes 1,000 jobs; twice that is more than anybody reads, and total says how many there are.
STUCK_LIMIT = 2_000
# The clock of a step that takes milliseconds is noise: nobody could look at a job before it counts as stalled.
STALLED_FLOOR = timedelta(seconds=10)


def find(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    rules: StuckRules,
    step_p95: Mapping[str, timedelta],
    *,
    limit: int = STUCK_LIMIT,
) -> StuckJobs:
    """Every stuck job once, worst rule first, then longest stuck; step_p95 is that of step_times.

    A rule holds since the moment its limit was passed. Raises DatabaseError.
    """
    held = _held(schema, rules, step_p95)
    rank = sa.case(*((held.c[rule].is_not(None), place) for place, rule in enumerate(StuckRule)))
    since = sa.func.coalesce(*(held.c[rule] for rule in StuckRule)).label("since")
    stuck = (
        sa.select(held, rank.label("rank"), since, sa.func.count().over().label("total"))
        .where(rank.is_not(None))
        .order_by(rank, since, held.c.id)
        .limit(limit)
        .subquery("stuck")
    )
    clock = sa.select(schema.now.label("now")).subquery("clock")
    question = sa.select(clock, stuck).select_from(clock.outerjoin(stuck, sa.true()))
    rows = connection.execute(question.order_by(stuck.c.rank, stuck.c.since, stuck.c.id)).all()
    found = tuple(_stuck_job(row, aliases) for row in rows if row.id is not None)
    return StuckJobs(found, rows[0].total or 0, rows[0].now)


def _held(schema: ServiceSchema, rules: StuckRules, step_p95: Mapping[str, timedelta]) -> FromClause:
    """Every open job with a column a rule: since when it holds, NULL where it doesn't."""
    allowed = _allowed(rules, step_p95)
    step = schema.jobs.c.current_step if schema.has("current_step") else sa.null()
    since = _since(schema, rules, sa.func.coalesce(allowed.c.allowed, rules.stalled_fallback))
    past = [sa.case((instant < schema.now, instant)).label(rule) for rule, instant in since.items()]
    return (
        sa.select(*jobs.columns(schema), *past)
        .select_from(schema.jobs.outerjoin(allowed, allowed.c.step == step))
        .where(schema.jobs.c.status.in_(OPEN))
        .subquery("held")
    )


def _since(
    schema: ServiceSchema, rules: StuckRules, stalled_after: ColumnElement[Any]
) -> dict[StuckRule, ColumnElement[Any]]:
    """The moment from which a rule holds, past or future; NULL where the status is not the rule's."""
    running, queued = (schema.jobs.c.status == status for status in ("running", "queued"))
    updated, started = schema.instant("updated_at"), schema.clock_start()
    return {
        StuckRule.MONITOR_DEAD: started + (rules.sla + 2 * rules.monitor_tick),
        StuckRule.RUNNING: sa.case((running, updated + rules.running)),
        StuckRule.QUEUED: sa.case((queued, updated + rules.queued)),
        StuckRule.STALLED: sa.case((running, updated + stalled_after)),
        StuckRule.SLA: started + rules.sla,
    }


def _allowed(rules: StuckRules, step_p95: Mapping[str, timedelta]) -> FromClause:
    """How long each step may last before it counts as stalled, as a table of binds."""
    limits = [max(p95 * rules.stalled_factor, STALLED_FLOOR) for p95 in step_p95.values()]
    return (
        sa.func.unnest(
            sa.literal(list(step_p95), sa.ARRAY(sa.Text())), sa.literal(limits, sa.ARRAY(sa.Interval()))
        )
        .table_valued(sa.column("step", sa.Text()), sa.column("allowed", sa.Interval()))
        .render_derived("allowed")
    )


def _stuck_job(row: sa.Row[Any], aliases: Aliases) -> StuckJob:
    values = row._mapping
    hits = tuple(RuleHit(rule, values[rule]) for rule in StuckRule if values[rule] is not None)
    return StuckJob(jobs.job(row, aliases), hits)
