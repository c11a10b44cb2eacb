"""The emergency switch: whether the service takes new jobs. Each verb goes through the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from actions.answers import Intake
from actions.audit import Door, Effect, Intent, Outcome, performed
from actions.client import Request, ServiceClient
from actions.errors import IntakeClosedAlready, IntakeOpenAlready, MalformedAnswer
from actions.permissions import Actor
from actions.reasons import checked

CLOSE, OPEN = "intake.close", "intake.open"


def close(
    door: Door, client: ServiceClient, actor: Actor, *, reason: str, request_id: str, before: Intake
) -> Outcome:
    """Refuse new jobs; what waits and runs goes on. before: as it was shown. See performed()."""

    def act() -> Effect:
        if not client.intake().accepting:
            raise IntakeClosedAlready(status="closed")
        after = _switched(client, Request(actor.name, request_id), accepting=False, reason=checked(reason))
        return Effect(after, "Intake is closed: the service takes no new jobs.")

    return performed(door, actor, _intent(CLOSE, reason, request_id, before), act)


def open(
    door: Door, client: ServiceClient, actor: Actor, *, reason: str, request_id: str, before: Intake
) -> Outcome:
    """Take new jobs again. before: as it was shown. See performed()."""

    def act() -> Effect:
        if client.intake().accepting:
            raise IntakeOpenAlready(status="open")
        after = _switched(client, Request(actor.name, request_id), accepting=True, reason=checked(reason))
        return Effect(after, "Intake is open: the service takes new jobs.")

    return performed(door, actor, _intent(OPEN, reason, request_id, before), act)


def _intent(action: str, reason: str, request_id: str, before: Intake) -> Intent:
    return Intent(action, "service", "intake", reason, request_id, before=asdict(before))


def _switched(client: ServiceClient, request: Request, *, accepting: bool, reason: str) -> Mapping[str, object]:
    """What holds now. Raises MalformedAnswer where the service says yes and does not do it."""
    after = client.switch_intake(accepting=accepting, reason=reason, request=request)
    if after.accepting is not accepting:
        raise MalformedAnswer(detail=f"accepting is still {str(after.accepting).lower()}")
    return asdict(after)
