"""Changes of the daily limit of money."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from actions.answers import GuardrailChange


def change(at: datetime, old: str, new: str) -> GuardrailChange:
    return GuardrailChange(
        "id", at, "daily_cost_limit_usd", Decimal(old), Decimal(new), None, "Ada", "why", "request"
    )
