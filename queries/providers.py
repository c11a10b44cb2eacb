"""The AI providers that the service calls, by what Prometheus saw of them."""

from __future__ import annotations

from math import isfinite

from queries import metrics
from queries.models import Provider
from queries.prometheus import Prometheus


def states(prometheus: Prometheus, prefix: str) -> tuple[Provider, ...]:
    """Every provider by name, over the last hour; () where the service doesn't tell. Raises PrometheusError.

    failure_ratio is None where nothing was asked of it; breaker is "unknown" where no state is shown.
    """
    breakers = _breakers(prometheus, prefix)
    asked = _by_provider(prometheus, metrics.provider_requests(prefix))
    failures = _by_provider(prometheus, metrics.provider_failure_ratio(prefix))
    kinds = _kinds(prometheus, prefix)
    return tuple(
        Provider(
            name, breakers.get(name, "unknown"), asked.get(name, 0.0), failures.get(name), kinds.get(name, ())
        )
        for name in sorted(breakers.keys() | asked.keys())
    )


def _breakers(prometheus: Prometheus, prefix: str) -> dict[str, str]:
    """The worst state of each: with several processes, each has a breaker of its own."""
    worst_last = ("closed", "half_open", "open")
    samples = prometheus.instant(metrics.breaker_states(prefix))
    found = sorted(
        (worst_last.index(state), sample.labels.get("provider", ""), state)
        for sample in samples
        if (state := sample.labels.get("state")) in worst_last
    )
    return {provider: state for _, provider, state in found}


def _kinds(prometheus: Prometheus, prefix: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for sample in prometheus.instant(metrics.provider_kinds(prefix)):
        provider = sample.labels.get("provider", "")
        found[provider] = tuple(sorted({*found.get(provider, ()), sample.labels.get("kind", "")}))
    return found


def _by_provider(prometheus: Prometheus, expression: str) -> dict[str, float]:
    samples = prometheus.instant(expression)
    return {sample.labels.get("provider", ""): sample.value for sample in samples if isfinite(sample.value)}
