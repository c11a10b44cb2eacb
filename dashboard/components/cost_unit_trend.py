"""What a finished book cost over time: what went into it, and what did not, by day or by week."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import streamlit as st

from dashboard.components import charts
from dashboard.components.charts import BLUE, GREY, Axis, Line
from dashboard.components.usage_span import ONE_DAY, Days
from dashboard.i18n import t
from queries.cost_models import CostDay
from queries.unit_costs import UnitCosts, unit_costs
from queries.usage_models import KindDay

# Over fewer books one bad one decides what a book costs.
LEAST_DONE = 5
# With more days bars are too thin to tell two parts apart.
DAILY_DAYS = 45
WEEK = timedelta(days=7)
# A bar's label shows no more figures of a dollar.
PLACES = 4


@dataclass(frozen=True, slots=True)
class Bucket:
    """The costs of a book in a day or a week that begins on this day."""

    first: date
    units: UnitCosts


def show(spent: Sequence[CostDay], kinds: Sequence[KindDay], days: Days) -> None:
    """Nothing for a single day, which the words above tell."""
    if days.single:
        return
    weekly = len(days.each()) > DAILY_DAYS
    found = buckets(spent, kinds, weekly=weekly)
    told = [one for one in found if one.units.done >= LEAST_DONE]
    rest = t("by week, USD") if weekly else t("by day, USD")
    charts.title(t("A finished book over time"), rest)
    if not told:
        few = t("No day has {n} finished books, and fewer tell little.", n=LEAST_DONE)
        fewer = t("No week has {n} finished books, and fewer tell little.", n=LEAST_DONE)
        st.markdown(f":gray[{fewer if weekly else few}]")
        return
    charts.bars(
        _lines(told, days), zone=days.named_zone, key="cost-units-trend", alt=t("The cost of a finished book"),
        unfinished=days.unfinished and told[-1].first == _begun(days.last, weekly=weekly),
        axis=_axis(days, weekly=weekly),
    )  # fmt: skip
    if len(told) < len(found):
        days_out = t("Days with fewer than {n} finished books are left out.", n=LEAST_DONE)
        st.caption(
            t("Weeks with fewer than {n} finished books are left out.", n=LEAST_DONE) if weekly else days_out
        )


def buckets(spent: Iterable[CostDay], kinds: Iterable[KindDay], *, weekly: bool) -> Sequence[Bucket]:
    """The costs of a book by day or ISO week, oldest first."""
    money: dict[date, list[CostDay]] = {}
    done: dict[date, int] = {}
    for day in spent:
        money.setdefault(_begun(day.day, weekly=weekly), []).append(day)
    for kind in kinds:
        first = _begun(kind.day, weekly=weekly)
        done[first] = done.get(first, 0) + kind.tally.done
    starts = sorted(money.keys() | done.keys())
    return [Bucket(first, unit_costs(money.get(first, []), done.get(first, 0))) for first in starts]


def _begun(day: date, *, weekly: bool) -> date:
    """The day itself, or the Monday of its week."""
    return day - day.weekday() * ONE_DAY if weekly else day


def _lines(told: Sequence[Bucket], days: Days) -> Sequence[Line]:
    def points(amounts: Iterable[Decimal | None]) -> Sequence[tuple[datetime, float]]:
        starts = (days.start(one.first) for one in told)
        return [(at, round(float(usd or 0), PLACES)) for at, usd in zip(starts, amounts, strict=True)]

    return [
        Line(t("went into the book"), BLUE, points(one.units.direct for one in told)),
        Line(t("did not"), GREY, points(one.units.gap for one in told)),
    ]


def _axis(days: Days, *, weekly: bool) -> Axis:
    if not weekly:
        return Axis(days.span.since, days.span.until, ONE_DAY)
    last = _begun(days.last, weekly=True) + WEEK
    return Axis(days.start(_begun(days.first, weekly=True)), days.start(last), WEEK)
