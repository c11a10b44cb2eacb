"""The numbers of one week's report, and how they are kept: as JSON, amounts as text, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dashboard.report.errors import NumbersUnreadable
from queries.cost_change import Change
from queries.cost_jobs import JobCost
from queries.forecast import MonthForecast
from queries.models import MoneySource, Thresholds
from queries.waste import Waste


@dataclass(frozen=True, slots=True)
class WeekSums:
    """Money that fell into the week, jobs that were created in it by what became of them, and who made them.

    loaded and direct are USD a finished book: all money, and that which is in one. Both, waste_share and
    success_rate (0-1) are None where there is nothing to divide by; usd is None where no source tells money.
    """

    usd: Decimal | None
    direct_usd: Decimal
    wasted_usd: Decimal
    open_usd: Decimal
    unallocated_usd: Decimal
    loaded: Decimal | None
    direct: Decimal | None
    waste_share: float | None
    unpriced: int
    jobs: int
    done: int
    failed: int
    refused: int
    cancelled: int
    success_rate: float | None
    users: int


@dataclass(frozen=True, slots=True)
class KindUsd:
    """USD of one kind of call on one day."""

    day: date
    kind: str
    usd: Decimal


@dataclass(frozen=True, slots=True)
class JudgedDay:
    """A day of the week: usual is the median of its weekday, None where there is too little history.

    unusual: far from what its weekday costs; over: above the daily threshold of a warning.
    """

    day: date
    usd: Decimal
    usual: Decimal | None
    unusual: bool
    over: bool


@dataclass(frozen=True, slots=True)
class UserUsd:
    """One user by alias."""

    alias: str
    jobs: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Users:
    """Those who cost most; others are all that are not among them; nobody is money that names no user."""

    top: tuple[UserUsd, ...]
    others: int
    others_jobs: int
    others_usd: Decimal
    nobody_usd: Decimal


@dataclass(frozen=True, slots=True)
class Numbers:
    """All that a week's report tells. until: where the numbers end (UTC), the week's end where finished.

    days are those of five weeks, this one last. forecast is of the month of the week's last day, as it stood when
    that day was over; None where no source tells money. budget is what a month may cost.
    """

    week: str
    zone: str
    first: date
    last: date
    until: datetime
    finished: bool
    environment: str
    source: MoneySource
    this: WeekSums
    before: WeekSums
    days: tuple[KindUsd, ...]
    judged: tuple[JudgedDay, ...]
    limits: Thresholds
    budget: Decimal
    forecast: MonthForecast | None
    change: Change | None
    waste_codes: tuple[Waste, ...]
    waste_providers: tuple[Waste, ...]
    waste_steps: tuple[Waste, ...]
    users: Users | None
    jobs: tuple[JobCost, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """Numbers, when they were made, and how often; fixed: later reports repeat them, else why_not says why not."""

    numbers: Numbers
    made_at: datetime
    revision: int = 1
    fixed: bool = False
    why_not: str = ""


def document(numbers: Numbers) -> dict[str, Any]:
    """As JSON holds it."""
    kept: dict[str, Any] = _form().dump_python(numbers, mode="json")
    return kept


def recalled(kept: Mapping[str, Any], week: str) -> Numbers:
    """The numbers that a document holds. Raises NumbersUnreadable where another version wrote it."""
    try:
        return _form().validate_python(kept)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise NumbersUnreadable(week=week, detail=f"{place}: {first['msg']}") from error


@cache
def _form() -> TypeAdapter[Numbers]:
    return TypeAdapter(Numbers)
