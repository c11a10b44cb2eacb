"""What the service is spending right now, by what Prometheus saw of it. Every question raises PrometheusError."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite

from queries import metrics
from queries.models import Series
from queries.prometheus import Prometheus

_EXACTNESS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Burn:
    """USD an hour that go to one provider for one kind of work, on average over metrics.COST_WINDOW."""

    provider: str
    kind: str
    usd_per_hour: Decimal


def now(prometheus: Prometheus) -> tuple[Burn, ...]:
    """Most first, those that nothing goes to at last; () where the service doesn't tell."""
    samples = prometheus.instant(metrics.cost_usd_per_hour_by_provider_and_kind(prometheus.prefix))
    found = [
        Burn(one.labels.get("provider", ""), one.labels.get("kind", ""), _usd(one.value))
        for one in samples
        if isfinite(one.value)
    ]
    return tuple(sorted(found, key=lambda one: (-one.usd_per_hour, one.kind, one.provider)))


def over_time(prometheus: Prometheus, start: datetime, end: datetime, step: timedelta) -> tuple[Series, ...]:
    """USD an hour by the labels provider and kind; () where the service doesn't tell."""
    return prometheus.range(metrics.cost_usd_per_hour_by_provider_and_kind(prometheus.prefix), start, end, step)


def _usd(value: float) -> Decimal:
    return Decimal(value).quantize(_EXACTNESS)
