"""What one finished book costs: what went into it, what did not, day by day, and by kind of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import cost_totals, usage_totals
from dashboard.components import charts, cost_terms, cost_unit_trend, tables, usage_words
from dashboard.components.formatting import money, plain
from dashboard.components.usage_now import MINUTE, share
from dashboard.components.usage_span import Days
from dashboard.i18n import t, tn
from dashboard.usage_totals import KindDays
from queries.cost_models import Fate
from queries.models import MoneySource
from queries.unit_costs import UnitCosts, unit_costs
from queries.usage_models import Tally, total

PERCENT = "%.1f %%"


def show(days: Days) -> None:
    """Raises DatabaseError."""
    charts.title(t("What one book costs"), t("all that was spent, over the books that are finished"))
    found = cost_totals.by_day(days.span, days.zone, ttl=MINUTE)
    kinds = usage_totals.by_kind_and_day(days.span, days.zone, ttl=MINUTE)
    if found.source is MoneySource.NONE:
        st.markdown(f":gray[:material/block: {cost_terms.unknown()}]")
        return
    units = unit_costs(found.days, sum(one.tally.done for one in kinds.days))
    st.markdown(headline(units, days))
    if units.usd or units.done:
        left, right = st.columns(2)
        with left:
            _fates(units)
            _kinds(kinds)
        with right:
            cost_unit_trend.show(found.days, kinds.days, days)
    notes = [cost_terms.source(found), cost_terms.unpriced(units.unpriced), _definition(units, found.source)]
    st.caption(" · ".join(filter(None, notes)))


def headline(units: UnitCosts, days: Days) -> str:
    """What a finished book costs and how much of that is not in it, as markdown."""
    if units.loaded is None or not units.usd:
        return _no_unit(units, days)
    places = cost_terms.digits(units.loaded)
    words = {
        "loaded": plain(cost_terms.precise(units.loaded, places)),
        "direct": plain(cost_terms.precise(units.direct, places)),
        "gap": plain(cost_terms.precise(_gap(units, places), places)),
    }
    if not units.gap:
        return tn(
            "The one finished book costs **{loaded}**, all of which went into it.",
            "One finished book costs **{loaded}**, all of which went into it, on average of {n}.",
            units.done, **words,
        )  # fmt: skip
    return tn(
        "The one finished book costs **{loaded}**: {direct} went into it, {gap} did not.",
        "One finished book costs **{loaded}**: {direct} went into it, {gap} did not, on average of {n}.",
        units.done, **words,
    )  # fmt: skip


def _gap(units: UnitCosts, places: int) -> Decimal:
    """What lies between the other two as they are told; where that is nothing, the trace that it is."""
    unit = Decimal(1).scaleb(-places)
    loaded, direct = ((usd or Decimal(0)).quantize(unit) for usd in (units.loaded, units.direct))
    return loaded - direct or units.gap or Decimal(0)


def _no_unit(units: UnitCosts, days: Days) -> str:
    span, usd = usage_words.days(days), plain(money(units.usd))
    if units.done:
        unpriced = t("Books were finished, but what they cost has no price: {n}.", n=units.unpriced)
        return unpriced if units.unpriced else t("Books were finished {days}, and nothing was spent.", days=span)
    if not units.usd:
        return f":gray[{t('Nothing was spent {days}.', days=span)}]"
    return t("**{usd}** was spent {days}, but no book that was begun then is finished.", usd=usd, days=span)


def _fates(units: UnitCosts) -> None:
    """Where the money of a book is."""
    places = cost_terms.digits(units.loaded or Decimal(0))
    rows = [
        {
            "what": cost_terms.fate(fate),
            "each": cost_terms.precise(units.per_book(usd), places),
            "total": money(usd),
            "share": 100 * (share(usd, units.usd) or 0),
        }
        for fate, usd in _parts(units).items()
    ]
    text, progress = st.column_config.TextColumn, st.column_config.ProgressColumn
    columns = {
        "what": text(t("Money that is"), width=145, pinned=True),
        "each": text(t("A book"), width=80, alignment="right"),
        "total": text(t("In all"), width=90, alignment="right"),
        "share": progress(t("Share"), format=PERCENT, min_value=0, max_value=100, width=130),
    }
    tables.table(rows, columns, alt=t("The cost of a finished book by what became of the money"))


def _parts(units: UnitCosts) -> Mapping[Fate, Decimal]:
    """What is in books first, then the rest by size."""
    others = {**units.wasted, Fate.OPEN: units.open_usd, Fate.UNALLOCATED: units.unallocated_usd}
    found = sorted(((fate, usd) for fate, usd in others.items() if usd), key=lambda one: -one[1])
    return {Fate.USED: units.direct_usd, **dict(found)}


def _kinds(found: KindDays) -> None:
    """Kinds of work, the dearest first; nothing where there is one alone, which the headline tells."""
    tallies = {name: total(one.tally for one in found.days if one.kind == name) for name in _names(found)}
    if len(tallies) < 2:  # noqa: PLR2004
        return
    rows = sorted((_kind_row(name, tally) for name, tally in tallies.items()), key=lambda row: -row["amount"])
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "kind": text(t("Kind of work"), width=100, pinned=True),
        "each": text(t("Per done"), width=75, alignment="right"),
        "usd": text(t("Spend"), width=90, alignment="right"),
        "done": number(t("Done"), width=65, format="localized"),
        "jobs": number(t("Jobs"), width=65, format="localized"),
    }
    tables.table(rows, columns, alt=t("Jobs and spend by kind of work"))


def _names(found: KindDays) -> Sequence[str]:
    return sorted({one.kind for one in found.days})


def _kind_row(name: str, tally: Tally) -> dict[str, Any]:
    usd = usage_totals.usd(tally).usd
    return {
        "kind": name or t("no job"),
        "jobs": tally.jobs,
        "done": tally.done,
        "usd": money(usd),
        "each": cost_terms.precise(usd / tally.done if usd is not None and tally.done else None),
        "amount": usd or Decimal(0),
    }


def _definition(units: UnitCosts, source: MoneySource) -> str:
    """What the words mean that stand above."""
    notes = [t("Finished are jobs that were begun in these days and are done now.")]
    if Fate.REFUSED in units.wasted:
        notes.append(t("What safety refused was spent on purpose, but there is no book."))
    if source is MoneySource.ESTIMATED:
        notes.append(t("What failed calls and earlier attempts cost is not known without a ledger."))
    return " ".join(notes)
