"""Who may see and do what: one table, read by the pages (to hide) and by the door (to refuse)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    """A signed-in person. name goes into the audit log and, as X-Operator, to the service.

    until: when they have to sign in again; None for who never has to. refused: actions that nobody may take now.
    money_from: the least role that sees amounts of money here.
    """

    name: str
    role: Role
    until: datetime | None = None
    refused: frozenset[str] = frozenset()
    money_from: Role = Role.VIEWER

    @property
    def sees_money(self) -> bool:
        return self.role >= self.money_from


# page.<name> or action → the least role that may open or take it
NEEDED: dict[str, Role] = {
    "page.overview": Role.VIEWER,
    "page.stuck": Role.VIEWER,
    "page.queue": Role.VIEWER,
    "page.jobs": Role.VIEWER,
    "page.job": Role.VIEWER,
    "page.alerts": Role.VIEWER,
    "page.bulks": Role.VIEWER,
    "page.usage": Role.VIEWER,
    "page.costs": Role.VIEWER,
    "page.user": Role.VIEWER,
    "page.guardrails": Role.VIEWER,
    "page.audit_log": Role.VIEWER,
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
PAGE = "page."
ACTIONS = tuple(name for name in NEEDED if not name.startswith(PAGE))
# What would be empty without amounts of money: closed to whoever may not see them.
OF_MONEY = frozenset({"page.costs"})


def needed(actor: Actor, action: str) -> Role:
    """The least role that may open the page or take the action where this person is. Raises KeyError."""
    return max(NEEDED[action], actor.money_from) if action in OF_MONEY else NEEDED[action]


def permitted(actor: Actor, action: str) -> bool:
    """Whether the actor may open the page or take the action. What is not in the table is nobody's."""
    return action in NEEDED and actor.role >= needed(actor, action) and action not in actor.refused
