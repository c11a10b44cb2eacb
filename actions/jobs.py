"""What can be done to a job. Each verb goes through the door and carries the state it was decided on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from actions.audit import Door, Effect, Intent, Outcome, performed
from actions.client import Request, ServiceClient, Start
from actions.permissions import Actor
from actions.plans import Caution, Obstacle, Plan, PlannedJob, plan_cancel, plan_retry
from actions.reasons import checked, cleaned
from actions.store import writing
from queries.models import Job
from queries.ops_store import ACKNOWLEDGEMENTS

__all__ = [
    "Caution",
    "Obstacle",
    "Plan",
    "PlannedJob",
    "Start",
    "acknowledge",
    "cancel",
    "plan_cancel",
    "plan_retry",
    "retry",
    "snooze",
]


def retry(
    door: Door,
    client: ServiceClient,
    actor: Actor,
    job: Job,
    *,
    start: Start,
    reason: str,
    request_id: str,
    batch_id: str | None = None,
) -> Outcome:
    """Run the job again, from the step it stands at or from the start. job: as it was shown. See performed()."""

    def act() -> Effect:
        answer = client.retry(
            job.id,
            start=start,
            reason=checked(reason),
            expected_status=job.status,
            expected_updated_at=job.updated_at,
            request=Request(actor.name, request_id),
        )
        after = {"status": answer.status, "attempt": answer.attempt, "retry_count": answer.retry_count}
        return Effect(after, f"Retried: the job is {answer.status}.")

    intent = Intent("job.retry", "job", job.id, reason, request_id, batch_id, {"from": start}, before=_state(job))
    return performed(door, actor, intent, act)


def cancel(
    door: Door,
    client: ServiceClient,
    actor: Actor,
    job: Job,
    *,
    reason: str,
    request_id: str,
    batch_id: str | None = None,
) -> Outcome:
    """Stop the job for good. job: as it was shown. See performed()."""

    def act() -> Effect:
        answer = client.cancel(
            job.id,
            reason=checked(reason),
            expected_status=job.status,
            expected_updated_at=job.updated_at,
            request=Request(actor.name, request_id),
        )
        after = {"status": answer.status, "cost_usd_spent": answer.cost_usd_spent}
        return Effect(after, f"Cancelled: the job is {answer.status}.")

    intent = Intent("job.cancel", "job", job.id, reason, request_id, batch_id, before=_state(job))
    return performed(door, actor, intent, act)


def acknowledge(
    door: Door, actor: Actor, job_id: str, note: str, *, request_id: str, batch_id: str | None = None
) -> Outcome:
    """Leave a note on a stuck job: somebody looks after it. Needs no service. See performed()."""
    intent = Intent("job.acknowledge", "job", job_id, note, request_id, batch_id)
    return _noted(door, actor, intent, None, "Acknowledged.")


def snooze(
    door: Door,
    actor: Actor,
    job_id: str,
    note: str,
    *,
    until: datetime,
    request_id: str,
    batch_id: str | None = None,
) -> Outcome:
    """Leave a note on a stuck job and keep it quiet until an instant (with its zone). See performed()."""
    if until.tzinfo is None:
        raise ValueError("until needs a time zone")
    parameters = {"until": until.isoformat()}
    intent = Intent("job.snooze", "job", job_id, note, request_id, batch_id, parameters)
    return _noted(door, actor, intent, until, f"Snoozed until {until.isoformat(timespec='minutes')}.")


def _noted(door: Door, actor: Actor, intent: Intent, until: datetime | None, message: str) -> Outcome:
    def act() -> Effect:
        row = {
            "job_id": cleaned(intent.target_id),
            "actor": actor.name,
            "note": checked(intent.reason),
            "snoozed_until": until,
            "request_id": intent.request_id,
        }
        with writing(door.store) as connection:
            connection.execute(insert(ACKNOWLEDGEMENTS).on_conflict_do_nothing(), row)
        return Effect({"snoozed_until": until}, message)

    return performed(door, actor, intent, act)


def _state(job: Job) -> Mapping[str, object]:
    return {
        "status": job.status,
        "step": job.step,
        "progress": job.progress,
        "error_code": job.error_code,
        "retry_count": job.retry_count,
        "updated_at": job.updated_at.isoformat(),
    }
