"""What shares of books are worth by a price list, kind by kind. Pure."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from queries.cost_models import CostTally
from queries.models import PriceList

# The ledger's kinds, by what a share of a book is told under (see book_shares).
KINDS = {"llm": "llm", "images": "image", "speech": "tts"}


def estimated(prices: PriceList, kind: str, share: Decimal) -> CostTally:
    """So many books' worth of a kind: calls, and their USD; without a price they are unpriced, rounded up.

    Exact, so that it is the same added up before or after. Speech that the list gives no price is none.
    """
    number, price = _rate(prices, kind)
    calls = share * number
    if price is None:
        return CostTally(calls=calls, unpriced=int(calls.to_integral_value(ROUND_UP)), share=share)
    return CostTally(calls=calls, usd=calls * price, share=share)


def _rate(prices: PriceList, kind: str) -> tuple[int, Decimal | None]:
    """Calls a book, and USD a call."""
    match kind:
        case "llm":
            return prices.llm_calls_per_book, prices.per_llm_call
        case "image":
            return prices.images_per_book, prices.per_image
        case _:
            return int(prices.tts_per_book > 0), prices.tts_per_book
