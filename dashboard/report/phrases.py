"""Days, weeks, changes and foreign names as the report writes them: plain text, not markdown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from babel.dates import format_skeleton
from babel.numbers import format_currency

from actions.reasons import cleaned
from dashboard.components import cost_terms
from dashboard.components.formatting import money, percent
from dashboard.i18n import locale, t
from dashboard.report.numbers import Numbers
from queries.cost_models import Fate
from queries.waste import Waste

# A name that somebody else chose must not push a table off the page.
NAME_LENGTH = 48
MINUS = "−"


def day(one: date) -> str:
    """Such as Thu, Nov 19."""
    return str(format_skeleton("MMMEd", one, locale=locale()))


def short_day(one: date) -> str:
    """Such as Nov 19."""
    return str(format_skeleton("MMMd", one, locale=locale()))


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def dates(numbers: Numbers) -> str:
    """Such as Mon, Nov 16 – Sun, Nov 22, 2026."""
    return f"{day(numbers.first)} – {format_skeleton('yMMMEd', numbers.last, locale=locale())}"


def title(numbers: Numbers) -> str:
    """Such as Week 47 of 2026."""
    year, _, number = numbers.week.partition("-W")
    return t("Week {number} of {year}", number=int(number), year=year)


def change(before: float | Decimal | None, after: float | Decimal | None) -> str:
    """Such as +12 %; nothing where there is nothing to compare."""
    if not before or after is None:
        return ""
    share = float(after) / float(before) - 1
    return f"{'+' if share > 0 else MINUS if share < 0 else '±'}{percent(abs(share), digits=0)}"


def chosen(usd: Decimal) -> str:
    """An amount that somebody set: without cents where it has none."""
    if usd != usd.to_integral_value():
        return money(usd)
    return str(format_currency(usd, "USD", "¤#,##0", locale=locale(), currency_digits=False))


def foreign(text: str) -> str:
    """What a person or a database wrote: one line, no marks that reorder others, not longer than NAME_LENGTH."""
    line = " ".join(cleaned(text).split())
    return line if len(line) <= NAME_LENGTH else f"{line[: NAME_LENGTH - 1]}…"


def wasted(one: Waste) -> str:
    """What ended it: the job's error code, or what became of what was bought."""
    if one.name:
        return foreign(one.name)
    if one.fate in {Fate.FAILED, Fate.REFUSED}:
        return t("no error code")
    return t("unknown") if one.fate is None else cost_terms.fate(one.fate)
