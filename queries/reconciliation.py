"""Whether two accounts of the same money agree, provider by provider. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

# What Prometheus loses with a restart, and what falls at the other side of a midnight, stays below this.
TOLERANCE_SHARE = Decimal("0.02")
# Invoices round each of their lines to a cent.
TOLERANCE_USD = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class Place:
    """Whose money it is, as the source writes the name, and of which month (its first day) if it is told apart."""

    provider: str
    month: date | None = None


Amounts = Mapping[Place, Decimal]


class Agreement(StrEnum):
    """How the last account stands to the first; within both tolerances a provider may be missing in either."""

    AGREES = "agrees"
    DIFFERS = "differs"
    ONLY_FIRST = "only_first"
    ONLY_LAST = "only_last"


@dataclass(frozen=True, slots=True)
class Compared:
    """What each account, in the order in which they were given, says of one place; None: nothing.

    difference is the last less the first, in USD, and share what it is of the first (1 is all of it); None where
    the first has nothing.
    """

    place: Place
    amounts: tuple[Decimal | None, ...]

    @property
    def first(self) -> Decimal:
        return self.amounts[0] or Decimal(0)

    @property
    def last(self) -> Decimal:
        return self.amounts[-1] or Decimal(0)

    @property
    def difference(self) -> Decimal:
        return self.last - self.first

    @property
    def share(self) -> Decimal | None:
        return self.difference / self.first if self.first else None

    @property
    def agreement(self) -> Agreement:
        if abs(self.difference) <= max(TOLERANCE_USD, TOLERANCE_SHARE * abs(self.first)):
            return Agreement.AGREES
        if self.amounts[0] is None:
            return Agreement.ONLY_LAST
        return Agreement.ONLY_FIRST if self.amounts[-1] is None else Agreement.DIFFERS


def compare(*accounts: Amounts) -> tuple[Compared, ...]:
    """Two accounts or more, the most trusted first and the one to check last, by month and provider.

    Names are the same where they differ in case, spaces or width only; each is written as the first account that
    has it writes it. Who is in one account only is there, too.
    """
    places: dict[Place, Place] = {}
    sums: list[dict[Place, Decimal]] = []
    for account in accounts:
        by_place: dict[Place, Decimal] = {}
        for place, usd in account.items():
            same = Place(_key(place.provider), place.month)
            places.setdefault(same, place)
            by_place[same] = by_place.get(same, Decimal(0)) + usd
        sums.append(by_place)
    order = sorted(places, key=lambda same: (same.month or date.min, same.provider))
    return tuple(Compared(_tidy(places[same]), tuple(one.get(same) for one in sums)) for same in order)


def together(account: Amounts) -> Amounts:
    """By month only, under no provider's name: for accounts that cannot tell providers apart."""
    sums: dict[Place, Decimal] = {}
    for place, usd in account.items():
        month = Place("", place.month)
        sums[month] = sums.get(month, Decimal(0)) + usd
    return sums


def _tidy(place: Place) -> Place:
    return Place(" ".join(place.provider.split()), place.month)


def _key(provider: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", provider).casefold().split())
