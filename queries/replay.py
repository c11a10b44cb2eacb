"""Requests that came in the past, let in again under another limit. Pure.

What was let in keeps its real times: with fewer jobs beside it, it might have been quicker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from heapq import heappop, heappush

Held = tuple[datetime, datetime]

_OPENING = frozenset({"created", "retried", "recovered"})
_CLOSING = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Came:
    """A job when it came in, and from when until when (exclusive) it then held a place, in order of time."""

    id: str
    user_key: str = field(repr=False)
    created_at: datetime
    held: tuple[Held, ...] = ()


def places(
    jobs: Iterable[Came], *, own: bool, since: datetime, value: Decimal | None = None
) -> Iterator[tuple[Came, int]]:
    """Each job as it came (ties by id), and how many places were held then: by its own user's jobs, or by all.

    With a value, a job that came at or after since and found that many places held was turned away and holds none.
    """
    held: Counter[str] = Counter()
    moves: list[tuple[datetime, int, str]] = []
    for job in sorted(jobs, key=lambda one: (one.created_at, one.id)):
        owner = job.user_key if own else ""
        while moves and moves[0][0] <= job.created_at:
            _, change, whose = heappop(moves)
            held[whose] += change
        found = held[owner]
        yield job, found
        if value is None or job.created_at < since or found < value:
            for start, end in job.held:
                heappush(moves, (start, 1, owner))
                heappush(moves, (end, -1, owner))


def turned_away(jobs: Iterable[Came], *, own: bool, since: datetime, value: Decimal) -> list[Came]:
    """Those that found as many places held as the value allows, oldest first."""
    met = places(jobs, own=own, since=since, value=value)
    return [job for job, found in met if job.created_at >= since and found >= value]


def held_by(created_at: datetime, events: Iterable[tuple[datetime, str]], ended_at: datetime) -> tuple[Held, ...]:
    """When a job held a place, by its events in order; ended_at is for what no event ended."""
    found: list[Held] = []
    began: datetime | None = created_at
    for at, event in events:
        if began is None and event in _OPENING:
            began = at
        elif began is not None and event in _CLOSING:
            found.append((began, at))
            began = None
    return tuple(found) if began is None else (*found, (began, max(began, ended_at)))


def reached(
    spent: Iterable[tuple[datetime, Decimal]], value: Decimal, before: Decimal = Decimal(0)
) -> tuple[datetime, Decimal] | None:
    """When the sum of before and what was spent first got to the value, and what the sum was until then.

    spent is in order of time. None where it never got there.
    """
    total = before
    for at, usd in spent:
        if total + usd >= value:
            return at, total
        total += usd
    return None
