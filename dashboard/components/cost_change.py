"""Why a week cost more or less than the one before: in words, as bars, and as a table that adds up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import streamlit as st

from dashboard import cost_totals, links, usage_totals
from dashboard.components import (
    charts,
    cost_bars,
    cost_change_table,
    cost_change_words,
    cost_terms,
    filters,
    usage_words,
)
from dashboard.components.cost_bars import Bar
from dashboard.components.usage_now import MINUTE
from dashboard.components.usage_span import ONE_DAY, Days
from dashboard.cost_totals import CostDays
from dashboard.i18n import t
from queries import cost_change
from queries.cost_change import CENT, Change, Spending
from queries.cost_models import total
from queries.models import MoneySource
from queries.usage_models import KindDay

LAST_DAYS = "last"
WEEK_DAYS = 7
# Closed weeks to choose from: a quarter.
WEEKS = 13
# Where less than this is spent a week, a cent is too coarse.
SMALL_USD = 1
SMALL_UNIT = Decimal("0.0001")
# More than these are thin beside each other, and small.
MOST_BARS = 8


@dataclass(frozen=True, slots=True)
class Compared:
    """A week and the one before it; change is exact, shown the same in units that a person reads."""

    days: Days
    before: Spending
    after: Spending
    change: Change
    shown: Change
    found: CostDays

    @property
    def places(self) -> int:
        """Decimal places of the amounts that are shown."""
        return -int(_unit(self.change).as_tuple().exponent)


def show(days: Days) -> None:
    """The last 7 whole days, or the address's ISO week, beside the 7 days before. Raises DatabaseError."""
    charts.title(t("Why it changed"), t("jobs × calls a job × price a call, against the 7 days before"))
    with st.container(width=260):
        week = filters.one(t("Week"), links.WEEK, (LAST_DAYS, *weeks(days.today)), cost_change_words.week)
    now = ask(chosen(days, week))
    if now.found.source is MoneySource.NONE:
        st.markdown(f":gray[:material/block: {cost_terms.unknown()}]")
        return
    st.markdown(cost_change_words.headline(now.shown, now.before, now.after, now.places))
    if any((now.before.usd, now.after.usd)) and (now.before.usd or now.before.jobs):
        _details(now)
    st.caption(" · ".join(filter(None, _notes(now))))


def weeks(today: date) -> Sequence[str]:
    """The closed ISO weeks of the last quarter, newest first: "2026-W47"."""
    monday = today - today.weekday() * ONE_DAY
    starts = (monday - number * WEEK_DAYS * ONE_DAY for number in range(1, WEEKS + 1))
    return [f"{one.isocalendar().year}-W{one.isocalendar().week:02}" for one in starts]


def chosen(days: Days, week: str) -> Days:
    """The seven days that are explained: an ISO week, else the last ones that are over."""
    if week == LAST_DAYS:
        return Days(days.today - WEEK_DAYS * ONE_DAY, days.today - ONE_DAY, days.zone, days.today, days.now)
    monday = date.fromisoformat(f"{week}-1")
    return Days(monday, monday + (WEEK_DAYS - 1) * ONE_DAY, days.zone, days.today, days.now)


def ask(days: Days) -> Compared:
    """These seven days beside those before them. Raises DatabaseError."""
    both = days.back(2 * WEEK_DAYS)
    found = cost_totals.by_day(both.span, both.zone, ttl=MINUTE)
    kinds = usage_totals.by_kind_and_day(both.span, both.zone, ttl=MINUTE).days
    before = cost_change.of((one for one in found.days if one.day < days.first), _jobs(kinds, until=days.first))
    after = cost_change.of((one for one in found.days if one.day >= days.first), _jobs(kinds, since=days.first))
    change = cost_change.explain(before, after)
    return Compared(days, before, after, change, cost_change.rounded(change, _unit(change)), found)


def _jobs(kinds: Iterable[KindDay], *, since: date = date.min, until: date = date.max) -> int:
    return sum(one.tally.jobs for one in kinds if since <= one.day < until)


def _unit(change: Change) -> Decimal:
    return SMALL_UNIT if max(change.before_usd, change.after_usd) < SMALL_USD else CENT


def _details(now: Compared) -> None:
    bars = cost_change_words.effects(now.shown)[:MOST_BARS]
    left, right = st.columns(2)
    with left:
        cost_bars.show(
            [Bar(name, usd, cost_terms.signed(usd, now.places)) for name, usd in bars],
            alt=t("What changed the spending, in USD"), key="cost-change",
        )  # fmt: skip
    with right:
        cost_change_table.show(now.shown, now.before, now.after, now.places)


def _notes(now: Compared) -> Sequence[str]:
    both = now.days.back(2 * WEEK_DAYS)
    unpriced = total([*now.before.segments.values(), *now.after.segments.values()]).unpriced
    first = min((one.day for one in now.found.days), default=both.first)
    late = t("Nothing is known from before {day}: the days before are not whole.", day=usage_words.day(first))
    return [
        t("{days}, beside the 7 days before", days=usage_words.days(now.days)),
        cost_terms.source(now.found),
        late if both.first < first < now.days.first else "",
        cost_terms.unpriced(unpriced),
    ]
