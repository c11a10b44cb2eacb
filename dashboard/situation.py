"""What the Overview and the Stuck page weigh: each source asked on its own, its failure kept as an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from actions.answers import Guardrails, Intake
from actions.client import ServiceClient
from dashboard import fetch
from dashboard.components.notices import decided, guarded
from dashboard.connections import settings
from dashboard.fetch import Fetched
from queries import acknowledgements, costs, health, jobs, providers, queue, step_times, stuck
from queries.audit_models import Acknowledgement
from queries.errors import OpsError
from queries.models import OpenJobs, Outcomes, Provider, Spend, StuckJobs

T = TypeVar("T")
Answer = Fetched[T] | OpsError

SUCCESS_WINDOW = timedelta(hours=1)
# What changes by the day, not by the second.
STEADY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Notes:
    """What people have left on stuck jobs. error is set where the console's own store cannot be read now."""

    by_job: Mapping[str, Acknowledgement]
    error: OpsError | None = None

    def snoozed(self, now: datetime) -> frozenset[str]:
        """The jobs that somebody put aside for longer than now."""
        return frozenset(
            job for job, note in self.by_job.items() if note.snoozed_until is not None and note.snoozed_until > now
        )


def stuck_jobs(ttl: timedelta | None = None) -> Fetched[StuckJobs]:
    """Every stuck job by the operator's rules. Raises DatabaseError."""
    usual = fetch.database(step_times.usual, ttl=STEADY).value
    return fetch.database(stuck.find, settings().stuck_rules, step_times.p95(usual), ttl=ttl)


def notes(found: StuckJobs) -> Notes:
    """The notes on these jobs; without the console's own store there are none, and error says why."""
    ids = tuple(one.job.id for one in found.jobs)
    if not ids:
        return Notes({})
    answer = guarded(lambda: fetch.store(acknowledgements.current, ids))
    return Notes({}, answer) if isinstance(answer, OpsError) else Notes(answer.value, answer.trouble)


def unrecordable() -> OpsError | None:
    """Why nothing could be recorded, so that no action is taken: the console's own store cannot be used."""
    answer = decided(lambda: fetch.store(acknowledgements.current, ()))
    return answer if isinstance(answer, OpsError) else None


def guardrails() -> Fetched[Guardrails]:
    """The service's limits. Raises NotConfigured, ServiceError."""
    return fetch.service(ServiceClient.guardrails)


def limit(name: str) -> int | None:
    """One of the service's limits, or None where it cannot be known."""
    answer = guarded(guardrails)
    if isinstance(answer, OpsError):
        return None
    found = answer.value.limits.get(name)
    return int(found.value) if found is not None else None


def intake() -> Intake | None:
    """Whether the service takes new jobs, by its own word or else by its metrics; None where nothing tells."""
    answer = guarded(lambda: fetch.service(ServiceClient.intake))
    if not isinstance(answer, OpsError):
        return answer.value
    metric = guarded(lambda: fetch.prometheus(health.intake_open))
    return None if isinstance(metric, OpsError) or metric.value is None else Intake(metric.value, "")


def monitor_last_run() -> datetime | None:
    """When the service's job monitor last ran, or None where nothing tells."""
    answer = guarded(lambda: fetch.prometheus(health.monitor_last_run))
    return None if isinstance(answer, OpsError) else answer.value


@dataclass(frozen=True, slots=True)
class Situation:
    """The whole picture at one moment, one answer a source."""

    stuck: Answer[StuckJobs]
    open_jobs: Answer[OpenJobs]
    outcomes: Answer[Outcomes]
    failures: Answer[tuple[tuple[str, int], ...]]
    spend: Answer[Spend]
    usual: Answer[Decimal | None]
    p95: Answer[timedelta | None]
    providers: Answer[tuple[Provider, ...]]


def ask() -> Situation:
    """Ask every source; one that fails takes no other's answer with it."""
    here = settings()
    return Situation(
        stuck=_answer(stuck_jobs),
        open_jobs=_answer(lambda: fetch.database(queue.open_jobs)),
        outcomes=_answer(lambda: fetch.database(jobs.outcomes, SUCCESS_WINDOW)),
        failures=_answer(lambda: fetch.database(jobs.failures_by_code, SUCCESS_WINDOW)),
        spend=_answer(lambda: fetch.database(costs.spent_today, here.prices, here.service_timezone)),
        usual=_answer(lambda: fetch.database(costs.usual_spend_by_now, here.service_timezone, ttl=STEADY)),
        p95=_answer(lambda: fetch.database(jobs.duration_p95, SUCCESS_WINDOW)),
        providers=_answer(lambda: fetch.prometheus(providers.states)),
    )


def _answer(question: Callable[[], Fetched[T]]) -> Answer[T]:
    return guarded(question)
