"""One job of a bulk action: acted on, and what its end means for it and for the jobs after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from actions import jobs
from actions.audit import Door, Outcome
from actions.client import ServiceClient
from actions.errors import (
    AlreadyPerformed,
    MalformedAnswer,
    NotOffered,
    NotRecorded,
    OutcomeNotRecorded,
    ProviderUnavailable,
    ServiceBusy,
    ServiceRejectedKey,
    ServiceUnavailable,
    ServiceUnreachable,
)
from actions.jobs import Start
from actions.leases import Item, Leased, Settled
from actions.permissions import Actor, Role
from queries.audit_models import AuditAct
from queries.bulk_models import ItemState
from queries.errors import DatabaseTimeout, DatabaseUnavailable, OpsError

log = structlog.get_logger(__name__)

# A service that asks for a longer pause does not mean its pace: that job is refused, and the rest soon, too.
WAIT_LIMIT = timedelta(minutes=2)
# What the next job would meet as well.
OUTAGES = (
    ServiceUnavailable,
    ServiceBusy,
    ServiceRejectedKey,
    MalformedAnswer,
    ProviderUnavailable,
    NotOffered,
)
# Of these it is certain that nothing was done.
UNTOUCHED = (ServiceUnreachable, ServiceBusy, ServiceRejectedKey, ProviderUnavailable, NotOffered)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the end of an act means.

    settled is None where that is in doubt: the audit log knows. outage: the next job may meet the same. wait:
    begin none before that. pause: begin none until somebody resumes it.
    """

    settled: Settled | None = None
    outcome: Outcome | None = None
    outage: OpsError | None = None
    wait: timedelta | None = None
    pause: OpsError | None = None


def act(door: Door, client: Callable[[], ServiceClient], bulk: Leased, item: Item) -> Outcome:
    """The bulk action's verb on one job, on behalf of who started it. Raises NotConfigured and as performed()."""
    door = replace(door, again=item.begun)
    actor, job, reason = Actor(bulk.actor, Role[bulk.role.upper()]), item.job, bulk.reason
    request, batch = item.request_id, bulk.id
    match bulk.action:
        case "job.retry":
            start: Start = "start" if bulk.parameters.get("from") == "start" else "failed_step"
            return jobs.retry(
                door, client(), actor, job, start=start, reason=reason, request_id=request, batch_id=batch
            )
        case "job.cancel":
            return jobs.cancel(door, client(), actor, job, reason=reason, request_id=request, batch_id=batch)
        case "job.acknowledge":
            return jobs.acknowledge(door, actor, job.id, reason, request_id=request, batch_id=batch)
        case "job.snooze":
            until = datetime.fromisoformat(bulk.parameters["until"])
            return jobs.snooze(door, actor, job.id, reason, until=until, request_id=request, batch_id=batch)
        case unknown:
            raise NotOffered(action=unknown)


def meaning(item: Item, ended: Future[Outcome | None]) -> Meaning:
    """It was not begun where it was cancelled or answers None."""
    if ended.cancelled():
        return _not_begun(item)
    match ended.exception():
        case None:
            outcome = ended.result()
            return _not_begun(item) if outcome is None else _of_outcome(item, outcome)
        case AlreadyPerformed():
            return Meaning()
        case NotRecorded() as error if isinstance(error.__cause__, DatabaseUnavailable | DatabaseTimeout):
            return Meaning()
        case OpsError() as error:
            # What the door refuses to one job it refuses to all.
            return Meaning(_settled(item, ItemState.WAITING, again=True), pause=error)
        case error:
            log.error("job of a bulk action failed", batch_id=item.bulk_id, job_id=item.job.id, exc_info=error)
            return Meaning(_settled(item, ItemState.FAILED, type(error).__name__))


def taken_over(item: Item, recorded: AuditAct) -> Settled:
    """What the audit log has as the outcome of a job that somebody left in the middle."""
    after = json.loads(recorded.after or "{}") or {}
    error = after if "error" in after and "fields" in after else None
    return Settled(item.bulk_id, item.position, ItemState(str(recorded.result)), recorded.message or "", error)


def _not_begun(item: Item) -> Meaning:
    return Meaning() if item.begun else Meaning(_settled(item, ItemState.WAITING))


def _of_outcome(item: Item, outcome: Outcome) -> Meaning:
    match outcome.error:
        case OutcomeNotRecorded():
            return Meaning()
        case ServiceBusy() as error if (wait := timedelta(seconds=error.fields["seconds"])) <= WAIT_LIMIT:
            return Meaning(_settled(item, ItemState.WAITING, again=True), outcome, wait=wait)
        case error:
            kept = None if error is None else outcome.after
            settled = Settled(item.bulk_id, item.position, ItemState(outcome.result.value), outcome.message, kept)
            return Meaning(settled, outcome, outage=error if isinstance(error, OUTAGES) else None)


def _settled(item: Item, state: ItemState, message: str = "", *, again: bool = False) -> Settled:
    return Settled(item.bulk_id, item.position, state, message, again=again)
