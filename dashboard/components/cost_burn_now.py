"""What burns now, in USD an hour, and the pace that the rest of today's limit allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from dashboard import cost_totals, fetch, situation
from dashboard.components import guardrail_now
from dashboard.components.chart_lines import floored
from dashboard.components.guardrail_now import Use
from dashboard.components.guardrail_words import DAILY_USD
from dashboard.components.notices import guarded
from dashboard.connections import settings
from dashboard.fetch import Fetched
from queries import burn
from queries.burn import Burn
from queries.errors import OpsError
from queries.models import MoneySource
from queries.usage_models import Span

HOUR = timedelta(hours=1)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class BurnNow:
    """USD an hour. by_kind is {} where nothing tells kinds apart.

    source is None where Prometheus tells it; else it is what was spent since a whole hour began, one to two hours
    ago, by the ledger or the price list.
    """

    usd_per_hour: Decimal
    by_kind: Mapping[str, Decimal]
    source: MoneySource | None
    at: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """Today's hard limit, what was spent of it, and how much of the service's day is left.

    by_service: whether the service refuses new jobs at the limit; else only this console knows it.
    """

    limit: Decimal
    spent: Decimal
    left: timedelta
    by_service: bool
    estimated: bool = False

    @property
    def reached(self) -> bool:
        return self.spent >= self.limit

    @property
    def usd_per_hour(self) -> Decimal:
        """What may be spent an hour for the rest of the day; 0 where nothing may."""
        hours = Decimal((self.left / HOUR) or 1)
        return (max(self.limit - self.spent, Decimal(0)) / hours).quantize(_CENT)


def ask() -> BurnNow | None:
    """By Prometheus, else by the last hours' money; None where neither tells. Raises DatabaseError."""
    answer = guarded(lambda: fetch.prometheus(burn.now))
    if isinstance(answer, OpsError) or not answer.value:
        return _by_hours()
    return of(answer)


def of(answer: Fetched[tuple[Burn, ...]]) -> BurnNow:
    """Prometheus's answer together."""
    by_kind: dict[str, Decimal] = {}
    for one in answer.value:
        by_kind[one.kind] = by_kind.get(one.kind, Decimal(0)) + one.usd_per_hour
    most_first = dict(sorted(by_kind.items(), key=lambda one: (-one[1], one[0])))
    return BurnNow(sum(by_kind.values(), Decimal(0)), most_first, None, answer.at)


def pace() -> Pace | None:
    """By the service's own daily limit, else the console's threshold; None where nobody knows today's spend."""
    spent = guardrail_now.use(DAILY_USD)
    if not isinstance(spent, Use):
        return None
    limits = guarded(situation.guardrails)
    rail = None if isinstance(limits, OpsError) else limits.value.limits.get(DAILY_USD)
    by_service = rail is not None and rail.value > 0
    limit = rail.value if rail is not None and by_service else settings().thresholds.daily_cost_critical
    now = guardrail_now.moment()
    left = guardrail_now.day_ends(now) - now
    return Pace(limit, spent.amount, left, by_service, spent.estimated)


def _by_hours() -> BurnNow | None:
    now = guardrail_now.moment()
    hour = floored(now, HOUR)
    since = hour - HOUR
    answer = cost_totals.by_hour(Span(since, hour + HOUR))
    if answer.source is MoneySource.NONE:
        return None
    spent = sum((one.usd for one in answer.hours), Decimal(0))
    per_hour = (spent / Decimal((now - since) / HOUR)).quantize(_CENT)
    return BurnNow(per_hour, {}, answer.source, answer.reading.at, since)
