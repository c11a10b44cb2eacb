"""Money that bought nothing: how much, and by what ended it, by provider and by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import cost_totals, links
from dashboard.components import charts, cost_terms, header, tables, usage_words
from dashboard.components.failure_matrix import code_words
from dashboard.components.formatting import money, percent, plain
from dashboard.components.usage_now import MINUTE, share
from dashboard.components.usage_span import Days
from dashboard.cost_totals import CostDays
from dashboard.i18n import t
from queries import job_language, waste
from queries.cost_models import Fate, total
from queries.job_filter import JobFilter, exactly
from queries.models import MoneySource
from queries.waste import Waste

# What stands beside two other tables without scrolling far.
ROWS = 8
PERCENT = "%.1f %%"


def show(days: Days) -> None:
    """Raises DatabaseError."""
    charts.title(t("Waste"), t("money that bought nothing"))
    found = cost_totals.by_day(days.span, days.zone, ttl=MINUTE)
    if found.source is MoneySource.NONE:
        st.markdown(f":gray[:material/block: {cost_terms.unknown()}]")
        return
    st.markdown(headline(found, days))
    if waste.wasted(found.days).usd:
        _tables(found, days)
    notes = [
        cost_terms.source(found),
        cost_terms.unpriced(total(one.tally for one in found.days).unpriced),
        _definition(found.source),
    ]
    st.caption(" · ".join(filter(None, notes)))


def headline(found: CostDays, days: Days) -> str:
    """How much is wasted, and what of it on purpose, as markdown."""
    span, spent = usage_words.days(days), total(one.tally for one in found.days).usd
    if not spent:
        return f":gray[{t('Nothing was spent {days}.', days=span)}]"
    wasted = waste.wasted(found.days).usd
    if not wasted:
        calm = t("Nothing of the {usd} that was spent {days} is wasted.", usd=plain(money(spent)), days=span)
        return f":gray[:material/check: {calm}]"
    told = t(
        "**{usd} bought nothing: {share}** of what was spent {days}.",
        usd=plain(money(wasted)), share=percent(waste.share(found.days)), days=span,
    )  # fmt: skip
    return f"{told} {_on_purpose(found)}".rstrip()


def _on_purpose(found: CostDays) -> str:
    refused = total(one.tally for one in found.days if one.part.fate is Fate.REFUSED).usd
    if not refused:
        return ""
    return t("{usd} of it was refused by safety: spent on purpose, but no book.", usd=plain(money(refused)))


def _tables(found: CostDays, days: Days) -> None:
    if found.source is not MoneySource.LEDGER:
        _table(waste.by_code(found.days), "code", t("By error code"), days)
        st.markdown(f":gray[:material/block: {t('By provider and step: not told without a ledger.')}]")
        return
    by = (
        ("code", t("By error code"), waste.by_code(found.days)),
        ("provider", t("By provider"), waste.by_provider(found.days)),
        ("step", t("By step"), waste.by_step(found.days)),
    )
    for column, (name, title, rows) in zip(st.columns([5, 4, 4]), by, strict=True):
        with column:
            _table(rows, name, title, days)


def _table(found: Sequence[Waste], by: str, title: str, days: Days) -> None:
    """What has cost nothing wasted nothing, and is left out."""
    kept = [one for one in found if one.usd]
    whole = sum((one.usd for one in kept), Decimal(0))
    rows = [
        {
            "name": _name(one, by),
            "usd": money(one.usd),
            "share": 100 * (share(one.usd, whole) or 0),
            "calls": float(round(one.calls, 1)),
            "jobs": _jobs(one, days) if by == "code" else None,
        }
        for one in kept
    ]
    tables.table(rows, _columns(by, title), alt=title, most_rows=ROWS)


def _columns(by: str, title: str) -> dict[str, Any]:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    jobs = st.column_config.LinkColumn(t("Jobs"), display_text=t("Show"), width=55)
    return {
        "name": text(title, width=175 if by == "code" else 150, pinned=True),
        "usd": text(t("USD"), width=75, alignment="right"),
        **({"jobs": jobs} if by == "code" else {}),
        "share": number(t("Share"), width=65, format=PERCENT),
        "calls": number(t("Calls"), width=60, format="localized"),
    }


def _name(one: Waste, by: str) -> str:
    if by != "code":
        return one.name or t("unknown")
    if one.fate is None or one.fate in {Fate.FAILED, Fate.REFUSED}:
        return code_words(one.name)
    return cost_terms.fate(one.fate)


def _jobs(one: Waste, days: Days) -> str | None:
    """A link to the jobs that were begun in these days and ended so; None where money alone tells."""
    begun = JobFilter(created_since=days.span.since, created_until=days.span.until)
    if one.fate in {Fate.FAILED, Fate.REFUSED}:
        wanted = replace(begun, statuses=("failed",), errors=(exactly(one.name),))
    elif one.fate is Fate.CANCELLED:
        wanted = replace(begun, statuses=("cancelled",))
    else:
        return None
    return links.to("jobs", **{links.QUERY: job_language.printed(wanted, header.zone().info)})


def _definition(source: MoneySource) -> str:
    if source is MoneySource.LEDGER:
        return t(
            "Wasted is what went into jobs that failed, were refused or cancelled, what failed calls cost, and"
            " what a later attempt bought again."
        )
    return t("Without a ledger, what failed calls and earlier attempts wasted is not known.")
