"""The month as it adds up: spent so far, where it is expected to end, its budget, and the month before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import streamlit as st

from dashboard.components import charts, cost_charts, cost_now, cost_terms, cost_words, usage_span, usage_words
from dashboard.components.formatting import count
from dashboard.connections import settings
from dashboard.i18n import t
from queries.cost_models import DayUsd
from queries.forecast import BAND_DAYS, MonthForecast
from queries.models import MoneySource


def show() -> None:
    """The service's month of today, whatever days are chosen. Raises DatabaseError."""
    today = usage_span.lately(1)
    charts.title(cost_words.month(today.first), t("US dollars, added up from day to day"))
    past, found = cost_now.closed(today), cost_now.month()
    if past.source is MoneySource.NONE:
        st.markdown(f":gray[{cost_terms.unknown()}]")
        return
    cost_charts.month(found.course, last_month(past.days, today.first), settings().budget)
    told = (made(found), usage_words.source(past.reading), cost_words.origin(past.source))
    charts.below(today.named_zone, " · ".join(told))


def last_month(closed: Sequence[DayUsd], today: date) -> list[DayUsd]:
    """The month before today's, added up, on the days of today's; [] where its first day is not known."""
    last = today.replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    days = [one for one in closed if first <= one.day <= last]
    if not days or days[0].day != first:
        return []
    summed, total = [], Decimal(0)
    for one in days:
        total += one.usd
        summed.append(total)
    here = [today.replace(day=1) + timedelta(days=number) for number in range(len(days))]
    pairs = zip(here, summed, strict=True)
    return [DayUsd(day, usd) for day, usd in pairs if day.month == today.month]


def made(found: MonthForecast) -> str:
    """How the forecast was made."""
    if found.low is None:
        return t(
            "at the pace so far: a band needs {n} closed days, and there are {days}",
            n=count(BAND_DAYS),
            days=count(found.closed_days),
        )
    return t("median and middle 80 % of simulated months, by {days} closed days", days=count(found.closed_days))
