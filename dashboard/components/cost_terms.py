"""Money in more words than an amount: signs, digits that matter, what was bought and what became of it."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency

from dashboard.components import cost_words, usage_words
from dashboard.components.formatting import money
from dashboard.cost_totals import CostDays
from dashboard.i18n import locale, t, tn
from queries.cost_models import Fate

MOST_DIGITS = 6
SIGNIFICANT = 3


def digits(usd: Decimal) -> int:
    """Decimal places in which three figures of the amount are seen; cents at least."""
    return max(2, min(SIGNIFICANT - 1 - usd.adjusted(), MOST_DIGITS)) if usd else 2


def precise(usd: Decimal | None, places: int | None = None) -> str:
    """US dollars of something small, as a book or a call: "$0.142"; less than its last place is not nothing."""
    if usd is None:
        return money(None)
    shown = digits(usd) if places is None else places
    least = Decimal(1).scaleb(-shown)
    pattern = "¤#,##0." + "0" * shown
    small = 0 < usd < least
    told = format_currency(least if small else usd, "USD", pattern, locale=locale(), currency_digits=False)
    return f"< {told}" if small else str(told)


def signed(usd: Decimal, places: int = 2) -> str:
    """More or less money: "+$38.00"."""
    sign = "+" if usd > 0 else "−" if usd < 0 else ""
    return f"{sign}{precise(abs(usd), places)}"


def kind(name: str) -> str:
    """What a call buys."""
    known = {"llm": t("text"), "image": t("images"), "tts": t("speech"), "storage": t("storage")}
    return known.get(name, name) or t("unknown")


def fate(one: Fate) -> str:
    """What became of what was bought."""
    words = {
        Fate.USED: t("in finished books"),
        Fate.OPEN: t("still open"),
        Fate.UNALLOCATED: t("no job"),
        Fate.FAILED: t("failed"),
        Fate.REFUSED: t("refused by safety"),
        Fate.CANCELLED: t("cancelled"),
        Fate.CALL_FAILED: t("failed calls"),
        Fate.AGAIN: t("bought again"),
    }
    return words[one]


def source(found: CostDays) -> str:
    """Freshness and origin, and by what the money is told."""
    return f"{usage_words.source(found.reading)} · {cost_words.origin(found.source)}"


def bought(provider: str, name: str) -> str:
    """What a segment's calls buy and from whom, as text: "images at picture-one"."""
    return t("{kind} at {provider}", kind=kind(name), provider=provider) if provider else kind(name)


def unpriced(number: int) -> str:
    """Calls that no figure counts; nothing where there are none."""
    return tn("{n} call unpriced, not counted", "{n} calls unpriced, not counted", number) if number else ""


def unknown() -> str:
    """Where neither a ledger nor a price list tells what anything costs."""
    return t("Not known: this service keeps no ledger, and no prices are set to estimate it by.")
