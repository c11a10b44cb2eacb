"""Turning a limit: for good or for a while, on the state that was shown. Each verb goes through the door."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from actions.answers import Guardrail
from actions.audit import Door, Effect, Intent, Outcome, performed
from actions.client import Request, ServiceClient
from actions.errors import ApprovalNeeded, MalformedAnswer
from actions.permissions import Actor
from actions.reasons import checked

CHANGE = "guardrail.change"


def change(
    door: Door,
    client: ServiceClient,
    actor: Actor,
    *,
    limit: str,
    value: Decimal,
    expires_at: datetime | None,
    reason: str,
    etag: str,
    before: Guardrail,
    stake_usd: Decimal | None,
    approval_usd: Decimal | None,
    request_id: str,
) -> Outcome:
    """Set one limit, for good or until expires_at (aware; in the future, at most 366 days away).

    before and etag: as they were shown. stake_usd: the money at stake in 30 days, which the page computes, None
    where nobody can tell; approval_usd: from settings. The outcome's error may be ApprovalNeeded,
    GuardrailsChanged (skipped), LimitOutOfRange, ExpiryPassed, ExpiryTooLate, or what every call of the service
    raises. Raises what performed() raises.
    """

    def act() -> Effect:
        if needs_approval(stake_usd, approval_usd):
            raise ApprovalNeeded(threshold=approval_usd)
        request = Request(actor.name, request_id)
        return applied(
            client, request, limit=limit, value=value, expires_at=expires_at, reason=checked(reason), etag=etag
        )

    asked = {"value": value, "expires_at": expires_at, "stake_usd": stake_usd}
    intent = Intent(CHANGE, "guardrail", limit, reason, request_id, parameters=asked, before=told(before))
    return performed(door, actor, intent, act)


def needs_approval(stake_usd: Decimal | None, threshold: Decimal | None) -> bool:
    """Whether a second admin has to approve: more than the threshold is at stake, or nobody knows how much.

    Both in USD; without a threshold nothing needs approval.
    """
    return threshold is not None and (stake_usd is None or stake_usd > threshold)


def applied(
    client: ServiceClient,
    request: Request,
    *,
    limit: str,
    value: Decimal,
    expires_at: datetime | None,
    reason: str,
    etag: str,
) -> Effect:
    """Have the service change it. Raises MalformedAnswer where the service says yes and does not do it."""
    answer = client.change_guardrails(
        {limit: value}, reason=reason, expires_at=expires_at, etag=etag, request=request
    )
    after = answer.limits.get(limit)
    if after is None or after.value != value or (after.expires_at is None) is not (expires_at is None):
        held = "is not listed" if after is None else _holds(after)
        raise MalformedAnswer(detail=f"it took the change, but {limit} {held}")
    return Effect(told(after), f"{limit} {_holds(after)}.")


def told(guardrail: Guardrail) -> dict[str, object]:
    """What the audit log keeps of a limit's state."""
    return {
        "value": guardrail.value,
        "expires_at": guardrail.expires_at,
        "reverts_to": guardrail.reverts_to,
    }


def _holds(guardrail: Guardrail) -> str:
    until = "" if guardrail.expires_at is None else f" until {guardrail.expires_at.isoformat(timespec='seconds')}"
    return f"is {guardrail.value:f}{until}"
