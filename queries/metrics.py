"""All PromQL: one function an expression, its unit in the name. prefix is the service's, such as "bookgen_".

Several instances may show the same gauge of one database: max() takes it once, where sum() would count it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

HOUR = timedelta(hours=1)
# A rate over less than this jumps with every single book.
COST_WINDOW = timedelta(minutes=30)

_REFUSALS = "SAFETY_INPUT|SAFETY_OUTPUT"


def escaped(value: str) -> str:
    """value as it stands between the quotes of a label matcher."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def present(names: Sequence[str]) -> str:
    """1 for each of these metrics that has a value now, by its name (__name__)."""
    return f'group by (__name__) ({{__name__=~"{escaped("|".join(names))}"}})'


def stuck_jobs(prefix: str) -> str:
    return f"sum(max by (rule) ({prefix}jobs_stuck))"


def stuck_jobs_by_rule(prefix: str) -> str:
    return f"max by (rule) ({prefix}jobs_stuck)"


def queued_jobs(prefix: str) -> str:
    return jobs_in_status(prefix, "queued")


def running_jobs(prefix: str) -> str:
    return jobs_in_status(prefix, "running")


def jobs_in_status(prefix: str, status: str) -> str:
    return f'max({prefix}jobs{{status="{escaped(status)}"}})'


def oldest_pending_seconds(prefix: str) -> str:
    """0 where nothing waits, with or without a gauge that says so; no value where the service doesn't tell."""
    oldest = f"{prefix}oldest_pending_job_timestamp_seconds"
    return f"(time() - min({oldest} > 0)) or (0 * max({oldest})) or (0 * ({queued_jobs(prefix)} == 0))"


def open_jobs_peak_by_status(prefix: str, window: timedelta = HOUR) -> str:
    """The most jobs that waited, and that ran, at any time of the window."""
    return f'max by (status) (max_over_time({prefix}jobs{{status=~"queued|running"}}[{_seconds(window)}]))'


def queue_wait_p50_seconds(prefix: str, window: timedelta = HOUR) -> str:
    """From queueing to a worker's claim. NaN where none was claimed."""
    return _queue_wait_seconds(prefix, 0.5, window)


def queue_wait_p95_seconds(prefix: str, window: timedelta = HOUR) -> str:
    """From queueing to a worker's claim. NaN where none was claimed."""
    return _queue_wait_seconds(prefix, 0.95, window)


def rejections(prefix: str, window: timedelta = HOUR) -> str:
    """Requests that a limit, or the closed intake, turned away."""
    return f"sum by (limit) (increase({prefix}guardrail_rejections_total[{_seconds(window)}]))"


def success_ratio(prefix: str, window: timedelta = HOUR) -> str:
    """Of 1; refusals are neither success nor failure. NaN where nothing ended."""
    done = f'{prefix}jobs_finished_total{{status="done"}}'
    counted = f'{prefix}jobs_finished_total{{status=~"done|failed",error_code!~"{_REFUSALS}"}}'
    return f"sum(increase({done}[{_seconds(window)}])) / sum(increase({counted}[{_seconds(window)}]))"


def duration_p95_seconds(prefix: str, window: timedelta = HOUR) -> str:
    """Of the books that were done."""
    buckets = f'{prefix}job_duration_seconds_bucket{{status="done"}}'
    return f"histogram_quantile(0.95, sum by (le) (rate({buckets}[{_seconds(window)}])))"


def cost_usd_per_hour(prefix: str) -> str:
    return f"sum(rate({prefix}api_cost_usd_total[{_seconds(COST_WINDOW)}])) * 3600"


def cost_usd_per_hour_by_provider_and_kind(prefix: str) -> str:
    return f"sum by (provider, kind) (rate({prefix}api_cost_usd_total[{_seconds(COST_WINDOW)}])) * 3600"


def cost_usd_counters(prefix: str) -> str:
    """Each process's own count since it began, as it was scraped."""
    return f"{prefix}api_cost_usd_total"


def breaker_states(prefix: str) -> str:
    """1 for each provider's current state, by provider and state."""
    return f"max by (provider, state) ({prefix}circuit_breaker_state) == 1"


def breaker_open_peak(prefix: str, window: timedelta = HOUR) -> str:
    """1 for each provider whose breaker was open at any time of the window, else 0."""
    return f'max by (provider) (max_over_time({prefix}circuit_breaker_state{{state="open"}}[{_seconds(window)}]))'


def provider_requests(prefix: str, window: timedelta = HOUR) -> str:
    return f"sum by (provider) (increase({prefix}api_requests_total[{_seconds(window)}]))"


def provider_kinds(prefix: str) -> str:
    """One sample for each provider and each kind that it is called for."""
    return f"group by (provider, kind) ({prefix}api_requests_total)"


def provider_failure_ratio(prefix: str, window: timedelta = HOUR) -> str:
    """Of 1, by provider. NaN where nothing was asked."""
    failed = f'{prefix}api_requests_total{{outcome!="succeeded"}}'
    return (
        f"(sum by (provider) (increase({failed}[{_seconds(window)}]))"
        f" or 0 * {provider_requests(prefix, window)}) / {provider_requests(prefix, window)}"
    )


def call_failure_ratio(prefix: str, window: timedelta = HOUR) -> str:
    """Of 1, over all providers. NaN where nothing was asked of any."""
    failed = f'{prefix}api_requests_total{{outcome!="succeeded"}}'
    asked = f"sum(increase({prefix}api_requests_total[{_seconds(window)}]))"
    return f"(sum(increase({failed}[{_seconds(window)}])) or 0 * {asked}) / {asked}"


def monitor_last_run_seconds(prefix: str) -> str:
    """Seconds since 1970."""
    return f"max({prefix}job_monitor_last_run_timestamp_seconds)"


def db_pool_ratio(prefix: str) -> str:
    """Connections in use, of 1."""
    used = f'{prefix}db_pool_connections{{state!="idle"}}'
    return f"sum({used}) / sum({prefix}db_pool_connections_max)"


def intake_open(prefix: str) -> str:
    """1 or 0; closed where any instance says so."""
    return f"min({prefix}intake_open)"


def build_info(prefix: str) -> str:
    """1 for each version and commit that runs."""
    return f"max by (version, commit) ({prefix}build_info)"


def guardrail_limit_jobs(prefix: str) -> str:
    return f"max by (limit) ({prefix}guardrail_limit_jobs)"


def pending_limit_jobs(prefix: str) -> str:
    """How many jobs may wait and run together."""
    return f'max({prefix}guardrail_limit_jobs{{limit="max_pending_jobs"}})'


def daily_cost_limit_usd(prefix: str) -> str:
    return f"max by (level) ({prefix}daily_cost_limit_usd)"


def _queue_wait_seconds(prefix: str, quantile: float, window: timedelta) -> str:
    buckets = f"{prefix}job_queue_wait_seconds_bucket"
    return f"histogram_quantile({quantile}, sum by (le) (rate({buckets}[{_seconds(window)}])))"


def _seconds(window: timedelta) -> str:
    return f"{max(1, round(window.total_seconds()))}s"
