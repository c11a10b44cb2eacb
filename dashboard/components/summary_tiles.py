"""The Overview's six numbers, each with yesterday behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import TypeVar

from dashboard import discretion, fetch, situation
from dashboard.components import assessments
from dashboard.components.formatting import count, duration, money, percent
from dashboard.components.notices import guarded
from dashboard.components.summary import source
from dashboard.components.tiles import Tile
from dashboard.components.verdicts import State
from dashboard.connections import settings
from dashboard.i18n import t, tn
from dashboard.situation import Answer, Situation
from queries import health
from queries.errors import NotConfigured, OpsError
from queries.models import MoneySource, OpenJobs, Outcomes, Provider, Series, Spend, StuckJobs

T = TypeVar("T")
Numbers = tuple[str, str, State]


@dataclass(frozen=True, slots=True)
class Window:
    """The time that the lines behind the numbers show, and how long an answer is kept."""

    start: datetime
    end: datetime
    step: timedelta
    ttl: timedelta


@dataclass(frozen=True, slots=True)
class _Trend:
    """The question behind a line, and how its lowest and highest value read."""

    question: Callable[..., tuple[Series, ...]]
    words: Callable[[float], str]


_STUCK = _Trend(health.stuck_jobs_series, count)
_QUEUED = _Trend(health.queued_jobs_series, count)
_SUCCESS = _Trend(health.success_ratio_series, lambda share: percent(share, digits=0))
_SPEND = _Trend(
    health.cost_usd_per_hour_series,
    lambda usd: t("{usd}/h", usd=money(Decimal(usd).quantize(Decimal("0.01")))),
)
_CALLS = _Trend(health.call_failure_ratio_series, percent)
_P95 = _Trend(health.duration_p95_seconds_series, lambda seconds: duration(timedelta(seconds=seconds)))


def tiles(now: Situation, window: Window, stuck_state: State) -> list[Tile]:
    """The numbers that the verdicts rest on, that of money only where it is shown.

    stuck_state is the verdict's, which weighs the monitor too.
    """

    def stuck(found: StuckJobs) -> Numbers:
        return _stuck(found, stuck_state)

    shown = discretion.money_shown()
    return [
        _tile(t("Stuck"), now.stuck, stuck, _STUCK, window, page="stuck"),
        _tile(t("Queued"), now.open_jobs, _queue, _QUEUED, window, page="queue"),
        _tile(t("Success, last hour"), now.outcomes, _success, _SUCCESS, window, page="jobs"),
        *([_tile(t("Spend today"), now.spend, _spend, _SPEND, window, page="costs")] if shown else []),
        _tile(t("Provider failures"), now.providers, _providers, _CALLS, window),
        _tile(t("95 % of books within"), now.p95, _p95, _P95, window),
    ]


def _tile(
    label: str,
    answer: Answer[T],
    numbers: Callable[[T], Numbers],
    trend: _Trend,
    window: Window,
    *,
    page: str | None = None,
) -> Tile:
    if isinstance(answer, NotConfigured):
        return Tile(label, "–", State.NOT_OFFERED, t("not configured"), t("not known"), page=page)
    if isinstance(answer, OpsError):
        return Tile(label, "?", State.UNAVAILABLE, t("see above"), t("not known"), page=page)
    value, note, state = numbers(answer.value)
    if answer.trouble is not None and state is State.OK:
        state = State.STALE
    points = _points(trend, window)
    scale = _scale(trend, points) if points else ""
    return Tile(label, value, state, note, source(answer), points, scale, page)


def _scale(trend: _Trend, points: Sequence[float]) -> str:
    low, high = trend.words(min(points)), trend.words(max(points))
    return t("24 h: {value}", value=low) if low == high else t("24 h: {low} to {high}", low=low, high=high)


def _points(trend: _Trend, window: Window) -> Sequence[float]:
    answer = guarded(
        lambda: fetch.prometheus(trend.question, window.start, window.end, window.step, ttl=window.ttl)
    )
    if isinstance(answer, OpsError) or not answer.value:
        return ()
    return [value for _, value in answer.value[0].points if isfinite(value)]


def _stuck(found: StuckJobs, state: State) -> Numbers:
    if not found.jobs:
        return count(found.total), t("none by any rule"), State.OK
    oldest = max(found.now - one.since for one in found.jobs)
    return count(found.total), t("up to {duration}", duration=duration(oldest)), state


def _queue(now: OpenJobs) -> Numbers:
    limit = situation.limit("max_pending_jobs")
    running = t("{n} running", n=count(now.running))
    note = t("of {limit}", limit=count(limit)) + " · " + running if limit else running
    return count(now.queued), note, assessments.queue(now, limit, settings().thresholds).state


def _success(outcomes: Outcomes) -> Numbers:
    finished = outcomes.done + outcomes.failed
    if not finished:
        return "–", t("no data: none finished"), State.OK
    note = t("{n} finished, {refused} refused", n=count(finished), refused=count(outcomes.refused))
    return (
        percent(outcomes.success_rate),
        note,
        assessments.success(outcomes, (), settings().thresholds).state,
    )


def _spend(today: Spend) -> Numbers:
    if today.usd is None:
        return "–", t("not offered by this service"), State.OK
    limits = settings().thresholds
    parts = [t("warns at {limit}", limit=money(limits.daily_cost_warning))]
    if today.source is MoneySource.ESTIMATED:
        parts.append(t("estimated from the price list"))
    if today.unpriced:
        parts.append(tn("{n} call unpriced", "{n} calls unpriced", today.unpriced))
    return money(today.usd), " · ".join(parts), assessments.spend(today, None, limits).state


def _providers(states: tuple[Provider, ...]) -> Numbers:
    calls = sum(one.requests for one in states)
    if not calls:
        return "–", t("no data: none was called"), State.OK
    failed = sum(one.requests * (one.failure_ratio or 0) for one in states)
    answering = sum(one.breaker == "closed" for one in states)
    note = t("{n} of {total} providers answer", n=count(answering), total=count(len(states)))
    return percent(failed / calls), note, assessments.providers(states).state


def _p95(span: timedelta | None) -> Numbers:
    return duration(span), t("last hour") if span else t("none finished in the last hour"), State.OK
