"""Contract, section 3: the metrics."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.contract.conftest import Subject

# name without prefix → (type, labels)
METRICS: dict[str, tuple[str, set[str]]] = {
    "jobs": ("gauge", {"status"}),
    "jobs_stuck": ("gauge", {"rule"}),
    "jobs_finished": ("counter", {"status", "error_code"}),
    "job_retries": ("counter", {"reason"}),
    "job_duration_seconds": ("histogram", {"status"}),
    "job_queue_wait_seconds": ("histogram", set()),
    "job_step_duration_seconds": ("histogram", {"step"}),
    "guardrail_rejections": ("counter", {"limit"}),
    "guardrail_limit_jobs": ("gauge", {"limit"}),
    "daily_cost_limit_usd": ("gauge", {"level"}),
    "intake_open": ("gauge", set()),
    "api_requests": ("counter", {"provider", "kind", "outcome"}),
    "api_request_duration_seconds": ("histogram", {"provider", "kind"}),
    "api_cost_usd": ("counter", {"provider", "kind"}),
    "api_unpriced_requests": ("counter", {"provider"}),
    "circuit_breaker_state": ("gauge", {"provider", "state"}),
    "job_monitor_last_run_timestamp_seconds": ("gauge", set()),
    "job_monitor_recoveries": ("counter", {"outcome"}),
    "db_pool_connections": ("gauge", {"state"}),
    "db_pool_connections_max": ("gauge", set()),
    "build_info": ("gauge", {"version", "commit"}),
}
RULES = {"stuck_running", "stuck_queued", "sla_breach", "stalled", "monitor_dead"}


@pytest.mark.parametrize("name", METRICS)
def test_the_metric_is_there_with_its_type_and_labels(subject: Subject, name: str) -> None:
    text = subject.client.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    kind, labels = METRICS[name]
    family = families[subject.prefix + name]
    assert family.type == kind
    assert family.samples, "no label set starts at 0"
    assert {frozenset(set(sample.labels) - {"le"}) for sample in family.samples} == {frozenset(labels)}


def values(subject: Subject, name: str, label: str) -> set[str]:
    return {sample.labels[label] for sample in subject.samples() if sample.name == subject.prefix + name}


def test_label_values_are_the_contracts(subject: Subject) -> None:
    assert values(subject, "jobs", "status") >= {"queued", "running", "done", "failed"}
    assert values(subject, "jobs_stuck", "rule") == RULES
    assert values(subject, "job_retries_total", "reason") >= {"operator", "monitor"}
    assert values(subject, "circuit_breaker_state", "state") == {"closed", "open", "half_open"}


def test_each_provider_has_one_breaker_state(subject: Subject) -> None:
    total: dict[str, float] = {}
    for sample in subject.samples():
        if sample.name == f"{subject.prefix}circuit_breaker_state":
            total[sample.labels["provider"]] = total.get(sample.labels["provider"], 0) + sample.value
    assert set(total.values()) == {1.0}


def test_durations_have_a_bucket_at_the_sla(subject: Subject) -> None:
    assert "600.0" in values(subject, "job_duration_seconds_bucket", "le")


def test_no_label_holds_a_user_key(subject: Subject) -> None:
    used = {value for sample in subject.samples() for value in sample.labels.values()}
    known = {row["user_key"] for row in subject.rows("select distinct user_key from jobs limit 10000")}
    assert not used & known
