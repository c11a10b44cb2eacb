"""Money that bought nothing, by what ended it, by provider and by step. Pure.

What counts as waste is Fate.wasted. What safety refused is among it: spent on purpose, but there is no book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from queries.cost_models import CostDay, CostPart, CostTally, Fate, total


@dataclass(frozen=True, slots=True)
class Waste:
    """USD and calls under a name; "" where there is none. fate tells codes of jobs from what has no code."""

    name: str
    usd: Decimal
    calls: Decimal
    fate: Fate | None = None


def by_code(days: Iterable[CostDay]) -> tuple[Waste, ...]:
    """Most USD first: by the job's error code where it failed or was refused, else by the fate alone."""
    return _by(days, lambda part: (part.error_code, part.fate))


def by_provider(days: Iterable[CostDay]) -> tuple[Waste, ...]:
    """Most USD first."""
    return _by(days, lambda part: (part.provider, None))


def by_step(days: Iterable[CostDay]) -> tuple[Waste, ...]:
    """Most USD first."""
    return _by(days, lambda part: (part.step, None))


def wasted(days: Iterable[CostDay]) -> CostTally:
    """All of it together."""
    return total(day.tally for day in days if day.part.fate.wasted)


def share(days: Iterable[CostDay]) -> float | None:
    """Of all that was spent, 0-1; None where nothing was."""
    each = tuple(days)
    usd = total(day.tally for day in each).usd
    return float(wasted(each).usd / usd) if usd else None


def _by(days: Iterable[CostDay], key: Callable[[CostPart], tuple[str, Fate | None]]) -> tuple[Waste, ...]:
    sums: dict[tuple[str, Fate | None], CostTally] = {}
    for day in days:
        if day.part.fate.wasted:
            name = key(day.part)
            sums[name] = sums.get(name, CostTally()) + day.tally
    found = [Waste(name, tally.usd, tally.calls, fate) for (name, fate), tally in sums.items()]
    return tuple(sorted(found, key=lambda one: (-one.usd, -one.calls, one.name, one.fate or "")))
