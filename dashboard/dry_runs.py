"""What an action would do, asked of every source that knows: gathers, and lets actions.plans decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.client import ServiceClient
from actions.plans import Plan, Start, plan_cancel, plan_retry
from dashboard import fetch, situation
from dashboard.components.notices import guarded
from dashboard.connections import settings
from queries import clock, costs, jobs, providers, usage
from queries.errors import OpsError
from queries.models import Job

UNCACHED = timedelta(0)
CAPABILITIES_KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Live:
    """Jobs as they are this moment, by the database's clock; ids that do not exist are not among them."""

    jobs: Mapping[str, Job]
    stuck: frozenset[str]
    now: datetime


def live(job_ids: tuple[str, ...]) -> Live:
    """Read anew, past the cache. Raises DatabaseError."""
    found = fetch.database(jobs.get_many, job_ids, ttl=UNCACHED).value
    stuck = frozenset(one.job.id for one in situation.stuck_jobs(ttl=UNCACHED).value.jobs)
    return Live(
        {one: found[one] for one in job_ids if one in found}, stuck, fetch.database(clock.now, ttl=UNCACHED).value
    )


def offered(action: str) -> bool:
    """Whether the service offers this action. Raises NotConfigured, ServiceError."""
    capabilities = fetch.service(ServiceClient.capabilities, ttl=CAPABILITIES_KEPT).value
    return capabilities is not None and action in capabilities.actions


def retry(chosen: tuple[Job, ...], start: Start, stuck: frozenset[str], now: datetime) -> Plan:
    """The dry run of a retry; stuck: the ids of stuck jobs. Raises DatabaseError, NotConfigured, ServiceError."""
    here, ids = settings(), tuple(job.id for job in chosen)
    return plan_retry(
        chosen,
        start=start,
        estimates=fetch.database(costs.retry_estimates, here.prices, ids, start).value,
        owner_jobs_today=fetch.database(usage.jobs_today_by_owner, here.service_timezone, ids).value,
        daily_limit=situation.limit("daily_job_limit_per_user"),
        kinds_down=kinds_down(),
        stuck_ids=stuck,
        offered=offered("retry"),
        now=now,
        retry_limit=here.retry_limit,
    )


def cancel(chosen: tuple[Job, ...], now: datetime) -> Plan:
    """The dry run of a cancel. Raises DatabaseError, NotConfigured, ServiceError."""
    ids = tuple(job.id for job in chosen)
    spent = fetch.database(costs.spent_by_job, settings().price_history, ids).value
    return plan_cancel(chosen, offered=offered("cancel"), spent=spent, now=now)


def kinds_down() -> frozenset[str]:
    """The kinds of providers (llm, image, …) whose breaker is open; none where Prometheus cannot tell."""
    answer = guarded(lambda: fetch.prometheus(providers.states))
    if isinstance(answer, OpsError):
        return frozenset()
    return frozenset(kind for one in answer.value if one.breaker == "open" for kind in one.kinds)
