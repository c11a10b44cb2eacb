"""What the Costs page and the roll-up ask the service's tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from queries import cost_calls, cost_jobs
from tests.plans.worlds import DAY, HOUR, LEDGER, PRICE_HISTORY, RECENT, ZONE, Question

NOW = datetime.now(UTC)
MONTH = 30 * DAY
# Of the month's jobs one in thirty has calls, and each of them is looked up.
OF_LEDGER = 40_000


def _of(name: str, length: timedelta, reads: int, whole: frozenset[str] = frozenset()) -> Iterator[Question]:
    ends, zone = (NOW - length, NOW), {"timezone": ZONE}
    yield Question(cost_calls.by_part_and_day, lambda _: ends, zone, name, reads, whole)
    yield Question(cost_calls.by_kind_and_day, lambda _: ends, zone, name, reads, whole)
    yield Question(cost_calls.by_kind_and_hour, lambda _: ends, {}, name, reads, whole)
    yield Question(cost_calls.hourly_costs, lambda _: ends, {}, name, reads, whole)
    asked = {"since": ends[0], "until": ends[1], "limit": 20}
    yield Question(
        cost_jobs.most_expensive, lambda world: (world.aliases, PRICE_HISTORY), asked, name, reads, whole
    )


def of_costs() -> Iterator[Question]:
    """Hours that are not rolled up yet, and all where there is no roll-up: then the whole ledger may be read."""
    yield from _of("3 h", 3 * HOUR, 1_000)
    yield from _of("30 d", MONTH, OF_LEDGER, LEDGER)
    yield Question(cost_calls.first_spent, reads=0)


def of_costs_without_ledger() -> Iterator[Question]:
    """Of the jobs created in that time each is looked at once."""
    yield from _of("3 h", 3 * HOUR, 10_000)
    yield from _of("7 d", 7 * DAY, RECENT)
    yield Question(cost_calls.first_spent, reads=100)
