"""What questions answer with: frozen, hashable, without a user key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

# ---------------------------------------------------------------- what the operator sets


@dataclass(frozen=True, slots=True)
class StuckRules:
    """When a job counts as stuck."""

    running: timedelta = timedelta(minutes=15)
    queued: timedelta = timedelta(minutes=30)
    sla: timedelta = timedelta(seconds=600)
    stalled_factor: float = 3.0
    stalled_fallback: timedelta = timedelta(minutes=5)
    monitor_tick: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PriceList:
    """USD a call, for services without a ledger; None where the operator gave no price."""

    per_llm_call: Decimal | None = None
    per_image: Decimal | None = None
    images_per_book: int = 12
    llm_calls_per_book: int = 4
    tts_per_book: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a number turns from fine to warning to critical."""

    stuck_warning: int = 1
    stuck_critical: int = 6
    success_warning: float = 0.90
    success_critical: float = 0.80
    success_minimum_jobs: int = 10
    queue_warning: float = 0.50
    queue_critical: float = 1.00
    daily_cost_warning: Decimal = Decimal(100)
    daily_cost_critical: Decimal = Decimal(500)
    monthly_cost_warning: Decimal = Decimal(2000)
    monthly_cost_critical: Decimal = Decimal(5000)


# ---------------------------------------------------------------- jobs


class StuckRule(StrEnum):
    """The rules of a stuck job, worst first."""

    MONITOR_DEAD = "monitor_dead"
    RUNNING = "stuck_running"
    QUEUED = "stuck_queued"
    STALLED = "stalled"
    SLA = "sla_breach"


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the jobs table; what the deployment has no column for is None."""

    id: str
    status: str
    user: str
    created_at: datetime
    updated_at: datetime
    progress: int | None = None
    step: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    retry_count: int | None = None
    last_retry_at: datetime | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that holds, and since when it does."""

    rule: StuckRule
    since: datetime


@dataclass(frozen=True, slots=True)
class StuckJob:
    """A stuck job under its worst rule; hits is ordered worst first."""

    job: Job
    hits: tuple[RuleHit, ...]

    @property
    def worst(self) -> RuleHit:
        return self.hits[0]

    @property
    def since(self) -> datetime:
        """When the first of its rules began to hold."""
        return min(hit.since for hit in self.hits)


@dataclass(frozen=True, slots=True)
class StuckJobs:
    """Every stuck job up to the query's cap; total counts beyond it. now is the database's clock."""

    jobs: tuple[StuckJob, ...]
    total: int
    now: datetime


@dataclass(frozen=True, slots=True)
class OpenJobs:
    """Jobs that wait or run. oldest_queued_at is None when nothing waits."""

    queued: int
    running: int
    oldest_queued_at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Jobs that ended in a window. Refusals (SAFETY_*) are neither success nor failure."""

    done: int
    failed: int
    refused: int
    cancelled: int

    @property
    def success_rate(self) -> float | None:
        """0-1, or None where nothing succeeded or failed."""
        finished = self.done + self.failed
        return self.done / finished if finished else None


@dataclass(frozen=True, slots=True)
class OutcomeBucket:
    """Outcomes of the jobs that ended in [start, start + the bucket's width)."""

    start: datetime
    outcomes: Outcomes


# ---------------------------------------------------------------- money


class MoneySource(StrEnum):
    LEDGER = "ledger"
    ESTIMATED = "estimated"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Spend:
    """USD, None where neither ledger nor price list tells; unpriced counts calls without a price."""

    usd: Decimal | None
    unpriced: int
    source: MoneySource


# ---------------------------------------------------------------- metrics


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of an instant query. value may be NaN or infinite, as Prometheus gave it."""

    labels: Mapping[str, str]
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a range query; points are (UTC instant, value), oldest first, gaps left out."""

    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: its breaker (closed, open, half_open, unknown), its last hour, the kinds it is called for."""

    name: str
    breaker: str
    requests: float
    failure_ratio: float | None
    kinds: tuple[str, ...] = ()
