"""The daily limit of a user: what it is, and what it was on other days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from actions.answers import GuardrailChange
from dashboard import situation
from dashboard.components import guardrail_changes
from dashboard.components.guardrail_words import DAILY_PER_USER
from dashboard.components.notices import guarded
from queries.errors import OpsError
from queries.usage_models import Span


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit that is in force now, and all changes of it that are known, newest first."""

    current: int
    changes: Sequence[GuardrailChange] = ()

    def at(self, instant: datetime) -> int:
        """What it was at an instant; before the first change that is known, what that one found."""
        value = Decimal(self.current)
        for change in self.changes:
            if change.at <= instant:
                return int(change.new)
            value = change.old
        return int(value)

    def highest(self, span: Span) -> int:
        """The most that it let anybody make at any time of the span."""
        meanwhile = (int(change.new) for change in self.changes if span.since < change.at < span.until)
        return max((self.at(span.since), *meanwhile))


def ask() -> Limit | None:
    """None where the service's limit is not known; without a history it counts as never changed."""
    current = situation.limit(DAILY_PER_USER)
    if current is None:
        return None
    found = guarded(guardrail_changes.ask)
    changes = () if isinstance(found, OpsError) else found.all
    return Limit(current, [change for change in changes if change.limit == DAILY_PER_USER])
