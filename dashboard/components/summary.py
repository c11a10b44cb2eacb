"""The Overview's verdicts, told from the situation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from dashboard import situation
from dashboard.components import assessments, queue_verdict
from dashboard.components.formatting import Zone, ago
from dashboard.components.verdicts import State, Verdict
from dashboard.connections import settings
from dashboard.fetch import Fetched
from dashboard.i18n import t
from dashboard.situation import Answer, Situation
from queries.errors import OpsError

T = TypeVar("T")


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
        *queue_verdict.intake(situation.intake(), datetime.now(UTC), zone, alone=True),
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
