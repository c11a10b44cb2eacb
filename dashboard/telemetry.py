"""The console's own metrics, served at /metrics. Names and labels carry nothing about users."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from actions.permissions import ACTIONS
from queries.audit_models import Result

# A counter's start would double its series and tell nothing.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()

renders = Counter("ops_page_renders", "Full runs of a page", ["page"], registry=REGISTRY)
query_seconds = Histogram(
    "ops_query_duration_seconds",
    "What one question took at its source, failed ones included",
    ["source", "query"],
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
query_errors = Counter("ops_query_errors", "Questions that a source did not answer", ["source"], registry=REGISTRY)
stale_answers = Counter(
    "ops_stale_answers",
    "Answers of before an outage that were shown, marked, while their source did not answer",
    ["source"],
    registry=REGISTRY,
)
cache_requests = Counter(
    "ops_cache_requests",
    "Answers asked of the data cache: hit, miss, or shared with somebody who asked at the same time",
    ["outcome"],
    registry=REGISTRY,
)
actions = Counter("ops_actions", "Actions by what came of them", ["action", "outcome"], registry=REGISTRY)
DUTY_OUTCOMES = ("done", "failed")
duties = Counter(
    "ops_duties",
    "What this console did in the background for all, by what came of it",
    ["duty", "outcome"],
    registry=REGISTRY,
)
rollup_hours = Counter("ops_rollup_hours", "Hours of usage that were made anew", registry=REGISTRY)
rollup_differences = Counter(
    "ops_rollup_differences", "Sums of rolled up hours that a check did not find in the source", registry=REGISTRY
)

for _outcome in ("hit", "miss", "shared"):
    cache_requests.labels(_outcome)
for _source in ("database", "store", "prometheus", "service"):
    query_errors.labels(_source)
    stale_answers.labels(_source)
stale_answers.labels("computed")
# Whoever alerts on an increase misses what a counter held when it first appeared.
for _action in ACTIONS:
    for _result in Result:
        actions.labels(_action, _result.value)


def begin_duties(names: Iterable[str]) -> None:
    """Count these from 0; a console that has none, since it only reads, counts none."""
    for name in names:
        for outcome in DUTY_OUTCOMES:
            duties.labels(name, outcome)


def count_duty(name: str, done: bool) -> None:  # as the keeper tells it
    """One more that was done, or that failed."""
    duties.labels(name, DUTY_OUTCOMES[not done]).inc()
