"""One action on many jobs: started, paused, resumed, stopped, paced. Each verb goes through the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from actions.audit import Door, Effect, Intent, performed, refused
from actions.errors import (
    AlreadyPerformed,
    BulkNotFound,
    BulkStateChanged,
    OutcomeNotRecorded,
    TooManyJobs,
)
from actions.permissions import Actor
from actions.reasons import checked
from actions.store import recordset, writing
from queries import bulks
from queries.bulk_models import Bulk, BulkState, ItemState
from queries.models import Job
from queries.ops_store import BULK_JOBS, BULKS

_NOW = sa.func.clock_timestamp()
_GOING_ON = (BulkState.RUNNING, BulkState.PAUSED)


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of which jobs.

    action is job.retry, job.cancel, job.acknowledge or job.snooze; parameters {"from": "failed_step" | "start"}
    for a retry, {"until": ISO instant} for a snooze. jobs are as they were shown; filter is the printed query that
    chose them, "" where that was done by hand; estimates (USD) go by job id. per_minute None: as fast as it goes.
    """

    action: str
    jobs: Sequence[Job]
    reason: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    filter: str = ""
    per_minute: int | None = None
    estimates: Mapping[str, Decimal | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Change:
    """What a verb does to a bulk action, and in which states it may be done."""

    verb: str
    allowed: tuple[BulkState, ...]
    values: Mapping[str, object]
    message: str


def start(door: Door, actor: Actor, order: Order, *, bulk_id: str, limit: int) -> Bulk:
    """Queue the jobs in the store, or answer the bulk action that has this id already.

    Raises TooManyJobs above limit, and what performed() raises; nothing was queued then.
    """
    jobs = tuple({job.id: job for job in order.jobs}.values())
    if len(jobs) > limit:
        raise TooManyJobs(count=len(jobs), limit=limit)
    if (known := _found(door, bulk_id)) is not None:
        return known

    def act() -> Effect:
        _check(door, actor, order.action)
        with writing(door.store) as connection:
            _queue(connection, actor, order, bulk_id, jobs)
        return Effect({"state": BulkState.RUNNING, "jobs": len(jobs)}, f"Queued: {len(jobs)} jobs.")

    told = {"action": order.action, "jobs": len(jobs), "filter": order.filter, "per_minute": order.per_minute}
    # Each attempt has its own request id; that it is queued once is for its key to see to.
    intent = Intent("bulk.start", "bulk", bulk_id, order.reason, str(uuid4()), parameters=told)
    return _done(door, actor, intent, act)


def pause(
    door: Door, actor: Actor, bulk_id: str, *, request_id: str, reason: str = "Paused from its page."
) -> Bulk:
    """Begin no further job until resume(). Raises BulkStateChanged unless it runs, and what performed() raises."""
    change = _Change("bulk.pause", (BulkState.RUNNING,), {"state": BulkState.PAUSED, "why": None}, "Paused.")
    return _changed(door, actor, bulk_id, change, reason=reason, request_id=request_id)


def resume(
    door: Door, actor: Actor, bulk_id: str, *, request_id: str, reason: str = "Resumed from its page."
) -> Bulk:
    """Go on. Raises BulkStateChanged unless it is paused, and what performed() raises."""
    values = {"state": BulkState.RUNNING, "why": None, "next_at": None}
    change = _Change("bulk.resume", (BulkState.PAUSED,), values, "Resumed.")
    return _changed(door, actor, bulk_id, change, reason=reason, request_id=request_id)


def stop(
    door: Door, actor: Actor, bulk_id: str, *, request_id: str, reason: str = "Stopped from its page."
) -> Bulk:
    """For good: jobs that wait stay untouched, those under way are finished.

    Raises BulkStateChanged where it has ended, and what performed() raises.
    """
    mine = sa.and_(BULK_JOBS.c.bulk_id == BULKS.c.id, BULK_JOBS.c.state == ItemState.UNDER_WAY)
    ended = sa.case((sa.exists().where(mine), None), else_=_NOW)
    change = _Change("bulk.stop", _GOING_ON, {"state": BulkState.STOPPED, "ended_at": ended}, "Stopped.")
    return _changed(door, actor, bulk_id, change, reason=reason, request_id=request_id)


def pace(
    door: Door,
    actor: Actor,
    bulk_id: str,
    per_minute: int | None,
    *,
    request_id: str,
    reason: str = "Pace changed from its page.",
) -> Bulk:
    """Begin so many jobs a minute from now on; None: as fast as it goes.

    Raises BulkStateChanged where it has ended, and what performed() raises.
    """
    told = "As fast as it goes." if per_minute is None else f"{per_minute} a minute."
    change = _Change("bulk.pace", _GOING_ON, {"per_minute": per_minute, "next_at": None}, told)
    return _changed(door, actor, bulk_id, change, reason=reason, request_id=request_id)


def _changed(door: Door, actor: Actor, bulk_id: str, change: _Change, *, reason: str, request_id: str) -> Bulk:
    after = {name: value for name, value in change.values.items() if name in ("state", "per_minute")}

    def act() -> Effect:
        with writing(door.store) as connection:
            _update(connection, actor, bulk_id, change)
        return Effect(after, change.message)

    return _done(door, actor, Intent(change.verb, "bulk", bulk_id, reason, request_id, parameters=after), act)


def _update(connection: sa.Connection, actor: Actor, bulk_id: str, change: _Change) -> None:
    """In two statements: the second one sees what was under way when the row was locked."""
    locked = sa.select(BULKS.c.state).where(BULKS.c.id == bulk_id).with_for_update()
    state = connection.execute(locked).scalar()
    if state is None:
        raise BulkNotFound(bulk_id=bulk_id)
    if state not in change.allowed:
        raise BulkStateChanged(status=state)
    moved = {"state_at": _NOW, "state_by": actor.name} if "state" in change.values else {}
    connection.execute(BULKS.update().where(BULKS.c.id == bulk_id).values(**change.values, **moved))


def _done(door: Door, actor: Actor, intent: Intent, act: Callable[[], Effect]) -> Bulk:
    """Through the door; answers the bulk action after it. What was done but not recorded is done, too."""
    error = performed(door, actor, intent, act).error
    if error is not None and not isinstance(error, AlreadyPerformed | OutcomeNotRecorded):
        raise error
    found = _found(door, intent.target_id)
    if found is None:
        raise BulkNotFound(bulk_id=intent.target_id)
    return found


def _found(door: Door, bulk_id: str) -> Bulk | None:
    with writing(door.store) as connection:
        return bulks.get(connection, bulk_id)


def _check(door: Door, actor: Actor, action: str) -> None:
    """Raises what the door refuses here, once, and not for each job later."""
    if (refusal := refused(door, actor, action)) is not None:
        raise refusal


def _queue(connection: sa.Connection, actor: Actor, order: Order, bulk_id: str, jobs: Sequence[Job]) -> None:
    """Both or nothing. Raises AlreadyPerformed where the bulk action is there."""
    known = [cost for job in jobs if (cost := order.estimates.get(job.id)) is not None]
    row = {
        "id": bulk_id,
        "actor": actor.name,
        "role": actor.role.label,
        "action": order.action,
        "parameters": dict(order.parameters),
        "reason": checked(order.reason),
        "filter": order.filter,
        "total": len(jobs),
        "estimate_usd": sum(known, Decimal(0)) if known else None,
        "per_minute": order.per_minute,
        "state": BulkState.RUNNING,
        "state_by": actor.name,
    }
    added = insert(BULKS).values(row).on_conflict_do_nothing().returning(BULKS.c.id)
    if connection.execute(added).first() is None:
        raise AlreadyPerformed
    connection.execute(_queued(bulk_id, jobs, order.estimates))


def _queued(bulk_id: str, jobs: Sequence[Job], estimates: Mapping[str, Decimal | None]) -> sa.Insert:
    """One statement with one bind for however many jobs."""
    rows = [
        {"position": position, "job_id": job.id, "expected": _expected(job), "estimate_usd": estimates.get(job.id)}
        for position, job in enumerate(jobs, start=1)
    ]
    names = ("position", "job_id", "expected", "estimate_usd")
    new = recordset(rows, [BULK_JOBS.c[name] for name in names])
    values = sa.select(sa.literal(bulk_id), sa.literal(ItemState.WAITING), *new.c)
    return BULK_JOBS.insert().from_select(["bulk_id", "state", *names], values)


def _expected(job: Job) -> dict[str, object]:
    """What the actions need of a job: the state that it is expected in, and what the log keeps as before."""
    kept = ("status", "user", "progress", "step", "error_code", "retry_count")
    instants = {"created_at": job.created_at.isoformat(), "updated_at": job.updated_at.isoformat()}
    return {name: getattr(job, name) for name in kept} | instants
