"""The dry run: what retry and cancel would do to each of these jobs, and why not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from queries import steps
from queries.models import Job, Spend
from queries.schema import REFUSALS

Start = Literal["failed_step", "start"]

# The contract's; a service may say another one in its capabilities.
RETRY_LIMIT = 3
# A job that moved this recently may be moving on by itself.
MOMENTS = timedelta(seconds=60)
OPEN = frozenset({"queued", "running"})

# Metrics name providers by kind, and only the service knows which of its providers a step calls; these are the
# kinds that the contract's steps need. A step that is not here needs no provider.
KIND_OF_STEP: Mapping[str, str] = {
    "moderate_input": "llm",
    "generate_story": "llm",
    "generate_character_sheet": "llm",
    "generate_image_prompts": "llm",
    steps.IMAGES: "image",
    "moderate_output": "llm",
    "package": "storage",
}


class Obstacle(StrEnum):
    """Why an action cannot be taken on a job; the first that holds, in this order."""

    NOT_OFFERED = "not_offered"
    STATUS = "status"
    RETRY_LIMIT = "retry_limit"
    PROVIDER_DOWN = "provider_down"


class Caution(StrEnum):
    """What to know before taking an action that can be taken."""

    OVER_DAILY_LIMIT = "over_daily_limit"
    COST_UNKNOWN = "cost_unknown"
    PROVIDER_DOWN_LATER = "provider_down_later"
    PROVIDER_MAYBE_DOWN = "provider_maybe_down"
    REFUSED = "refused"
    UPDATED_MOMENTS_AGO = "updated_moments_ago"


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job of a plan. estimated_cost (USD) is what a retry will cost, spent what a cancel gives up."""

    job: Job
    obstacle: Obstacle | None
    cautions: tuple[Caution, ...] = ()
    estimated_cost: Decimal | None = None
    spent: Decimal | None = None
    owner_jobs_today: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do to the jobs, in the order in which they were given."""

    action: str
    jobs: tuple[PlannedJob, ...]

    @property
    def eligible(self) -> tuple[PlannedJob, ...]:
        return tuple(planned for planned in self.jobs if planned.obstacle is None)

    @property
    def blocked(self) -> tuple[PlannedJob, ...]:
        return tuple(planned for planned in self.jobs if planned.obstacle is not None)

    @property
    def total_estimate(self) -> Decimal | None:
        """USD for the eligible jobs whose cost is known; None where none is. See unknown_costs."""
        return _sum(planned.estimated_cost for planned in self.eligible)

    @property
    def total_spent(self) -> Decimal | None:
        """USD already spent on the eligible jobs, as far as it is known; None where it is for none."""
        return _sum(planned.spent for planned in self.eligible)

    @property
    def unknown_costs(self) -> int:
        return sum(Caution.COST_UNKNOWN in planned.cautions for planned in self.eligible)

    @property
    def users_over_limit(self) -> frozenset[str]:
        """The aliases of the eligible jobs' owners who used up today's limit."""
        return frozenset(
            planned.job.user for planned in self.eligible if Caution.OVER_DAILY_LIMIT in planned.cautions
        )


def plan_retry(
    jobs: Sequence[Job],
    *,
    start: Start,
    estimates: Mapping[str, Decimal | None],
    owner_jobs_today: Mapping[str, int],
    daily_limit: int | None,
    kinds_down: frozenset[str],
    stuck_ids: frozenset[str],
    offered: bool,
    now: datetime,
    retry_limit: int = RETRY_LIMIT,
) -> Plan:
    """A retry of failed jobs and of open ones that are stuck.

    estimates (USD) and owner_jobs_today go by job id; daily_limit is jobs a user and day, None where it is not
    known; kinds_down are the provider kinds whose breaker is open; now is the database's clock.
    """

    def planned(job: Job) -> PlannedJob:
        kinds = _kinds(job.step, start)
        cost, made = estimates.get(job.id), owner_jobs_today.get(job.id)
        obstacles = {
            Obstacle.NOT_OFFERED: not offered,
            Obstacle.STATUS: job.status != "failed" and not (job.status in OPEN and job.id in stuck_ids),
            Obstacle.RETRY_LIMIT: (job.retry_count or 0) >= retry_limit,
            Obstacle.PROVIDER_DOWN: not kinds_down.isdisjoint(kinds[:1]),
        }
        cautions = {
            Caution.OVER_DAILY_LIMIT: daily_limit is not None and (made or 0) >= daily_limit,
            Caution.COST_UNKNOWN: cost is None,
            Caution.PROVIDER_DOWN_LATER: not kinds_down.isdisjoint(set(kinds) - set(kinds[:1])),
            Caution.PROVIDER_MAYBE_DOWN: not kinds and bool(kinds_down),
            Caution.REFUSED: job.error_code in REFUSALS,
            Caution.UPDATED_MOMENTS_AGO: now - job.updated_at < MOMENTS,
        }
        return PlannedJob(job, _first(obstacles), _all(cautions), estimated_cost=cost, owner_jobs_today=made)

    return Plan("job.retry", tuple(map(planned, jobs)))


def plan_cancel(jobs: Sequence[Job], *, offered: bool, spent: Mapping[str, Spend], now: datetime) -> Plan:
    """A cancel of open jobs. spent goes by job id; now is the database's clock."""

    def planned(job: Job) -> PlannedJob:
        money = spent[job.id].usd if job.id in spent else None
        obstacles = {Obstacle.NOT_OFFERED: not offered, Obstacle.STATUS: job.status not in OPEN}
        cautions = {
            Caution.COST_UNKNOWN: money is None,
            Caution.UPDATED_MOMENTS_AGO: now - job.updated_at < MOMENTS,
        }
        return PlannedJob(job, _first(obstacles), _all(cautions), spent=money)

    return Plan("job.cancel", tuple(map(planned, jobs)))


def _kinds(step: str | None, start: Start) -> tuple[str, ...]:
    """The provider kinds that the retry will need, the next one first; none where prose hides the step."""
    ahead = steps.STEPS if start == "start" else steps.remaining(step) or ()
    return tuple(KIND_OF_STEP[name] for name in ahead if name in KIND_OF_STEP)


def _first(obstacles: Mapping[Obstacle, bool]) -> Obstacle | None:
    return next((obstacle for obstacle, holds in obstacles.items() if holds), None)


def _all(cautions: Mapping[Caution, bool]) -> tuple[Caution, ...]:
    return tuple(caution for caution, holds in cautions.items() if holds)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None
