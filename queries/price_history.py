"""The operator's price list as it changed: which prices an estimate of a day, or of an instant, is made with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from queries.days import midnight
from queries.models import PriceList
from queries.usage_models import Span


@dataclass(frozen=True, slots=True)
class PricesFrom:
    """A price list and the first day on which it holds; None: from the beginning on."""

    since: date | None
    prices: PriceList


@dataclass(frozen=True, slots=True)
class PricedSpan:
    """A part of a span with the one price list that holds all through it."""

    span: Span
    prices: PriceList


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Versions oldest first, the first of them from the beginning on.

    Each begins at midnight in zone (IANA name), so that an instant has one price in whatever zone it is shown.
    """

    versions: tuple[PricesFrom, ...] = (PricesFrom(None, PriceList()),)
    zone: str = "UTC"

    @classmethod
    def always(cls, prices: PriceList, zone: str = "UTC") -> Self:
        """One list that never changes."""
        return cls((PricesFrom(None, prices),), zone)

    def on(self, day: date) -> PriceList:
        """The list that holds on a day of zone."""
        begun = [one.prices for one in self.versions if one.since is None or one.since <= day]
        return begun[-1]

    def at(self, instant: datetime) -> PriceList:
        """The list that holds at an instant (aware)."""
        return self.on(instant.astimezone(ZoneInfo(self.zone)).date())

    def changes(self, first: date, last: date) -> tuple[date, ...]:
        """The days from first to last with which a new list begins, oldest first."""
        return tuple(one.since for one in self.versions if one.since is not None and first <= one.since <= last)

    def parts(self, span: Span) -> tuple[PricedSpan, ...]:
        """The span cut where prices change, oldest first."""
        first, last = (at.astimezone(ZoneInfo(self.zone)).date() for at in (span.since, span.until))
        cuts = [midnight(day, self.zone) for day in self.changes(first, last)]
        ends = (span.since, *(cut for cut in cuts if span.since < cut < span.until), span.until)
        return tuple(PricedSpan(Span(since, until), self.at(since)) for since, until in pairwise(ends))
