"""The daily limit of money as it changed, or the threshold that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from actions.answers import GuardrailChange
from dashboard import situation
from dashboard.components import guardrail_changes
from dashboard.components.guardrail_words import DAILY_USD
from dashboard.components.notices import guarded
from dashboard.connections import settings
from dashboard.i18n import t
from queries.errors import OpsError
from queries.usage_models import Span

Steps = Sequence[tuple[datetime, Decimal | None]]


@dataclass(frozen=True, slots=True)
class DailyLimit:
    """steps hold until the next one, None where it was off.

    by_service is False where the console's threshold stands for it.
    """

    steps: Steps
    by_service: bool

    @property
    def name(self) -> str:
        return t("limit") if self.by_service else t("warning")


def ask(span: Span) -> DailyLimit:
    """The service's daily limit over the span; the warning threshold where the service has none now or ever."""
    answer = guarded(situation.guardrails)
    rail = None if isinstance(answer, OpsError) else answer.value.limits.get(DAILY_USD)
    if rail is not None:
        found = over_time(rail.value, changes(), span)
        if any(value is not None for _, value in found):
            return DailyLimit(found, by_service=True)
    warning = settings().thresholds.daily_cost_warning
    return DailyLimit([(span.since, warning), (span.until, warning)], by_service=False)


def changes() -> Sequence[GuardrailChange]:
    """All changes of this limit, newest first; none where no history can be read."""
    found = guarded(guardrail_changes.ask)
    return () if isinstance(found, OpsError) else [one for one in found.all if one.limit == DAILY_USD]


def over_time(current: Decimal, newest_first: Sequence[GuardrailChange], span: Span) -> Steps:
    """The value at the span's ends and at each change between; before the first change what that one found."""
    steps: list[tuple[datetime, Decimal | None]] = [(span.until, current or None)]
    value = current
    for change in newest_first:
        if change.at <= span.since:
            value = change.new
            break
        if change.at < span.until:
            steps.append((change.at, change.new or None))
        value = change.old
    return [(span.since, value or None), *reversed(steps)]
