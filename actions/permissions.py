"""Who may do what: one table, read by the pages (to hide) and by the door (to refuse)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """Each role may do all that the one before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person. name goes into the audit log and, as X-Operator, to the service."""

    name: str
    role: Role


# action → the least role that may take it
NEEDED: dict[str, Role] = {
    "job.retry": Role.OPERATOR,
    "job.cancel": Role.OPERATOR,
    "job.acknowledge": Role.OPERATOR,
    "job.snooze": Role.OPERATOR,
    "bulk.start": Role.OPERATOR,
    "bulk.pause": Role.OPERATOR,
    "bulk.resume": Role.OPERATOR,
    "bulk.stop": Role.OPERATOR,
    "bulk.pace": Role.OPERATOR,
    "view.save": Role.OPERATOR,
    "view.remove": Role.OPERATOR,
    "intake.close": Role.ADMIN,
    "intake.open": Role.ADMIN,
    "guardrail.change": Role.ADMIN,
    "guardrail.propose": Role.ADMIN,
    "guardrail.approve": Role.ADMIN,
    "guardrail.decline": Role.ADMIN,
    "user.note": Role.OPERATOR,
}


def permitted(actor: Actor, action: str) -> bool:
    """Whether the actor may take the action. An action that is not in the table is nobody's."""
    return action in NEEDED and actor.role >= NEEDED[action]
