"""Counters and histograms. Every process writes its own file in PROMETHEUS_MULTIPROC_DIR; the api adds them up.

That variable must be set before this module is imported: prometheus_client decides then how it keeps values.
"""

from __future__ import annotations

import os
import socket

from prometheus_client import Counter, Histogram, values

from service.guardrails import LIMITS
from service.providers import ALL
from service.steps import Step

MACHINE = socket.gethostname()
# In a container of its own every process is number 1, and two of them would write one file.
if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    values.ValueClass = values.MultiProcessValue(lambda: f"{MACHINE}-{os.getpid()}")  # type: ignore[no-untyped-call]

DURATIONS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 450, 600, 900, 1800, 3600)
STEP_DURATIONS = (0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 900)
CALL_DURATIONS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)
ERROR_CODES = (
    "SAFETY_INPUT",
    "SAFETY_OUTPUT",
    "LLM_JSON_INVALID",
    "LLM_TIMEOUT",
    "IMAGE_FAILED",
    "IMAGE_TIMEOUT",
    "IMAGE_RATE_LIMIT",
    "STORAGE_UPLOAD_FAILED",
    "DB_WRITE_FAILED",
    "SLA_BREACH",
    "STUCK_RUNNING",
    "STUCK_QUEUED",
    "UNKNOWN",
)
FINISHED = ("done", "failed", "cancelled")
SUCCEEDED, FAILED = "succeeded", "failed"
INTAKE = "intake"

jobs_finished = Counter("bookgen_jobs_finished", "Jobs that ended", ["status", "error_code"])
job_retries = Counter("bookgen_job_retries", "Jobs that were queued again", ["reason"])
job_duration = Histogram(
    "bookgen_job_duration_seconds", "From a job's creation to its end", ["status"], buckets=DURATIONS
)
queue_wait = Histogram("bookgen_job_queue_wait_seconds", "From queueing to a worker's claim", buckets=DURATIONS)
step_duration = Histogram(
    "bookgen_job_step_duration_seconds", "Duration of completed steps", ["step"], buckets=STEP_DURATIONS
)
rejections = Counter("bookgen_guardrail_rejections", "Books refused at the door", ["limit"])
requests = Counter("bookgen_api_requests", "Calls to providers", ["provider", "kind", "outcome"])
request_duration = Histogram(
    "bookgen_api_request_duration_seconds",
    "Duration of calls to providers",
    ["provider", "kind"],
    buckets=CALL_DURATIONS,
)
cost = Counter("bookgen_api_cost_usd", "USD spent on calls with a known price", ["provider", "kind"])
unpriced = Counter("bookgen_api_unpriced_requests", "Calls whose price is unknown", ["provider"])
recoveries = Counter("bookgen_job_monitor_recoveries", "Stuck jobs that the monitor dealt with", ["outcome"])


def start_at_zero() -> None:
    """Make every label set that is known beforehand, so that increase() sees the first event too."""
    for status, code in (("done", ""), ("cancelled", ""), *(("failed", code) for code in ERROR_CODES)):
        jobs_finished.labels(status, code)
    for status in FINISHED:
        job_duration.labels(status)
    for reason in ("operator", "monitor"):
        job_retries.labels(reason)
    for step in Step:
        step_duration.labels(step.value)
    for limit in (*(limit.name for limit in LIMITS), INTAKE):
        rejections.labels(limit)
    for outcome in ("recovered", "failed"):
        recoveries.labels(outcome)
    _providers_at_zero()


def _providers_at_zero() -> None:
    for provider in ALL:
        for outcome in (SUCCEEDED, FAILED):
            requests.labels(provider.name, provider.kind, outcome)
        request_duration.labels(provider.name, provider.kind)
        cost.labels(provider.name, provider.kind)
        unpriced.labels(provider.name)


def finished(status: str, error_code: str | None, seconds: float) -> None:
    """Count a job's end; seconds since its creation."""
    jobs_finished.labels(status, error_code or "").inc()
    job_duration.labels(status).observe(max(0.0, seconds))
