"""The history of the limits: by the service, else what went through this console by its audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions import answers, guardrail_proposals, guardrails
from actions.answers import GuardrailChange
from actions.client import ServiceClient
from actions.errors import NotOffered
from dashboard import fetch
from dashboard.components.notices import guarded
from dashboard.fetch import Fetched
from queries import audit_log
from queries.audit_models import AuditAct, AuditFilter, Result
from queries.errors import NotConfigured, OpsError

# Years of changes by hand; the audit log's own page has all.
MOST = 200


@dataclass(frozen=True, slots=True)
class Changes:
    """Newest first. by_service is False where only this console's own changes are known."""

    all: tuple[GuardrailChange, ...]
    by_service: bool
    answer: Fetched[Any]

    def newest(self) -> Mapping[str, GuardrailChange]:
        """Each limit's last change."""
        return {change.limit: change for change in reversed(self.all)}


def ask() -> Changes:
    """Raises ServiceError, or DatabaseError where the service tells nothing and the console's store cannot."""
    told = guarded(lambda: fetch.service(ServiceClient.guardrail_history, MOST))
    if not isinstance(told, OpsError):
        return Changes(told.value, by_service=True, answer=told)
    if not isinstance(told, NotOffered | NotConfigured):
        raise told
    acts = [
        fetch.store(audit_log.acts, AuditFilter(action=action, result=Result.DONE), before_id=None, limit=MOST)
        for action in (guardrails.CHANGE, guardrail_proposals.APPROVE)
    ]
    changes = [change for answer in acts for act in answer.value for change in _change(act)]
    return Changes(tuple(sorted(changes, key=lambda one: one.at, reverse=True)), by_service=False, answer=acts[0])


def _change(act: AuditAct) -> Iterator[GuardrailChange]:
    """What the audit log keeps of one; nothing where an older console kept it in another way."""
    before, after = _document(act.before), _document(act.after)
    old, new = answers.number(before, "value"), answers.number(after, "value")
    if old is not None and new is not None:
        yield GuardrailChange(
            id=act.request_id,
            at=_ended(act),
            limit=act.target_id,
            old=old,
            new=new,
            expires_at=answers.instant_or_none(after, "expires_at"),
            actor=act.actor,
            reason=act.reason,
            request_id=act.request_id,
        )


def _ended(act: AuditAct) -> datetime:
    return act.ended_at or act.at


def _document(text: str | None) -> Mapping[str, object]:
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}
