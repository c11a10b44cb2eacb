"""The past as the metrics that the service would have exposed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from demo import limits, past_durations
from demo.books import NEVER, SLA_SECONDS, SPREAD, Attempts
from demo.endings import ENDINGS, FINISHED
from demo.incidents import MONITOR_TICK, Course, Outage
from demo.openmetrics import Series, changing, constant, cumulative, inside, oldest
from demo.past import Past
from demo.prices import NANO, SECONDS_OF_STEP
from demo.requests import NAMES
from demo.rhythm import MINUTE, Floats
from service.commands import API_CONNECTIONS
from service.guardrails import BY_NAME, LIMITS
from service.metrics import ERROR_CODES, INTAKE
from service.providers import ALL
from service.settings import Settings
from service.stuck import MONITOR_TICKS as DEAD_TICKS
from service.stuck import RULES, STALLED_FACTOR

STUCK_RUNNING = 15 * MINUTE
P95_OF_STEP = SECONDS_OF_STEP * np.exp(1.645 * SPREAD)
DAILY_COST_WARNING = Settings.model_fields["daily_cost_warning_usd"].default


def series(past: Past) -> Iterator[Series]:
    """Every line of the history."""
    yield from _finished(past)
    yield from past_durations.series(past)
    yield from _tries(past)
    yield from _providers(past)
    yield from _states(past)
    yield from _stuck(past)
    yield from _limits(past)
    yield from _house(past.course)


def _finished(past: Past) -> Iterator[Series]:
    """Each attempt's end, as the worker or the monitor counted it."""
    made = past.attempts
    seen = {("failed", code) for code in ERROR_CODES} | {ending.label for ending in ENDINGS if not ending.lost}
    for status, code in sorted(seen):
        same = [index for index, ending in enumerate(ENDINGS) if ending.label == (status, code)]
        labels = {"status": status, **({"error_code": code} if code else {})}
        at = made.closed[np.isin(made.ending, same)]
        yield Series("bookgen_jobs_finished_total", cumulative(at), labels)


def _tries(past: Past) -> Iterator[Series]:
    """Jobs that were queued again, by whom, and what the monitor made of stuck ones."""
    made = past.attempts
    again = made.number > 1
    given_up = np.isin(made.ending, [index for index, item in enumerate(ENDINGS) if item.code == "SLA_BREACH"])
    retries, recoveries = "bookgen_job_retries_total", "bookgen_job_monitor_recoveries_total"
    recovered = made.asked[made.by_monitor]
    yield Series(retries, cumulative(made.asked[again & ~made.by_monitor]), {"reason": "operator"})
    yield Series(retries, cumulative(recovered), {"reason": "monitor"})
    yield Series(recoveries, cumulative(recovered), {"outcome": "recovered"})
    yield Series(recoveries, cumulative(made.closed[given_up]), {"outcome": "failed"})


def _providers(past: Past) -> Iterator[Series]:
    """Calls, their cost, those without a price, and the breakers."""
    every = past.calls
    for index, provider in enumerate(ALL):
        own = every.provider == index
        kind = {"provider": provider.name, "kind": provider.kind}
        for outcome, which in (("succeeded", every.succeeded), ("failed", ~every.succeeded)):
            at = every.at[own & which]
            yield Series("bookgen_api_requests_total", cumulative(at), {**kind, "outcome": outcome})
        spent = cumulative(every.at[own], every.nano[own])
        yield Series("bookgen_api_cost_usd_total", lambda at, spent=spent: spent(at) / NANO, kind)  # type: ignore[misc]
        unpriced = cumulative(every.at[own & every.unpriced])
        yield Series("bookgen_api_unpriced_requests_total", unpriced, {"provider": provider.name})
        yield from _breaker(
            provider.name, [outage for outage in past.course.outages if outage.provider is provider]
        )


def _breaker(provider: str, outages: list[Outage]) -> Iterator[Series]:
    """Open during the provider's outages, half open for their last minute, else closed."""
    begins = np.array([outage.begin + MINUTE for outage in outages])
    trials = np.array([outage.end for outage in outages])
    states = {"open": inside(begins, trials), "half_open": inside(trials, trials + 2 * MINUTE)}
    broken = inside(begins, trials + 2 * MINUTE)
    states["closed"] = lambda at: 1 - broken(at)
    for state, values in states.items():
        yield Series("bookgen_circuit_breaker_state", values, {"provider": provider, "state": state})


def _states(past: Past) -> Iterator[Series]:
    """How many jobs were in each status, and since when the oldest waiting one existed."""
    made = past.attempts
    until = _next_asked(made)
    spans = {"queued": (made.asked, made.begun), "running": (made.begun, made.closed)}
    for status in ("done", "failed", "cancelled"):
        own = np.isin(made.ending, [index for index, ending in enumerate(ENDINGS) if ending.status == status])
        spans[status] = (made.closed[own], until[own])
    for status, (begins, ends) in spans.items():
        yield Series("bookgen_jobs", inside(begins, ends), {"status": status})
    waiting = oldest(made.asked, made.begun, past.created[made.job])
    yield Series("bookgen_oldest_pending_job_timestamp_seconds", waiting)


def _next_asked(made: Attempts) -> Floats:
    """When each attempt's job was queued again; far in the future where it was not."""
    order = np.lexsort((made.number, made.job))
    following = np.full(len(made), NEVER)
    same = made.job[order][1:] == made.job[order][:-1]
    following[order[:-1][same]] = made.asked[order[1:][same]]
    return following


def _stuck(past: Past) -> Iterator[Series]:
    """Open jobs under their worst rule, until the monitor saw to them: one rule follows the other."""
    made = past.attempts.where(past.attempts.closed - past.attempts.asked > SLA_SECONDS)
    step = np.minimum(made.last, FINISHED - 1)
    asked, until = made.asked, made.closed
    touched = made.starts[np.arange(len(made)), step]
    late = past.course.monitor_died + DEAD_TICKS * MONITOR_TICK
    dead = asked + SLA_SECONDS + np.minimum(DEAD_TICKS * MONITOR_TICK, np.maximum(0, late - asked - SLA_SECONDS))
    running = np.minimum(touched + STUCK_RUNNING, np.minimum(dead, until))
    stalled = np.minimum(touched + STALLED_FACTOR * P95_OF_STEP[step], running)
    never = np.full(len(until), NEVER)
    spans = {
        "monitor_dead": (np.minimum(dead, until), until),
        "stuck_running": (running, np.minimum(dead, until)),
        "stuck_queued": (never, never),
        "stalled": (stalled, running),
        "sla_breach": (never, never),
    }
    for rule in RULES:
        yield Series("bookgen_jobs_stuck", inside(*spans[rule]), {"rule": rule})


def _limits(past: Past) -> Iterator[Series]:
    """The guardrails' values, and what they refused."""
    rejected = past.rejected
    for number, limit in enumerate((*NAMES, INTAKE)):
        at = rejected.at[rejected.refused_by == number]
        yield Series("bookgen_guardrail_rejections_total", cumulative(at), {"limit": limit})
    for item in LIMITS:
        if item.unit == "jobs":
            yield Series(
                "bookgen_guardrail_limit_jobs", limits.values(past.course, item.name), {"limit": item.name}
            )
    for level, dollars in (("warning", DAILY_COST_WARNING), ("critical", BY_NAME["daily_cost_limit_usd"].default)):
        yield Series("bookgen_daily_cost_limit_usd", constant(dollars), {"level": level})


def _house(course: Course) -> Iterator[Series]:
    """The monitor's ticks, the releases and what never moved."""
    yield Series("bookgen_job_monitor_last_run_timestamp_seconds", course.last_tick)
    yield Series("bookgen_intake_open", constant(1))
    for state, connections in (("used", 1), ("idle", 3)):
        yield Series("bookgen_db_pool_connections", constant(connections), {"state": state})
    yield Series("bookgen_db_pool_connections_max", constant(API_CONNECTIONS))
    for release, (begin, end) in zip(course.releases, pairwise([*course.release_begins, NEVER]), strict=True):
        labels = {"version": release.version, "commit": release.commit}
        yield Series("bookgen_build_info", changing([(begin, 1.0), (end, np.nan)], np.nan), labels)
