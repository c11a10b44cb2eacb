"""What there is to know before spending is stopped, each source asked on its own, and what to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from math import ceil

from actions.answers import Guardrail, Guardrails, Intake
from actions.client import ServiceClient
from dashboard import dry_runs, fetch
from dashboard.components import cost_burn_now, guardrail_now, queue_stakes
from dashboard.components.cost_burn_now import BurnNow, Pace
from dashboard.components.guardrail_now import Use
from dashboard.components.guardrail_words import DAILY_PER_USER, DAILY_USD
from dashboard.components.notices import guarded
from dashboard.components.queue_stakes import Stakes
from queries.errors import OpsError

UNCACHED = timedelta(0)
# Three of four users made no more than what is suggested.
USUAL_SHARE = 0.75
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class EmergencyNow:
    """The situation when somebody asked for the ways out; intake is None where the service has no such switch.

    users_today are the jobs of each of today's users, fewest first, () where nobody can tell.
    """

    burn: BurnNow | OpsError | None
    pace: Pace | None
    stakes: Stakes | OpsError
    intake: Intake | OpsError | None
    limits: Guardrails | OpsError
    users_today: tuple[int, ...]

    @property
    def usd_per_hour(self) -> Decimal | None:
        """What is being spent now, else what the books cost that are asked for; None where nothing tells."""
        if isinstance(self.burn, BurnNow):
            return self.burn.usd_per_hour
        if isinstance(self.stakes, OpsError) or self.stakes.usd_of_book is None:
            return None
        return self.stakes.usd_of_book * Decimal(self.stakes.new_per_hour)

    def rail(self, limit: str) -> Guardrail | None:
        """None where the service lists no such limit, or none at all."""
        return None if isinstance(self.limits, OpsError) else self.limits.limits.get(limit)

    def suggested(self, limit: str) -> Decimal | None:
        """A lower value to begin with; None where there is none to suggest."""
        rail = self.rail(limit)
        if rail is None:
            return None
        value = self._spent() if limit == DAILY_USD else self._usual_jobs()
        if value is None:
            return None
        value = value if rail.min is None else max(value, rail.min)
        return value if value < rail.value or (limit == DAILY_USD and not rail.value) else None

    def _spent(self) -> Decimal | None:
        """What was spent today; 0 would switch the limit off."""
        return None if self.pace is None else max(self.pace.spent.quantize(CENT, ROUND_DOWN), CENT)

    def _usual_jobs(self) -> Decimal | None:
        if not self.users_today:
            return None
        return Decimal(self.users_today[ceil(USUAL_SHARE * len(self.users_today)) - 1])


def ask() -> EmergencyNow:
    """Read anew where a decision rests on it."""
    today = guardrail_now.use(DAILY_PER_USER)
    by_user = today.by_user if isinstance(today, Use) else None
    return EmergencyNow(
        burn=guarded(cost_burn_now.ask),
        pace=cost_burn_now.pace(),
        stakes=guarded(queue_stakes.ask),
        intake=guarded(_intake),
        limits=guarded(lambda: fetch.service(ServiceClient.guardrails, ttl=UNCACHED).value),
        users_today=tuple(sorted(one.jobs for one in by_user or ())),
    )


def _intake() -> Intake | None:
    return fetch.service(ServiceClient.intake, ttl=UNCACHED).value if dry_runs.offered("intake") else None
