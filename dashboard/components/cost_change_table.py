"""The change of a week's spending from the amount before to the amount after: the last column adds up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import streamlit as st

from dashboard.components import cost_terms, tables
from dashboard.components.formatting import NOTHING, count
from dashboard.i18n import t
from queries.cost_change import Change, Effect, Spending

Row = dict[str, str]
# Calls a job, told to a place that a change is seen in.
CALL_PLACES = 2
_PRICE_EXACTNESS = Decimal("0.000000001")


def show(shown: Change, before: Spending, after: Spending, places: int) -> None:
    """shown is rounded to that many places; what is nothing in it is left out."""
    rows = [
        _row(t("Spent in the 7 days before"), usd=cost_terms.precise(shown.before_usd, places)),
        _row(t("Jobs"), count(before.jobs), count(after.jobs), cost_terms.signed(shown.jobs_usd, places)),
    ]
    for one in shown.effects:
        rows += _segment(one, before, after, places)
    if shown.other_usd:
        rows.append(_row(t("Other: without jobs or priced calls"), usd=cost_terms.signed(shown.other_usd, places)))
    rows.append(_row(t("Spent in these 7 days"), usd=cost_terms.precise(shown.after_usd, places)))
    text = st.column_config.TextColumn
    columns = {
        "what": text(t("What"), width=225),
        "usd": text(t("USD"), width=80, alignment="right"),
        "before": text(t("Before"), width=75, alignment="right"),
        "after": text(t("After"), width=75, alignment="right"),
    }
    tables.table(rows, columns, alt=t("From the spending before to the spending after, step by step"))


def _segment(one: Effect, before: Spending, after: Spending, places: int) -> Iterator[Row]:
    segment, what = (one.provider, one.kind), cost_terms.bought(one.provider, one.kind)
    if one.calls_usd:
        was, now = (_number(week.calls_per_job(segment)) for week in (before, after))
        yield _row(t("Calls a job: {what}", what=what), was, now, cost_terms.signed(one.calls_usd, places))
    if one.price_usd:
        was, now = (_price(week.price_per_call(segment)) for week in (before, after))
        yield _row(t("Price a call: {what}", what=what), was, now, cost_terms.signed(one.price_usd, places))


def _row(what: str, before: str = "", after: str = "", usd: str = "") -> Row:
    return {"what": what, "before": before, "after": after, "usd": usd}


def _number(calls: Fraction | None) -> str:
    return NOTHING if calls is None else f"{float(calls):,.{CALL_PLACES}f}"


def _price(usd: Fraction | None) -> str:
    """USD a call, in the digits that matter."""
    if usd is None:
        return NOTHING
    exact = Decimal(usd.numerator) / usd.denominator
    return cost_terms.precise(exact.quantize(_PRICE_EXACTNESS))
