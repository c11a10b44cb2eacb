"""What each source says that providers cost: the ledger (else the estimate), Prometheus, an invoice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from dashboard import cost_totals, fetch
from dashboard.components.usage_span import Days
from dashboard.rolled_reading import Reading, together
from queries import metered
from queries.days import midnight
from queries.invoice import InvoiceLine
from queries.models import MoneySource
from queries.reconciliation import Amounts, Place
from queries.usage_models import Span

LEDGER, ESTIMATE, PROMETHEUS, INVOICE = "ledger", "estimate", "prometheus", "invoice"
# Whole hours that are over do not change any more.
KEPT = timedelta(minutes=10)
# Prometheus reads some 9,000 points a counter and month, which takes a fraction of a second each.
MOST_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Account:
    """One source's amounts, under LEDGER, ESTIMATE, PROMETHEUS or INVOICE."""

    name: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Recorded:
    """By the ledger, or estimated under no provider's name; unpriced calls are missing from it."""

    account: Account
    unpriced: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Counted:
    """By Prometheus, which scraped the service in coverage (0-1) of the time, and not in the rest, unscraped."""

    account: Account
    coverage: float
    unscraped: timedelta
    restarts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A month, named by its first day, or any other time (None)."""

    month: date | None
    span: Span


def of_days(days: Days) -> tuple[Period, ...]:
    """The days up to the last whole hour; () while their first hour goes on."""
    return _over([Period(None, days.span)], days.now)


def of_months(months: Iterable[date], days: Days) -> tuple[Period, ...]:
    """The months in the days' zone up to the last whole hour, oldest first; of the last MOST_MONTHS only."""
    oldest = _moved(days.today.replace(day=1), 1 - MOST_MONTHS)
    known = sorted({month for month in months if month >= oldest})
    ends = [(month, midnight(month, days.zone), midnight(_moved(month, 1), days.zone)) for month in known]
    return _over([Period(month, Span(since, until)) for month, since, until in ends], days.now)


def recorded(periods: Sequence[Period], zone: str) -> Recorded | None:
    """By the service's own books; None where it keeps no ledger and no prices are set. Raises DatabaseError."""
    source = cost_totals.source()
    if source is MoneySource.NONE:
        return None
    sums: defaultdict[Place, Decimal] = defaultdict(Decimal)
    unpriced = 0
    answers = [cost_totals.by_day(period.span, zone, ttl=KEPT) for period in periods]
    for period, answer in zip(periods, answers, strict=True):
        for one in answer.days:
            sums[Place(one.part.provider, period.month)] += one.tally.usd
            unpriced += one.tally.unpriced
    name = LEDGER if source is MoneySource.LEDGER else ESTIMATE
    return Recorded(Account(name, dict(sums)), unpriced, together([answer.reading for answer in answers]))


def counted(periods: Sequence[Period]) -> Counted:
    """By Prometheus. Raises NotConfigured, PrometheusError."""
    answers = [
        fetch.prometheus(metered.usd_by_provider, period.span.since, period.span.until, ttl=KEPT)
        for period in periods
    ]
    amounts = {
        Place(provider, period.month): usd
        for period, answer in zip(periods, answers, strict=True)
        for provider, usd in answer.value.usd.items()
    }
    unscraped = _length(gap for answer in answers for gap in answer.value.gaps)
    return Counted(
        account=Account(PROMETHEUS, amounts),
        coverage=1 - unscraped / _length(period.span for period in periods),
        unscraped=unscraped,
        restarts=sum(answer.value.restarts for answer in answers),
        at=min(answer.at for answer in answers),
    )


def invoiced(lines: Iterable[InvoiceLine], periods: Iterable[Period]) -> Account:
    """By an invoice, of these months."""
    months = {period.month for period in periods}
    return Account(INVOICE, {Place(line.provider, line.month): line.usd for line in lines if line.month in months})


def _over(periods: Iterable[Period], now: datetime) -> tuple[Period, ...]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    ended = (Period(one.month, Span(one.span.since, min(one.span.until, hour))) for one in periods)
    return tuple(one for one in ended if one.span.since < one.span.until)


def _moved(month: date, months: int) -> date:
    years, number = divmod(month.month - 1 + months, 12)
    return date(month.year + years, number + 1, 1)


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((span.until - span.since for span in spans), timedelta(0))
