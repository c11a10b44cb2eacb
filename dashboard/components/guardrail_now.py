"""The limits at one moment, each beside what it caps; a source that fails takes no other's answer with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from actions.answers import Guardrail, GuardrailChange, Guardrails
from dashboard import fetch, situation, usage_totals
from dashboard.components import guardrail_changes
from dashboard.components.guardrail_words import DAILY, DAILY_PER_USER, DAILY_USD, OFF_AT_ZERO, OPEN, OPEN_PER_USER
from dashboard.components.notices import guarded
from dashboard.connections import settings
from dashboard.fetch import Fetched
from dashboard.situation import Answer
from queries import clock, costs, guardrails, queue, queue_metrics
from queries.errors import OpsError
from queries.guardrails import UserJobs
from queries.models import MoneySource

# What takes the sources longer to find out than a count of open jobs, and moves more slowly.
KEPT = timedelta(seconds=15)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Use:
    """What a limit caps, as it is now: everybody's, or the highest of one user.

    by_user are the users' jobs, most first; None for a limit of the whole service.
    """

    amount: Decimal
    by_user: tuple[UserJobs, ...] | None = None
    estimated: bool = False

    def users_at(self, value: Decimal) -> int:
        """How many users have reached this value."""
        return sum(one.jobs >= value for one in self.by_user or ())


@dataclass(frozen=True, slots=True)
class Standing:
    """One limit. use is None where nobody can tell what it caps; refused_… where no metric does; last is its
    newest change, None where none is known."""

    name: str
    rail: Guardrail
    use: Use | OpsError | None
    refused_hour: int | None
    refused_day: int | None
    last: GuardrailChange | None

    @property
    def off(self) -> bool:
        return self.rail.value == 0 and self.name in OFF_AT_ZERO

    @property
    def reached(self) -> bool:
        """Whether somebody would be refused now."""
        return isinstance(self.use, Use) and not self.off and self.use.amount >= self.rail.value

    @property
    def users_at(self) -> int:
        return self.use.users_at(self.rail.value) if isinstance(self.use, Use) else 0


@dataclass(frozen=True, slots=True)
class Now:
    """Every limit that the service lists, in its order. resets_in is the rest of the service's day."""

    limits: Fetched[Guardrails]
    standings: tuple[Standing, ...]
    at: datetime
    resets_in: timedelta


def ask() -> Now:
    """Raises NotConfigured, ServiceError: what the others tell is of no use without the limits."""
    limits, now = situation.guardrails(), moment()
    changes = guarded(guardrail_changes.ask)
    newest = {} if isinstance(changes, OpsError) else changes.newest()
    hour, day = refused(HOUR), refused(DAY)
    standings = tuple(
        Standing(name, rail, use(name), (hour or {}).get(name), (day or {}).get(name), newest.get(name))
        for name, rail in limits.value.limits.items()
    )
    return Now(limits, standings, now, day_ends(now) - now)


def use(limit: str) -> Use | OpsError | None:
    """What this limit caps now; None for a limit that the console does not know."""
    question = _USES.get(limit)
    return None if question is None else guarded(question)


def refused(window: timedelta) -> Mapping[str, int] | None:
    """Requests turned away by limit; None where no metric tells."""
    answer = guarded(lambda: fetch.prometheus(queue_metrics.refused, window, ttl=KEPT))
    return None if isinstance(answer, OpsError) or not answer.value else answer.value


def moment() -> datetime:
    """Now, by the database's clock where it tells."""
    answer: Answer[datetime] = guarded(lambda: fetch.database(clock.now))
    return datetime.now(UTC) if isinstance(answer, OpsError) else answer.value


def day_ends(now: datetime) -> datetime:
    """When the service's day ends, in which its daily limits count (UTC)."""
    zone = settings().service_timezone
    return usage_totals.day_span(now.astimezone(ZoneInfo(zone)).date(), zone).until


def _open() -> Use:
    found = fetch.database(queue.open_jobs).value
    return Use(Decimal(found.queued + found.running))


def _open_by_user() -> Use:
    return _of_users(fetch.database(guardrails.open_by_user).value)


def _today() -> Use:
    return Use(Decimal(_usage_today().total.jobs))


def _today_by_user() -> Use:
    users = _usage_today().users
    return _of_users(tuple(UserJobs(one.digest, one.tally.jobs) for one in users if one.digest and one.tally.jobs))


def _spent_today() -> Use | None:
    here = settings()
    found = fetch.database(costs.spent_today, here.prices, here.service_timezone).value
    return None if found.usd is None else Use(found.usd, estimated=found.source is MoneySource.ESTIMATED)


def _usage_today() -> usage_totals.Usage:
    zone = settings().service_timezone
    return usage_totals.by_user(usage_totals.day_span(moment().astimezone(ZoneInfo(zone)).date(), zone), ttl=KEPT)


def _of_users(found: tuple[UserJobs, ...]) -> Use:
    ordered = tuple(sorted(found, key=lambda one: (-one.jobs, one.digest)))
    return Use(Decimal(ordered[0].jobs if ordered else 0), ordered)


_USES: Mapping[str, Callable[[], Use | None]] = {
    OPEN: _open,
    OPEN_PER_USER: _open_by_user,
    DAILY_PER_USER: _today_by_user,
    DAILY: _today,
    DAILY_USD: _spent_today,
}
