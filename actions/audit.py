"""The one door: every act on the service or on the console's own state goes through performed()."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog

from actions import audit_trail, reasons
from actions.errors import (
    ActionError,
    ActionRefused,
    AlreadyFinished,
    AlreadyPerformed,
    NotRecorded,
    OutcomeNotRecorded,
    PermissionDenied,
    ReadOnly,
    ServiceError,
    SessionOver,
    StateChanged,
    TooManyActions,
)
from actions.pace import Pace
from actions.permissions import ACTIONS, NEEDED, Actor, Role, permitted
from actions.store import jsonable
from queries.audit_models import Phase, Result
from queries.errors import OpsError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """Where acts are recorded, and whether any may be taken at all.

    again: the intent is in the log already, only what came of it is not; act once more and record that.
    refused: actions that nobody may take. pace: how many one person may take; None for a bulk action's jobs.
    """

    store: sa.Engine | None
    read_only: bool = False
    again: bool = False
    refused: frozenset[str] = frozenset()
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody wants done, on what, and why. Values without a type in JSON are kept as text."""

    action: str
    target_kind: str
    target_id: str
    reason: str
    request_id: str
    batch_id: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    before: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act changed: the state after it, and one English sentence."""

    after: Mapping[str, object]
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one intent.

    When the act was not done, error says why and after is {"error": class name, "fields": {...}}, from which
    actions.errors.recalled() gives the error back, so that a page can say it in the reader's language.
    """

    request_id: str
    target_id: str
    result: Result
    message: str
    after: Mapping[str, object]
    error: OpsError | None = None


def performed(door: Door, actor: Actor, intent: Intent, act: Callable[[], Effect]) -> Outcome:
    """Check, record the intent, act, record the outcome.

    Nothing was tried when this raises SessionOver, ActionRefused, PermissionDenied, ReadOnly, ReasonMissing,
    ReasonTooLong, TooManyActions, NotRecorded or AlreadyPerformed. What the act itself raises comes back as the
    outcome's error; an exception that is no OpsError is recorded as failed and raised again.
    """
    intent = replace(intent, target_id=reasons.cleaned(intent.target_id))
    refusal = refused(door, actor, intent.action)
    if refusal is not None:
        _keep_refusal(door, actor, intent, refusal)
        raise refusal
    if door.read_only:
        raise ReadOnly(setting="OPS_READ_ONLY")
    intent = replace(intent, reason=reasons.checked(intent.reason))
    if door.pace is not None:
        _paced(door.pace, actor, intent)
    if not door.again:
        audit_trail.record(door.store, _row(actor, intent, Phase.INTENT))
    return _settled(door, actor, intent, _tried(door, actor, intent, act))


def _tried(door: Door, actor: Actor, intent: Intent, act: Callable[[], Effect]) -> Outcome:
    try:
        effect = act()
    except OpsError as error:
        return _not_done(intent, _result_of(error), error)
    except BaseException as error:
        # Only the kind of error: its text may hold what must not be kept.
        _settled(door, actor, intent, _outcome(intent, Result.FAILED, type(error).__name__, {}))
        raise
    return _outcome(intent, Result.DONE, effect.message, effect.after)


def _result_of(error: OpsError) -> Result:
    match error:
        case StateChanged() | AlreadyFinished():
            return Result.SKIPPED
        case ServiceError() | NotRecorded():
            return Result.FAILED
        case ActionError():
            return Result.REFUSED
        case _:
            return Result.FAILED


def _outcome(intent: Intent, result: Result, message: str, after: Mapping[str, object]) -> Outcome:
    return Outcome(intent.request_id, intent.target_id, result, message, after)


def _not_done(intent: Intent, result: Result, error: OpsError) -> Outcome:
    after = {"error": type(error).__name__, "fields": error.fields}
    return replace(_outcome(intent, result, str(error), after), error=error)


def _settled(door: Door, actor: Actor, intent: Intent, outcome: Outcome) -> Outcome:
    """The outcome, recorded; where it cannot be, the outcome says so, since the act cannot be taken back."""
    try:
        audit_trail.record(door.store, _outcome_row(actor, intent, outcome))
    except AlreadyPerformed:
        # Whoever took this act over after a stall asked under the same key, and was answered the same.
        return outcome
    except ActionError as error:
        log.exception("outcome not recorded", request_id=intent.request_id, result=outcome.result)
        detail = error.fields.get("detail", str(error))
        unrecorded = OutcomeNotRecorded(message=outcome.message, detail=detail)
        return replace(outcome, message=str(unrecorded), error=unrecorded)
    return outcome


def refused(door: Door, actor: Actor, action: str) -> ActionError | None:
    """Why this person may not take this action through this door now; None where they may."""
    if actor.until is not None and datetime.now(UTC) >= actor.until:
        return SessionOver()
    if action in door.refused | actor.refused:
        return ActionRefused(action=action, setting="OPS_REFUSED_ACTIONS")
    if action not in ACTIONS or not permitted(actor, action):
        needed = NEEDED.get(action, Role.ADMIN).label
        return PermissionDenied(actor=actor.name, role=actor.role.label, action=action, needed=needed)
    return None


def _paced(pace: Pace, actor: Actor, intent: Intent) -> None:
    """Too many are logged, not recorded: else whoever takes them could fill the audit log."""
    try:
        pace.take(actor.name)
    except TooManyActions:
        log.warning("too many actions", actor=actor.name, action=intent.action)
        raise


def _keep_refusal(door: Door, actor: Actor, intent: Intent, error: ActionError) -> None:
    """As well as it can be: it stands either way."""
    if isinstance(error, SessionOver):
        log.warning("session over", actor=actor.name, action=intent.action)
        return
    intent = replace(intent, reason=reasons.cleaned(intent.reason)[: reasons.REASON_LIMIT])
    outcome = _not_done(intent, Result.REFUSED, error)
    try:
        audit_trail.record(door.store, _row(actor, intent, Phase.INTENT), _outcome_row(actor, intent, outcome))
    except ActionError:
        log.exception("refusal not recorded", request_id=intent.request_id, actor=actor.name)


def _row(actor: Actor, intent: Intent, phase: Phase) -> dict[str, object]:
    row = {
        "request_id": intent.request_id,
        "phase": phase.value,
        "actor": actor.name,
        "role": actor.role.label,
        "action": intent.action,
        "target_kind": intent.target_kind,
        "target_id": intent.target_id,
        "reason": intent.reason,
        "batch_id": intent.batch_id,
        "parameters": jsonable(dict(intent.parameters)),
    }
    return row if intent.before is None else row | {"before": jsonable(dict(intent.before))}


def _outcome_row(actor: Actor, intent: Intent, outcome: Outcome) -> dict[str, object]:
    told = {"after": jsonable(dict(outcome.after)), "result": outcome.result.value, "message": outcome.message}
    return _row(actor, intent, Phase.OUTCOME) | told
