"""The Overview's verdicts and tiles, told from the situation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, TypeVar

from dashboard import fetch, situation
from dashboard.components import assessments
from dashboard.components.formatting import Zone, ago, count, duration, money, percent
from dashboard.components.notices import guarded
from dashboard.components.tiles import Tile
from dashboard.components.verdicts import State, Verdict
from dashboard.connections import settings
from dashboard.fetch import Fetched
from dashboard.i18n import t
from dashboard.situation import Answer, Situation
from queries import health
from queries.errors import OpsError
from queries.models import MoneySource, OpenJobs, Outcomes, Series, Spend, StuckJobs

T = TypeVar("T")
_TRENDS: Mapping[str, Callable[..., tuple[Series, ...]]] = {
    "stuck": health.stuck_jobs_series,
    "queued": health.queued_jobs_series,
    "success": health.success_ratio_series,
    "spend": health.cost_usd_per_hour_series,
    "p95": health.duration_p95_seconds_series,
}
Trends = dict[str, Sequence[float]]


def source(fetched: Fetched[Any]) -> str:
    """Freshness and origin: "3 s ago · database"."""
    names = {
        "database": t("database"),
        "store": t("console's store"),
        "prometheus": "Prometheus",
        "service": t("service"),
    }
    return f"{ago(fetched.at, datetime.now(UTC))} · {names[fetched.source]}"


def verdicts(now: Situation, zone: Zone) -> list[Verdict]:
    """One verdict a question; a question whose source failed says so instead."""
    limits = settings().thresholds
    return [
        *_stuck(now, zone),
        _told(
            t("Queue"), now.open_jobs, lambda o: assessments.queue(o, situation.limit("max_pending_jobs"), limits)
        ),
        _told(t("Success rate"), now.outcomes, lambda o: assessments.success(o, _or(now.failures, ()), limits)),
        _told(t("Spend"), now.spend, lambda s: assessments.spend(s, _or(now.usual, None), limits)),
        _told(t("Providers"), now.providers, assessments.providers),
    ]


def _stuck(now: Situation, zone: Zone) -> list[Verdict]:
    if isinstance(now.stuck, OpsError):
        return [assessments.unavailable(t("Stuck jobs"), now.stuck)]
    found, rules = now.stuck.value, settings().stuck_rules
    watch = assessments.monitor(situation.monitor_last_run(), found, rules, zone)
    snoozed = situation.notes(found).snoozed(found.now)
    jobs = assessments.stuck(found, snoozed, watch, settings().thresholds)
    # A dead monitor is named as the cause of what is stuck; it needs a line of its own only without.
    return [jobs] if jobs.state is not State.OK and watch.state is State.CRITICAL else [jobs, watch]


def _told(what: str, answer: Answer[T], assess: Callable[[T], Verdict]) -> Verdict:
    return assessments.unavailable(what, answer) if isinstance(answer, OpsError) else assess(answer.value)


def _or(answer: Answer[T], otherwise: T) -> T:
    return otherwise if isinstance(answer, OpsError) else answer.value


def tiles(now: Situation, trends: Trends) -> list[Tile]:
    """The five numbers that the verdicts rest on."""
    return [
        _tile(t("Stuck"), now.stuck, _stuck_numbers, trends.get("stuck", ()), page="stuck"),
        _tile(t("Queued"), now.open_jobs, _queue_numbers, trends.get("queued", ())),
        _tile(t("Success, last hour"), now.outcomes, _success_numbers, trends.get("success", ())),
        _tile(t("Spend today"), now.spend, _spend_numbers, trends.get("spend", ())),
        _tile(
            t("95 % of books within"),
            now.p95,
            lambda span: (
                duration(span),
                t("last hour") if span else t("none finished in the last hour"),
                State.OK,
            ),
            trends.get("p95", ()),
        ),
    ]


def _tile(
    label: str,
    answer: Answer[T],
    numbers: Callable[[T], tuple[str, str, State]],
    trend: Sequence[float],
    page: str | None = None,
) -> Tile:
    if isinstance(answer, OpsError):
        return Tile(label, "?", State.UNAVAILABLE, t("see above"), t("not known"), page=page)
    value, note, state = numbers(answer.value)
    return Tile(label, value, state, note, source(answer), trend, t("The line shows the last 24 hours."), page)


def _stuck_numbers(found: StuckJobs) -> tuple[str, str, State]:
    limits = settings().thresholds
    if found.total < limits.stuck_warning:
        return count(found.total), t("by {n} rules", n=5), State.OK
    state = State.CRITICAL if found.total >= limits.stuck_critical else State.WARNING
    oldest = max(found.now - one.since for one in found.jobs)
    return count(found.total), t("up to {duration}", duration=duration(oldest)), state


def _queue_numbers(now: OpenJobs) -> tuple[str, str, State]:
    limit = situation.limit("max_pending_jobs")
    running = t("{n} running", n=count(now.running))
    verdict = assessments.queue(now, limit, settings().thresholds)
    return (
        count(now.queued),
        t("of {limit}", limit=count(limit)) + " · " + running if limit else running,
        verdict.state,
    )


def _success_numbers(outcomes: Outcomes) -> tuple[str, str, State]:
    finished = outcomes.done + outcomes.failed
    if not finished:
        return "–", t("no data: none finished"), State.OK
    verdict = assessments.success(outcomes, (), settings().thresholds)
    note = t("{n} finished, {refused} refused", n=count(finished), refused=count(outcomes.refused))
    return percent(outcomes.success_rate), note, verdict.state


def _spend_numbers(today: Spend) -> tuple[str, str, State]:
    if today.usd is None:
        return "–", t("not offered by this service"), State.OK
    limits = settings().thresholds
    note = t("warns at {limit}", limit=money(limits.daily_cost_warning))
    if today.source is MoneySource.ESTIMATED:
        note = t("estimated from the price list")
    return money(today.usd), note, assessments.spend(today, None, limits).state


def trends(start: datetime, end: datetime, step: timedelta, ttl: timedelta) -> Trends:
    """The values behind each tile's sparkline; none where Prometheus does not answer."""
    return {name: _trend(question, start, end, step, ttl) for name, question in _TRENDS.items()}


def _trend(
    question: Callable[..., tuple[Series, ...]], start: datetime, end: datetime, step: timedelta, ttl: timedelta
) -> Sequence[float]:
    answer = guarded(lambda: fetch.prometheus(question, start, end, step, ttl=ttl))
    if isinstance(answer, OpsError) or not answer.value:
        return ()
    return [value for _, value in answer.value[0].points if isfinite(value)]
