"""Money that is spent, set or only expected, and the days it is of, in words. Pure but for the language."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date
from babel.numbers import format_currency

from dashboard.components import guardrail_words
from dashboard.components.formatting import money, percent, plain
from dashboard.i18n import locale, t
from queries.models import MoneySource

# From here on nobody decides by the cents of what is only expected.
WHOLE_FROM = 100
_SURE = 0.995


def usd(amount: Decimal | None) -> str:
    """US dollars to the cent, as markdown: two dollar signs in one text would begin a formula."""
    return plain(money(amount))


def about(amount: Decimal) -> str:
    """What is expected or usual, as text: whole dollars from WHOLE_FROM on."""
    if amount < WHOLE_FROM:
        return money(amount.quantize(Decimal("0.01"), ROUND_HALF_UP) if amount else amount)
    return str(format_currency(amount, "USD", "¤#,##0", locale=locale(), currency_digits=False))


def roughly(amount: Decimal) -> str:
    """The same, as markdown."""
    return plain(about(amount))


def threshold(amount: Decimal) -> str:
    """A limit as it was set, as markdown: without cents where it has none."""
    return plain(guardrail_words.amount(amount, guardrail_words.DAILY_USD))


def probability(share: float) -> str:
    """0-1 as a percentage that is never quite certain."""
    if share > _SURE:
        return t("over 99 %")
    return t("under 1 %") if share < 1 - _SURE else percent(share, digits=0)


def month(day: date) -> str:
    """The day's month: "November"."""
    return str(format_date(day, "LLLL", locale=locale()))


def weekday(day: date) -> str:
    """The day of the week: "Tuesday"."""
    return str(format_date(day, "EEEE", locale=locale()))


def origin(source: MoneySource) -> str:
    """What tells the dollars."""
    words = {
        MoneySource.LEDGER: t("by the ledger"),
        MoneySource.ESTIMATED: t("estimated from the price list"),
        MoneySource.NONE: t("not offered by this service"),
    }
    return words[source]
