"""How long each step usually takes, and how long jobs usually wait, by what the newest events tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.schema import ServiceSchema
from queries.steps import QUEUED

# Long enough to hold a quiet weekend, and no more rows than a quarter of a second's reading.
HISTORY = timedelta(days=7)
EVENTS_LIMIT = 50_000
# The p95 of fewer values is just their maximum.
MINIMUM = 20
# The contract has ten; a service with steps of its own has some more.
STEPS_LIMIT = 200

_QUEUED_BY = ("created", "retried", "recovered")
_READ = (*_QUEUED_BY, "started", "step", "done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class StepTime:
    """Half of the times a step took no longer than p50, 19 times out of 20 no longer than p95."""

    p50: timedelta
    p95: timedelta


def usual(connection: Connection, schema: ServiceSchema) -> dict[str, StepTime]:
    """The usual time of each step, from the newest ones that were completed in HISTORY; "queued" is the wait.

    Steps with fewer than MINIMUM completions are left out; {} without job events. Raises DatabaseError.
    """
    if schema.events is None:
        return {}
    events = schema.events.c
    newest = (
        sa.select(
            events.job_id, events.attempt, events.event, events.detail, schema.instant(events.at).label("at")
        )
        .where(events.event.in_(_READ))
        .where(events.at >= schema.stored(events.at, schema.now - HISTORY))
        .order_by(events.at.desc())
        .limit(EVENTS_LIMIT)
        .subquery("newest")
    )
    # A start and its first step may bear the same instant.
    attempt, order = (newest.c.job_id, newest.c.attempt), (newest.c.at, newest.c.event != "started")
    waits = newest.c.event.in_(_QUEUED_BY)
    step = sa.case((waits, QUEUED), (newest.c.event == "step", newest.c.detail.op("->>")("step")))
    timed = sa.select(
        waits.label("waits"),
        step.label("step"),
        (sa.func.lead(newest.c.at).over(partition_by=attempt, order_by=order) - newest.c.at).label("took"),
        sa.func.lead(newest.c.event).over(partition_by=attempt, order_by=order).label("next"),
    ).subquery("timed")
    # What ended in a failure says how long somebody waited, not how long the step takes.
    completed = sa.case((timed.c.waits, timed.c.next == "started"), else_=timed.c.next.in_(("step", "done")))
    percentiles = sa.func.percentile_cont(sa.literal([0.5, 0.95], sa.ARRAY(sa.Float())))
    question = (
        sa.select(timed.c.step, percentiles.within_group(timed.c.took).label("times"))
        .where(completed, timed.c.step.is_not(None))
        .group_by(timed.c.step)
        .having(sa.func.count() >= MINIMUM)
        .limit(STEPS_LIMIT)
    )
    return {row.step: StepTime(*row.times) for row in connection.execute(question)}


def p95(usual: Mapping[str, StepTime]) -> dict[str, timedelta]:
    """The p95 of each step that works: a job that waits has other limits."""
    return {step: one.p95 for step, one in usual.items() if step != QUEUED}
