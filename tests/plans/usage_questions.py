"""What the pages of usage and guardrails ask the service's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from queries import (
    guardrails,
    usage,
    user_habits,
    user_history,
    what_if,
)
from tests.plans.worlds import DAY, FEW, HOUR, LEDGER, MINUTE, RECENT, ROWS, ZONE, Question, World

NOW = datetime.now(UTC)


def of_span(of: str, since: datetime, reads: int) -> Iterator[Question]:
    """Everybody's usage since then, live."""

    def named(_: World) -> tuple[Any, ...]:
        return since, NOW

    def aliased(world: World) -> tuple[Any, ...]:
        return world.aliases, since, NOW

    zone = {"timezone": ZONE}
    yield Question(usage.by_user, aliased, {}, of, reads, FEW)
    yield Question(usage.by_user_and_day, aliased, zone, of, reads, FEW)
    yield Question(usage.by_kind_and_day, named, zone, of, reads)
    yield Question(usage.hourly_usage, aliased, {}, of, reads, FEW)
    yield Question(usage.hourly_kinds, named, of=of, reads=reads)


def of_users() -> Iterator[Question]:
    """What the page of one user asks, and who has most jobs open."""
    month = {"timezone": ZONE, "since": NOW - 30 * DAY, "until": NOW}
    yield Question(user_history.seen, lambda world: (world.aliases, world.user), reads=70_000)
    yield Question(
        user_history.refused_by_day, lambda world: (world.aliases, world.user), month, reads=0, whole=FEW
    )
    yield Question(user_habits.habits, lambda world: (world.aliases, NOW - DAY, NOW), {"least": 10}, reads=40_000)
    yield Question(guardrails.open_by_user, lambda world: (world.aliases,), reads=100)


def of_usage() -> Iterator[Question]:
    """What is read live: the hours that are not rolled up yet, or all where there is no roll-up."""
    yield from of_span("3 h", NOW - 3 * HOUR, 10_000)
    yield from of_span("7 d", NOW - 7 * DAY, RECENT)
    # Of each user an earlier job is looked for.
    yield Question(usage.new_users_by_hour, lambda world: (world.aliases, NOW - DAY, NOW), reads=60_000)
    yield Question(usage.first_hour, reads=100, whole=FEW)
    # Those of LOOKBACK, and those with an event.
    yield Question(usage.changed_hours, lambda _: (NOW - MINUTE, NOW), reads=RECENT, whole=FEW)


# Of all jobs, 42 of 100 came in the thirty days: an index may serve, or the whole table, and up to three times.
WHAT_IF_READS = 3 * ROWS
TRIED: Mapping[str, tuple[int, ...]] = {
    "daily_job_limit_per_user": (1_000, 100),
    "daily_generation_budget": (0, 17_000),
    "daily_cost_limit_usd": (1_000, 80),
    "max_pending_jobs": (100,),
    "max_pending_jobs_per_user": (10,),
}


def of_what_if() -> Iterator[Question]:
    """Values that would have blocked some jobs, and where that is another plan one that blocks nothing."""
    whole = frozenset({"jobs", "job_events"}) | LEDGER | FEW
    for limit, values in TRIED.items():
        for value in values:
            asked = {"limit": limit, "value": Decimal(value), "timezone": ZONE}
            of = f"{limit} {value}"
            yield Question(what_if.tried, lambda world: (world.aliases,), asked, of, WHAT_IF_READS, whole)
