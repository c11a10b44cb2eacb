"""The queue at one moment, each source asked on its own; one that fails takes no other's answer with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from actions import workers
from actions.answers import Intake
from actions.client import ServiceClient
from actions.workers import Workers
from dashboard import fetch, situation
from dashboard.components.notices import guarded
from dashboard.fetch import Fetched
from dashboard.situation import Answer
from queries import queue, queue_metrics
from queries.errors import OpsError
from queries.models import OpenJobs
from queries.queue_models import Flows, Waits

LIMIT = "max_pending_jobs"
# What takes the sources longer to find out than a count of open jobs, and moves more slowly.
KEPT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class QueueNow:
    """What the verdicts weigh. limit, intake, workers (alive), refused (last hour, by limit) may not be known."""

    open: OpenJobs
    flows: Flows
    limit: int | None = None
    intake: Intake | None = None
    workers: int | None = None
    refused: Mapping[str, int] | None = None

    @property
    def closed(self) -> bool:
        """Whether intake is known to be closed."""
        return self.intake is not None and not self.intake.accepting


@dataclass(frozen=True, slots=True)
class Gathered:
    """The same with each source's freshness or failure, for the tiles."""

    now: QueueNow
    open: Fetched[OpenJobs]
    flows: Fetched[Flows]
    workers: Answer[Workers]
    waits: Answer[Waits | None]


def ask() -> Gathered:
    """Raises DatabaseError: what the others tell is of no use without the jobs."""
    jobs, flows = fetch.database(queue.open_jobs), fetch.database(queue.flows, ttl=KEPT)
    crew = guarded(ask_workers)
    refused = guarded(lambda: fetch.prometheus(queue_metrics.refused, ttl=KEPT))
    now = QueueNow(
        open=jobs.value,
        flows=flows.value,
        limit=situation.limit(LIMIT),
        intake=situation.intake(),
        workers=None if isinstance(crew, OpsError) else crew.value.alive,
        refused=None if isinstance(refused, OpsError) else refused.value,
    )
    waits = guarded(lambda: fetch.prometheus(queue_metrics.waits_now, ttl=KEPT))
    return Gathered(now, jobs, flows, crew, waits)


def ask_workers() -> Fetched[Workers]:
    """Raises NotConfigured, ServiceError."""
    return fetch.service(_workers, ttl=KEPT)


def _workers(client: ServiceClient) -> Workers:
    return workers.told(client.health())
