"""How a span of time is read: closed hours from the roll-up, and the rest live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from dashboard import connections, fetch
from dashboard.components.notices import guarded
from dashboard.fetch import Fetched
from queries import book_shares, rollups
from queries.days import days, midnight
from queries.errors import OpsError
from queries.models import MoneySource, PriceList
from queries.usage_models import Span

# The first job of all stays the first.
STATE_KEPT = timedelta(minutes=5)

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Reading:
    """How an answer was read: at is when its oldest part was asked for (UTC).

    rolled is how much of the span came from the roll-up, live how much from the service's tables, not counting the
    time before the first job of all. problem is why the roll-up could not be read. stale: a source does not answer
    now, so that at least a part is what it said before.
    """

    at: datetime
    rolled: timedelta
    live: timedelta
    problem: OpsError | None = None
    stale: bool = False


Live = Callable[[Span, timedelta | None], Fetched[tuple[Row, ...]]]


@dataclass(frozen=True, slots=True)
class Question(Generic[Row]):
    """The same asked of runs of rolled hours, with these arguments, and of a span of the service's tables."""

    rolled: Callable[..., tuple[Row, ...]]
    live: Live[Row]
    named: Mapping[str, Any] = field(default_factory=dict)
    covered: Callable[..., tuple[Span, ...]] = rollups.covered

    def of_store(self, runs: tuple[Span, ...], ttl: timedelta | None) -> Fetched[tuple[Row, ...]]:
        return fetch.store(self.rolled, runs, ttl=ttl, **self.named)


def asked_live(query: Callable[..., tuple[Row, ...]], **named: Any) -> Live[Row]:
    """The query, asked of the service's tables with these arguments."""
    return lambda span, ttl: fetch.database(query, span.since, span.until, ttl=ttl, **named)


def read(span: Span, question: Question[Row], ttl: timedelta | None) -> tuple[list[Row], Reading]:
    """Rows of rolled hours, and of all the time that lies between them: each moment once. Raises DatabaseError."""
    asked, problem = _covered(span, question, ttl)
    runs: tuple[Span, ...] = ()
    answers: list[Fetched[tuple[Row, ...]]] = []
    if asked:
        rolled = guarded(lambda: question.of_store(asked, ttl))
        if isinstance(rolled, OpsError):
            problem = rolled
        else:
            runs, answers = asked, [rolled]
    gaps = _between(span, runs)
    answers += [question.live(gap, ttl) for gap in gaps]
    at = min((answer.at for answer in answers), default=datetime.now(UTC))
    stale = any(answer.trouble for answer in answers)
    reading = Reading(at, _length(runs, at), _length(_with_jobs(gaps) if runs else gaps, at), problem, stale)
    return [row for answer in answers for row in answer.value], reading


def read_priced(
    span: Span, question: Question[Row], ttl: timedelta | None, priced: Callable[[PriceList, Row], Row]
) -> tuple[list[Row], Reading]:
    """As read(), in parts in which one price list held, each row with what it cost by that."""
    rows: list[Row] = []
    readings: list[Reading] = []
    for part in connections.settings().price_history.parts(span):
        found, reading = read(part.span, question, ttl)
        rows += [priced(part.prices, one) for one in found]
        readings.append(reading)
    return rows, together(readings)


def money_source() -> MoneySource:
    """Where dollars come from; NONE: neither ledger nor price list tells. Raises DatabaseError."""
    if connections.service_schema().has_ledger:
        return MoneySource.LEDGER
    priced = book_shares.ever_priced(connections.settings().price_history)
    return MoneySource.ESTIMATED if priced else MoneySource.NONE


def together(readings: Sequence[Reading]) -> Reading:
    """Of parts that were read one by one, at least one."""
    return Reading(
        min(one.at for one in readings),
        sum((one.rolled for one in readings), timedelta(0)),
        sum((one.live for one in readings), timedelta(0)),
        next((one.problem for one in readings if one.problem), None),
        any(one.stale for one in readings),
    )


def _covered(
    span: Span, question: Question[Row], ttl: timedelta | None
) -> tuple[tuple[Span, ...], OpsError | None]:
    """The rolled hours that may be used; an hour that two days share cannot be cut."""
    if not _of_whole_hours(span, question.named.get("timezone", "UTC")):
        return (), None
    fingerprint = connections.aliases().fingerprint()
    answer = guarded(lambda: fetch.store(question.covered, fingerprint, span.since, span.until, ttl=ttl))
    return ((), answer) if isinstance(answer, OpsError) else (answer.value, None)


def _of_whole_hours(span: Span, timezone: str) -> bool:
    """Whether each day of the span begins at a whole hour of UTC."""
    return not any(midnight(day, timezone).timestamp() % 3600 for day in days(timezone, span.since, span.until))


def _between(span: Span, runs: tuple[Span, ...]) -> list[Span]:
    """What of the span the runs leave out."""
    ends = (span.since, *(run.until for run in runs))
    starts = (*(run.since for run in runs), span.until)
    return [Span(since, until) for since, until in zip(ends, starts, strict=True) if since < until]


def _with_jobs(gaps: Sequence[Span]) -> Sequence[Span]:
    """Without the time before the first job of all: nobody waits for what lies there."""
    answer = guarded(lambda: fetch.store(rollups.state, ttl=STATE_KEPT))
    first = None if isinstance(answer, OpsError) or answer.value is None else answer.value.first_hour
    return gaps if first is None else [Span(max(gap.since, first), gap.until) for gap in gaps if gap.until > first]


def _length(spans: Iterable[Span], now: datetime) -> timedelta:
    """How much of them is over."""
    return sum((max(min(one.until, now) - one.since, timedelta(0)) for one in spans), timedelta(0))
