"""Why spending changed between two stretches of time: jobs x calls per job x price per call. Pure.

A factor's part of the change is its mean over all orders in which the three could have changed (the Shapley
value), so that none depends on which is looked at first. Only calls with a price count; what the product cannot
tell is kept apart. Fractions inside, so that nothing is lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

from queries.cost_models import CostDay, CostTally

CENT = Decimal("0.01")
# As exact as a ledger keeps it.
EXACTNESS = Decimal("0.000000001")

Segment = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Spending:
    """Jobs that were created, and what was spent by (provider, kind)."""

    jobs: int
    segments: Mapping[Segment, CostTally]

    @property
    def usd(self) -> Decimal:
        return sum((tally.usd for tally in self.segments.values()), Decimal(0))

    def calls_per_job(self, segment: Segment) -> Fraction | None:
        """Calls with a price; None without jobs."""
        return _priced(self._tally(segment)) / self.jobs if self.jobs else None

    def price_per_call(self, segment: Segment) -> Fraction | None:
        """USD; None without calls that have a price."""
        tally = self._tally(segment)
        return Fraction(tally.usd) / calls if (calls := _priced(tally)) else None

    def _tally(self, segment: Segment) -> CostTally:
        return self.segments.get(segment, CostTally())


@dataclass(frozen=True, slots=True)
class Effect:
    """What more or fewer calls per job, and dearer or cheaper calls, did to the spending, in USD."""

    provider: str
    kind: str
    calls_usd: Decimal
    price_usd: Decimal

    @property
    def usd(self) -> Decimal:
        return self.calls_usd + self.price_usd


@dataclass(frozen=True, slots=True)
class Change:
    """jobs_usd, both amounts of all effects (largest first) and other_usd are together usd, exactly.

    jobs_usd is what more or fewer jobs did. other_usd is money that no job or no priced call of its own time
    accounts for.
    """

    before_usd: Decimal
    after_usd: Decimal
    jobs_usd: Decimal
    effects: tuple[Effect, ...]
    other_usd: Decimal

    @property
    def usd(self) -> Decimal:
        return self.after_usd - self.before_usd


class _Factors(NamedTuple):
    jobs: Fraction
    calls_per_job: Fraction
    price: Fraction


class _Parts(NamedTuple):
    jobs: Fraction
    calls: Fraction
    price: Fraction


def of(days: Iterable[CostDay], jobs: int) -> Spending:
    """All that was spent in these days, in which so many jobs were created."""
    segments: dict[Segment, CostTally] = {}
    for day in days:
        segment = (day.part.provider, day.part.kind)
        segments[segment] = segments.get(segment, CostTally()) + day.tally
    return Spending(jobs, segments)


def explain(before: Spending, after: Spending) -> Change:
    """The change in USD, to EXACTNESS (or the amounts' own, where that is finer)."""
    segments = sorted(before.segments.keys() | after.segments.keys())
    parts = [_parts(_factors(before, after, one), _factors(after, before, one)) for one in segments]
    jobs = sum((part.jobs for part in parts), Fraction(0))
    each = [amount for part in parts for amount in (part.calls, part.price)]
    usd = after.usd - before.usd
    other = Fraction(usd) - jobs - sum(each, Fraction(0))
    unit = min(EXACTNESS, Decimal(1).scaleb(int(usd.as_tuple().exponent)))
    placed = iter(adding_up([jobs, other, *each], usd, unit))
    jobs_usd, other_usd = next(placed), next(placed)
    return Change(before.usd, after.usd, jobs_usd, _effects(segments, placed), other_usd)


def rounded(change: Change, unit: Decimal = CENT) -> Change:
    """For display: each amount to the unit, up or down, so that they still add up."""
    before, after = change.before_usd.quantize(unit), change.after_usd.quantize(unit)
    each = [amount for one in change.effects for amount in (one.calls_usd, one.price_usd)]
    placed = iter(adding_up([change.jobs_usd, change.other_usd, *each], after - before, unit))
    jobs_usd, other_usd = next(placed), next(placed)
    effects = _effects([(one.provider, one.kind) for one in change.effects], placed)
    return Change(before, after, jobs_usd, effects, other_usd)


def adding_up(amounts: Sequence[Fraction | Decimal], total: Decimal, unit: Decimal) -> tuple[Decimal, ...]:
    """The amounts in whole units whose sum is total: those with the largest remainders are rounded up.

    The total is a whole number of units. None is rounded by more than one of them, as long as the total is at most
    one away from the sum of the amounts.
    """
    exact = [Fraction(amount) / Fraction(unit) for amount in amounts]
    whole = [floor(amount) for amount in exact]
    each, more = divmod(int(Fraction(total) / Fraction(unit)) - sum(whole), len(whole))
    largest = sorted(range(len(exact)), key=lambda place: whole[place] - exact[place])
    up = set(largest[:more])
    return tuple((number + each + (place in up)) * unit for place, number in enumerate(whole))


def _factors(own: Spending, other: Spending, segment: Segment) -> _Factors:
    """What is not known of one time is taken to be as in the other: it did not change."""
    calls = own.calls_per_job(segment)
    price = own.price_per_call(segment) if own.jobs else None
    return _Factors(
        Fraction(own.jobs),
        _known(calls, other.calls_per_job(segment)),
        _known(price, other.price_per_call(segment) if other.jobs else None),
    )


def _known(own: Fraction | None, other: Fraction | None) -> Fraction:
    return own if own is not None else other if other is not None else Fraction(0)


def _parts(before: _Factors, after: _Factors) -> _Parts:
    jobs, calls, price = zip(before, after, strict=True)
    return _Parts(_mean(jobs, calls, price), _mean(calls, jobs, price), _mean(price, jobs, calls))


def _mean(own: Sequence[Fraction], one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    """What a factor's change did: of six orders, two find both others as before, two as after, two mixed."""
    (one_before, one_after), (other_before, other_after) = one, other
    alike = one_before * other_before + one_after * other_after
    mixed = one_before * other_after + one_after * other_before
    return (own[1] - own[0]) * (alike / 3 + mixed / 6)


def _effects(segments: Sequence[Segment], amounts: Iterator[Decimal]) -> tuple[Effect, ...]:
    """Of these segments in turn, each with its two amounts."""
    effects = [Effect(provider, kind, next(amounts), next(amounts)) for provider, kind in segments]
    return tuple(sorted(effects, key=lambda one: (-abs(one.usd), one.provider, one.kind)))


def _priced(tally: CostTally) -> Fraction:
    """Calls with a price; estimated ones are no whole number, and those without a price are rounded up."""
    return max(Fraction(tally.calls) - tally.unpriced, Fraction(0))
