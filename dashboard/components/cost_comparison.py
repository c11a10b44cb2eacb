"""Accounts side by side: who differs in a sentence, all of it in a table and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import streamlit as st
from babel.dates import format_skeleton

from dashboard.components import spreadsheets, tables
from dashboard.components.cost_accounts import ESTIMATE, INVOICE, LEDGER, PROMETHEUS, Account
from dashboard.components.formatting import NOTHING, money, percent, plain
from dashboard.components.verdicts import MARKS, State
from dashboard.i18n import locale, t, tn
from queries.reconciliation import TOLERANCE_SHARE, TOLERANCE_USD, Agreement, Compared, compare

_CENT = Decimal("0.01")
# Differences that a sentence names; the table has all.
NAMED = 3
ROWS_IN_VIEW = 12


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two accounts or more, the most trusted first and the one to check last, with their rows."""

    names: tuple[str, ...]
    rows: tuple[Compared, ...]

    @property
    def differing(self) -> list[Compared]:
        """Largest difference first."""
        found = [row for row in self.rows if row.agreement is not Agreement.AGREES]
        return sorted(found, key=lambda row: -abs(row.difference))

    @property
    def monthly(self) -> bool:
        return any(row.place.month for row in self.rows)


def of(accounts: Sequence[Account]) -> Comparison:
    """The accounts, compared in this order."""
    return Comparison(
        tuple(one.name for one in accounts), compare(*(one.amounts for one in accounts)) if accounts else ()
    )


def show(comparison: Comparison, file_name: str) -> None:
    """The sentence, the table, and the file."""
    st.markdown(_sentence(comparison))
    if not comparison.rows:
        return
    names = ", ".join(title(name) for name in comparison.names)
    tables.table(
        [_row(comparison, row) for row in comparison.rows],
        _columns(comparison),
        alt=t("By provider: {accounts}, and how they differ", accounts=names),
        most_rows=ROWS_IN_VIEW,
    )
    spreadsheets.offer(partial(as_csv, comparison), file_name)


def title(name: str) -> str:
    """An account's name for a person."""
    known = {
        LEDGER: t("Ledger"),
        ESTIMATE: t("Estimate"),
        PROMETHEUS: "Prometheus",
        INVOICE: t("Invoice"),
    }
    return known[name]


def month_words(month: date) -> str:
    """ "Nov 2026"."""
    return str(format_skeleton("yMMM", month, locale=locale()))


def as_csv(comparison: Comparison) -> bytes:
    """All rows for a spreadsheet, in USD; differences are the last account's less the first's."""
    names = ("provider", "month", *(f"{name}_usd" for name in comparison.names))
    rows = [
        {"provider": row.place.provider, "month": None if row.place.month is None else f"{row.place.month:%Y-%m}"}
        | {f"{name}_usd": usd for name, usd in zip(comparison.names, row.amounts, strict=True)}
        | {"difference_usd": row.difference, "difference_share": row.share, "state": row.agreement.value}
        for row in comparison.rows
    ]
    return spreadsheets.as_csv((*names, "difference_usd", "difference_share", "state"), rows)


def _sentence(comparison: Comparison) -> str:
    first, last = title(comparison.names[0]), title(comparison.names[-1])
    borne = t("within {share} or {usd}", share=percent(float(TOLERANCE_SHARE)), usd=plain(money(TOLERANCE_USD)))
    if not comparison.rows:
        return f":gray[{t('{first} and {last} have nothing in this time.', first=first, last=last)}]"
    if not comparison.differing:
        agreed = t("{first} and {last} agree {within}.", first=first, last=last, within=borne)
        return f"{MARKS[State.OK]} {agreed}"
    number = len(comparison.differing)
    told = tn("**{n} amount differs:**", "**{n} amounts differ:**", number)
    each = [_difference(comparison, row) for row in comparison.differing[:NAMED]]
    return f"{MARKS[State.WARNING]} {told} {' · '.join(each)}"


def _difference(comparison: Comparison, row: Compared) -> str:
    """ "painter, Nov 2026: Invoice $3.20 (+4 %) above Ledger", as markdown."""
    place = [_provider(row), *([] if row.place.month is None else [month_words(row.place.month)])]
    amount = plain(money(abs(row.difference)))
    if row.share is not None:
        amount = f"{amount} ({plain(percent(abs(float(row.share))))})"
    named = {"first": title(comparison.names[0]), "last": title(comparison.names[-1]), "usd": f":red[{amount}]"}
    more = row.difference > 0
    told = t("{last} {usd} above {first}", **named) if more else t("{last} {usd} below {first}", **named)
    return f"{plain(', '.join(place))}: {told}"


def _row(comparison: Comparison, row: Compared) -> dict[str, Any]:
    share = NOTHING if row.share is None else percent(float(row.share))
    month = "" if row.place.month is None else month_words(row.place.month)
    amounts = {name: money(usd) for name, usd in zip(comparison.names, row.amounts, strict=True)}
    known = {"provider": _provider(row), "month": month, "difference": _signed(row.difference), "share": share}
    return known | amounts | {"state": [_states(comparison)[row.agreement]]}


def _columns(comparison: Comparison) -> dict[str, Any]:
    text = st.column_config.TextColumn
    first, last = title(comparison.names[0]), title(comparison.names[-1])
    columns: dict[str, Any] = {"provider": text(t("Provider"), pinned=True, width=130)}
    if comparison.monthly:
        columns["month"] = text(t("Month"), width=85)
    for name in comparison.names:
        columns[name] = text(title(name), width=100, alignment="right")
    less = t("{last} less {first}", last=last, first=first)
    columns["difference"] = text(t("Difference"), width=100, alignment="right", help=less)
    columns["share"] = text(t("Of {account}", account=first), width=90, alignment="right")
    states = _states(comparison)
    colors = {Agreement.AGREES: "green", Agreement.DIFFERS: "red"}
    columns["state"] = st.column_config.MultiselectColumn(
        t("State"),
        options=list(states.values()),
        color=[colors.get(agreement, "orange") for agreement in states],
        width=140,
    )
    return columns


def _states(comparison: Comparison) -> dict[Agreement, str]:
    first, last = title(comparison.names[0]), title(comparison.names[-1])
    return {
        Agreement.AGREES: t("agrees"),
        Agreement.DIFFERS: t("differs"),
        Agreement.ONLY_FIRST: t("not in {account}", account=last),
        Agreement.ONLY_LAST: t("not in {account}", account=first),
    }


def _provider(row: Compared) -> str:
    return row.place.provider or t("All providers")


def _signed(usd: Decimal) -> str:
    """With its sign, but for what rounds to nothing."""
    if abs(usd) < _CENT:
        return money(abs(usd))
    return f"+{money(usd)}" if usd > 0 else money(usd)
