"""The Overview's verdicts, told from the situation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from dashboard import situation
from dashboard.components import alert_verdicts, assessments, audit_unknown, queue_verdict, staleness
from dashboard.components.formatting import Zone, ago
from dashboard.components.verdicts import State, Verdict, dated, weighed
from dashboard.connections import settings
from dashboard.fetch import Fetched
from dashboard.i18n import t
from dashboard.situation import Answer, Situation
from queries.errors import OpsError
from queries.models import StuckJobs

T = TypeVar("T")


def source(fetched: Fetched[Any]) -> str:
    """Freshness and origin: "3 s ago · database", "stale: 7 min old (02:13) · database"."""
    names = {
        "database": t("database"),
        "store": t("console's store"),
        "prometheus": "Prometheus",
        "service": t("service"),
    }
    age = ago(fetched.at, datetime.now(UTC)) if fetched.trouble is None else staleness.age(fetched)
    return f"{age} · {names[fetched.source]}"


def verdicts(now: Situation, zone: Zone) -> list[Verdict]:
    """One verdict a question; a question whose source failed says so instead."""
    limits = settings().thresholds
    return [
        *weighed(lambda: queue_verdict.intake(situation.intake(), datetime.now(UTC), zone, alone=True)),
        *_stuck(now, zone),
        _told(
            t("Queue"), now.open_jobs, lambda o: assessments.queue(o, situation.limit("max_pending_jobs"), limits)
        ),
        _told(
            t("Success rate"),
            now.outcomes,
            lambda o: assessments.success(o, _or(now.failures, ()), limits),
            now.failures,
        ),
        _told(t("Spend"), now.spend, lambda s: assessments.spend(s, _or(now.usual, None), limits), now.usual),
        _told(t("Providers"), now.providers, assessments.providers),
        *weighed(alert_verdicts.all),
        *weighed(audit_unknown.verdicts),
    ]


def _stuck(now: Situation, zone: Zone) -> list[Verdict]:
    answer = now.stuck
    if isinstance(answer, OpsError):
        return [assessments.unavailable(t("Stuck jobs"), answer)]
    return [dated(one, _stale(answer)) for one in weighed(lambda: _of_stuck(answer.value, zone))]


def _of_stuck(found: StuckJobs, zone: Zone) -> list[Verdict]:
    rules = settings().stuck_rules
    watch = assessments.monitor(situation.monitor_last_run(), found, rules, zone)
    snoozed = situation.notes(found).snoozed(found.now)
    jobs = assessments.stuck(found, snoozed, watch, settings().thresholds)
    # A dead monitor is named as the cause of what is stuck; it needs a line of its own only without.
    return [jobs] if jobs.state is not State.OK and watch.state is State.CRITICAL else [jobs, watch]


def _told(what: str, answer: Answer[T], assess: Callable[[T], Verdict], *others: Answer[Any]) -> Verdict:
    """others are what assess rests on besides the answer."""
    if isinstance(answer, OpsError):
        return assessments.unavailable(what, answer)
    (one,) = weighed(lambda: [assess(answer.value)])
    return dated(one, _stale(answer, *others))


def _stale(*answers: Answer[Any]) -> list[Fetched[Any]]:
    return [one for one in answers if not isinstance(one, OpsError) and one.trouble is not None]


def _or(answer: Answer[T], otherwise: T) -> T:
    return otherwise if isinstance(answer, OpsError) else answer.value
