"""How unevenly a sum is spread over those who make it up. Pure: works on what other questions answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate

Amount = int | Decimal


def hhi(amounts: Iterable[Amount]) -> float | None:
    """The Herfindahl-Hirschman index, the sum of squared shares: 1 / n where n are equal, 1 where one has all.

    None where nothing is shared out. Raises ValueError for a negative amount.
    """
    shares = _shares(amounts)
    return sum(share * share for share in shares) if shares else None


def effective(amounts: Iterable[Amount]) -> float | None:
    """1 / HHI: how many equal users would be spread just as unevenly. None where nothing is shared out."""
    index = hhi(amounts)
    return None if index is None else 1 / index


def cumulative(amounts: Sequence[Amount], total: Amount) -> tuple[float | None, ...]:
    """The share of total (0-1) that each one and all before it have together; None where there is no total."""
    if not total:
        return (None,) * len(amounts)
    return tuple(float(sofar / total) for sofar in accumulate(amounts))


def most_of(amounts: Iterable[Amount], share: float) -> int | None:
    """How few of the largest have at least this share (0-1) of the sum; None where nothing is shared out."""
    largest = sorted(amounts, reverse=True)
    found = cumulative(largest, sum(largest))
    return next((place for place, held in enumerate(found, 1) if held is not None and held >= share), None)


def _shares(amounts: Iterable[Amount]) -> list[float]:
    held = list(amounts)
    if any(amount < 0 for amount in held):
        raise ValueError("a share of a negative amount means nothing")
    total = sum(held)
    return [float(amount / total) for amount in held if amount] if total else []
