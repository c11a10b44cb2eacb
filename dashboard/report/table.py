"""A report's numbers for a spreadsheet: one a line, exact, each with its unit and its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC
from decimal import Decimal
from typing import NamedTuple

from dashboard.components.spreadsheets import as_csv
from dashboard.report.numbers import Edition, Numbers, WeekSums
from queries.models import MoneySource
from queries.waste import Waste

NAMES = ("section", "name", "unit", "value", "source")
JOBS, SETTING, FORECAST, REPORT = "jobs table", "setting", "forecast", "report"
_UNITS = {"loaded": "USD a book", "direct": "USD a book", "waste_share": "share", "success_rate": "share"}


class Line(NamedTuple):
    """value is exact: dollars as the ledger has them, shares as 0-1."""

    section: str
    name: str
    unit: str
    value: object
    source: str


def csv(edition: Edition) -> bytes:
    """UTF-8, the same for the same edition. Not translated: spreadsheets look the names up."""
    return as_csv(NAMES, [line._asdict() for line in _lines(edition)])


def _lines(edition: Edition) -> Iterator[Line]:
    numbers = edition.numbers
    money = _money(numbers.source)
    yield from _about(edition)
    yield from _sums("week", numbers.this, money)
    yield from _sums("week before", numbers.before, money)
    yield from (Line("day", f"{one.day} {one.kind}", "USD", one.usd, money) for one in numbers.days)
    yield from (Line("usual for the weekday", str(one.day), "USD", one.usual, money) for one in numbers.judged)
    yield from _month(numbers)
    yield from _change(numbers, money)
    for name, parts in (
        ("code", numbers.waste_codes),
        ("provider", numbers.waste_providers),
        ("step", numbers.waste_steps),
    ):
        yield from _waste(f"waste by {name}", parts, money)
    yield from _users(numbers, money)
    for job in numbers.jobs:
        yield Line("most expensive jobs", job.job_id, "USD", job.usd, money)
        yield Line("most expensive jobs, wasted", job.job_id, "USD", job.wasted, money)


def _money(source: MoneySource) -> str:
    return {MoneySource.LEDGER: "ledger", MoneySource.ESTIMATED: "estimated from price list"}.get(source, "none")


def _about(edition: Edition) -> Iterator[Line]:
    numbers = edition.numbers
    told: dict[str, object] = {
        "week": numbers.week,
        "first day": numbers.first,
        "last day": numbers.last,
        "time zone": numbers.zone,
        "environment": numbers.environment,
        "numbers until": numbers.until.astimezone(UTC),
        "week is over": "yes" if numbers.finished else "no",
        "numbers made at": edition.made_at.astimezone(UTC),
        "numbers fixed": "yes" if edition.fixed else "no",
        "revision": edition.revision,
    }
    return (Line("report", name, "", value, REPORT) for name, value in told.items())


def _sums(section: str, sums: WeekSums, money: str) -> Iterator[Line]:
    for field in fields(sums):
        value = getattr(sums, field.name)
        of_money = field.name in {"usd", "loaded", "direct", "waste_share", "unpriced"} or field.name.endswith(
            "_usd"
        )
        unit = _UNITS.get(field.name) or ("USD" if field.name.endswith("usd") else "count")
        yield Line(section, field.name, unit, value, money if of_money else JOBS)


def _month(numbers: Numbers) -> Iterator[Line]:
    found = numbers.forecast
    if found is None:
        return
    section = f"month {numbers.last:%Y-%m}"
    yield Line(section, "spent", "USD", found.spent, _money(numbers.source))
    yield Line(section, "budget", "USD", numbers.budget, SETTING)
    for name in ("expected", "low", "high"):
        yield Line(section, name, "USD", getattr(found, name), FORECAST)
    yield Line(section, "probability of passing the budget", "share", found.probability, FORECAST)
    yield Line(section, "budget exhausted on", "date", found.exhausted, FORECAST)


def _change(numbers: Numbers, money: str) -> Iterator[Line]:
    """Its amounts add up to the difference of the two weeks."""
    change = numbers.change
    if change is None:
        return
    yield Line("change", "number of jobs", "USD", change.jobs_usd, money)
    for one in change.effects:
        yield Line("change", f"calls per job: {one.provider} {one.kind}", "USD", one.calls_usd, money)
        yield Line("change", f"price per call: {one.provider} {one.kind}", "USD", one.price_usd, money)
    yield Line("change", "other", "USD", change.other_usd, money)


def _waste(section: str, parts: Iterable[Waste], money: str) -> Iterator[Line]:
    for one in parts:
        name = one.name or (one.fate.value if one.fate else "")
        yield Line(section, name, "USD", one.usd, money)
        yield Line(f"{section}, calls", name, "count", one.calls, money)


def _users(numbers: Numbers, money: str) -> Iterator[Line]:
    """Each dollar once."""
    users = numbers.users
    if users is None:
        return
    told: dict[str, Decimal] = {one.alias: one.usd for one in users.top}
    told |= {f"{users.others} other users": users.others_usd, "no user": users.nobody_usd}
    yield from (Line("users", name, "USD", usd, money) for name, usd in told.items())
