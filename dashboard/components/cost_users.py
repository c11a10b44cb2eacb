"""Who the money went to: the users who cost most, everybody else, and calls that name nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import Any

import streamlit as st

from dashboard import usage_totals
from dashboard.components import charts, spreadsheets, tables, usage_table, usage_words
from dashboard.components.formatting import money
from dashboard.components.usage_now import share
from dashboard.components.usage_span import Days
from dashboard.i18n import t, tn
from dashboard.usage_totals import Reading
from queries.models import MoneySource
from queries.usage_models import Tally, UserTally, total

# What a manager reads; the file has all.
LISTED = 15
CSV_NAMES = (
    *("user", "jobs", "finished_jobs", "usd", "money_source", "unpriced_calls"),
    *("share_of_spend", "cumulative_share"),
)
NOBODY = "(no user)"


@dataclass(frozen=True, slots=True)
class Spender:
    """One user, several together, or nobody (alias ""), and what their tally cost in USD."""

    alias: str
    tally: Tally
    usd: Decimal

    @property
    def finished(self) -> int:
        """Jobs that wait or run no more, whatever became of them."""
        return self.tally.jobs - self.tally.open


@dataclass(frozen=True, slots=True)
class Spending:
    """users did or cost something, most USD first; nobody: calls that name no user. They add up to all.

    source is NONE where nobody can tell what anything cost.
    """

    users: tuple[Spender, ...]
    nobody: Spender
    source: MoneySource
    reading: Reading

    @property
    def all(self) -> Spender:
        return together([*self.users, self.nobody])


def ask(days: Days) -> Spending:
    """Raises DatabaseError."""
    found = usage_totals.by_user(days.span)
    named = [_spender(one) for one in found.users if one.digest and _did_something(one.tally)]
    named.sort(key=lambda one: (-one.usd, -one.tally.jobs, one.alias))
    nobody = together([_spender(one) for one in found.users if not one.digest])
    return Spending(tuple(named), nobody, usage_totals.usd(found.total).source, found.reading)


def together(several: Sequence[Spender]) -> Spender:
    """Their sum."""
    return Spender("", total(one.tally for one in several), sum((one.usd for one in several), Decimal(0)))


def show(days: Days) -> None:
    """Raises DatabaseError."""
    found = ask(days)
    charts.title(t("Users who cost most"), usage_words.days(days))
    if found.source is MoneySource.NONE:
        st.markdown(f":gray[{t('What users cost is not offered: there is no ledger and no price list.')}]")
        return
    if not found.users and not found.nobody.usd:
        st.markdown(f":gray[{t('Nobody used the service {days}.', days=usage_words.days(days))}]")
        return
    key = f"cost-users-{days.first}-{days.last}-{days.zone}"
    shown = tables.hold(key, [one.alias for one in found.users[:LISTED]], str, holding=True)
    alt = t("Users, most expensive first, with their jobs, what they cost, and their shares")
    tables.table(rows(found, shown.rows), _columns(), alt=alt, most_rows=LISTED + 3)
    with st.container(horizontal=True, vertical_alignment="center"):
        spreadsheets.offer(partial(as_csv, found), f"cost-by-user-{days.first}-{days.last}.csv")
        if list(shown.rows) != [one.alias for one in found.users[:LISTED]]:
            st.button(
                t("Sort again"),
                icon=":material/sort:",
                on_click=tables.show_new,
                args=(key,),
                key="cost-users-sort",
            )
        st.caption(_source(found))


def rows(found: Spending, aliases: Sequence[str]) -> list[dict[str, Any]]:
    """These users in this order, then all others, calls without a user, and the total: every dollar once."""
    by_alias = {one.alias: one for one in found.users}
    listed = [by_alias.pop(alias, Spender(alias, Tally(), Decimal(0))) for alias in aliases]
    named = [(usage_table.link(one.alias), one) for one in listed]
    if by_alias:
        named.append((usage_table.others(len(by_alias)), together(list(by_alias.values()))))
    if found.nobody.usd or found.nobody.tally.unpriced:
        named.append((usage_table.beside(t("no user")), found.nobody))
    whole = found.all
    sums = accumulate(one.usd for _, one in named)
    told = [_row(user, one, sofar, whole) for (user, one), sofar in zip(named, sums, strict=True)]
    return [*told, _row(usage_table.beside(t("total")), whole, whole.usd, whole)]


def as_csv(found: Spending) -> bytes:
    """Every user for a spreadsheet, most expensive first, then the calls without one; they add up to all."""
    each, whole = [*found.users, found.nobody], found.all
    sums = accumulate(one.usd for one in each)
    return spreadsheets.as_csv(
        CSV_NAMES, [_csv_row(found, one, sofar, whole) for one, sofar in zip(each, sums, strict=True)]
    )


def _spender(one: UserTally) -> Spender:
    return Spender(one.alias if one.digest else "", one.tally, usage_totals.usd(one.tally).usd or Decimal(0))


def _did_something(tally: Tally) -> bool:
    """More than having been turned away, which costs nothing."""
    return bool(tally.jobs or tally.usd or tally.unpriced)


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    percent = usage_table.PERCENT
    ended = t("Jobs that wait or run no more, whatever became of them")
    return {
        "user": usage_table.user_column(),
        "spend": text(t("Spend"), width=90, alignment="right"),
        "share": number(t("Share"), width=70, format=percent, help=t("Of all spend")),
        "cumulative": number(t("Cumulative"), width=90, format=percent, help=t("With all rows above")),
        "jobs": number(t("Jobs"), width=60, format="localized"),
        "finished": number(t("Finished"), width=70, format="localized", help=ended),
    }


def _row(user: str, one: Spender, sofar: Decimal, whole: Spender) -> dict[str, Any]:
    return {
        "user": user,
        "spend": money(one.usd),
        "share": _percentage(one.usd, whole.usd),
        "cumulative": _percentage(sofar, whole.usd),
        "jobs": one.tally.jobs,
        "finished": one.finished,
    }


def _percentage(part: Decimal, whole: Decimal) -> float | None:
    found = share(part, whole)
    return None if found is None else 100 * found


def _csv_row(found: Spending, one: Spender, sofar: Decimal, whole: Spender) -> dict[str, object]:
    known = found.source is not MoneySource.NONE
    return {
        "user": one.alias or NOBODY,
        "jobs": one.tally.jobs,
        "finished_jobs": one.finished,
        "usd": one.usd if known else None,
        "money_source": found.source.value,
        "unpriced_calls": one.tally.unpriced,
        "share_of_spend": share(one.usd, whole.usd),
        "cumulative_share": share(sofar, whole.usd),
    }


def _source(found: Spending) -> str:
    """Freshness and origin, and what is missing in the sums."""
    told = [usage_words.source(found.reading)]
    if found.source is MoneySource.ESTIMATED:
        told.append(t("estimated from the price list"))
    if found.all.tally.unpriced:
        told.append(tn("{n} call unpriced", "{n} calls unpriced", found.all.tally.unpriced))
    return " · ".join(told)
