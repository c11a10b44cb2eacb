"""What one finished book costs: all that was spent, and the part that went into it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from queries.cost_models import WASTED, CostDay, Fate


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """USD and done books: direct_usd, wasted (fates with money only), open_usd and unallocated_usd are all of usd.

    unpriced are calls of which no price is known, and which are not in usd.
    """

    done: int
    usd: Decimal
    direct_usd: Decimal
    wasted: Mapping[Fate, Decimal]
    open_usd: Decimal
    unallocated_usd: Decimal
    unpriced: int

    @property
    def loaded(self) -> Decimal | None:
        """USD a finished book, with all that did not go into one; None where none is done."""
        return self.per_book(self.usd)

    @property
    def direct(self) -> Decimal | None:
        """USD a finished book, only of what is in one; None where none is done."""
        return self.per_book(self.direct_usd)

    @property
    def gap(self) -> Decimal | None:
        """USD a finished book that did not go into one; None where none is done."""
        return self.per_book(self.usd - self.direct_usd)

    def per_book(self, usd: Decimal) -> Decimal | None:
        """So much money over the books that are done; None where none is."""
        return usd / self.done if self.done else None


def unit_costs(days: Iterable[CostDay], done: int) -> UnitCosts:
    """Of the money of these days, and as many books that are done."""
    spent = dict.fromkeys(Fate, Decimal(0))
    unpriced = 0
    for day in days:
        spent[day.part.fate] += day.tally.usd
        unpriced += day.tally.unpriced
    return UnitCosts(
        done=done,
        usd=sum(spent.values(), Decimal(0)),
        direct_usd=spent[Fate.USED],
        wasted={fate: usd for fate, usd in spent.items() if fate in WASTED and usd},
        open_usd=spent[Fate.OPEN],
        unallocated_usd=spent[Fate.UNALLOCATED],
        unpriced=unpriced,
    )
