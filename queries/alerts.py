"""The alerting rules of Prometheus and what they say now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Any

from queries import metrics
from queries.errors import PrometheusUnavailable
from queries.prometheus import Prometheus
from queries.prometheus_transport import SETTING

FIRST_YEAR, LAST_YEAR = 1970, 9999
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


class AlertState(StrEnum):
    """How a rule stands, worst first. no_data: what it watches is not there, or it cannot be evaluated."""

    FIRING = "firing"
    PENDING = "pending"
    NO_DATA = "no_data"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Alert:
    """One pending or firing alert of a rule, since when (UTC); its texts are foreign, with the values filled in.

    calm_since: when it stopped being true, where it still fires only so that it does not flap. value is None where
    it is no finite number.
    """

    state: AlertState
    since: datetime
    labels: Mapping[str, str]
    summary: str
    description: str
    value: float | None = None
    calm_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule with its alerts, the longest lasting first; all texts are foreign.

    severity is warning, critical or whatever a foreign rule says. Empty where a rule does not say them: watches
    (what it is about), runbook (page#section), page (a page of the console, with its filters). missing are the
    metrics that it needs and Prometheus does not have now, error why it could not be evaluated.
    """

    name: str
    state: AlertState
    severity: str
    labels: Mapping[str, str]
    watches: str = ""
    runbook: str = ""
    page: str = ""
    alerts: tuple[Alert, ...] = ()
    missing: tuple[str, ...] = ()
    error: str = ""

    @property
    def since(self) -> datetime | None:
        """Since when its state holds, as far as Prometheus tells."""
        return min((alert.since for alert in self.alerts if alert.state is self.state), default=None)

    @property
    def value(self) -> float | None:
        return self.alerts[0].value if self.alerts else None


def rules(prometheus: Prometheus) -> tuple[AlertRule, ...]:
    """Every alerting rule that is loaded, worst first, then by name; () where none is. Raises PrometheusError."""
    try:
        told = [rule for group in prometheus.rule_groups() for rule in group["rules"]]
        needed = {name for rule in told for name in _needs(rule)}
        there = _there(prometheus, needed)
        found = [_rule(rule, tuple(name for name in _needs(rule) if name not in there)) for rule in told]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PrometheusUnavailable(
            detail="its answer holds something else than rules", setting=SETTING
        ) from error
    return tuple(sorted(found, key=_order))


def _order(rule: AlertRule) -> tuple[int, bool, str]:
    return tuple(AlertState).index(rule.state), rule.severity != "critical", rule.name


def _there(prometheus: Prometheus, names: set[str]) -> frozenset[str]:
    """Which of these metrics have a value now."""
    possible = sorted(name for name in names if _METRIC.fullmatch(name))
    samples = prometheus.instant(metrics.present(possible)) if possible else ()
    return frozenset(sample.labels.get("__name__", "") for sample in samples)


def _rule(rule: Mapping[str, Any], missing: tuple[str, ...]) -> AlertRule:
    notes, labels = rule.get("annotations") or {}, rule.get("labels") or {}
    alerts = tuple(sorted(_alerts(rule.get("alerts") or ()), key=lambda alert: alert.since))
    return AlertRule(
        name=str(rule["name"]),
        state=_state(rule, missing),
        severity=str(labels.get("severity", "")),
        labels=_texts(labels),
        watches=str(notes.get("watches", "")),
        runbook=str(notes.get("runbook", "")),
        page=str(notes.get("page", "")),
        alerts=alerts,
        missing=missing,
        error=str(rule.get("lastError") or ""),
    )


def _state(rule: Mapping[str, Any], missing: Sequence[str]) -> AlertState:
    state = AlertState(rule["state"])
    silent = missing or rule.get("health", "ok") != "ok"
    return AlertState.NO_DATA if state is AlertState.INACTIVE and silent else state


def _alerts(told: Sequence[Mapping[str, Any]]) -> Iterator[Alert]:
    for one in told:
        notes, calm, value = one.get("annotations") or {}, one.get("keepFiringSince"), float(one["value"])
        yield Alert(
            state=AlertState(one["state"]),
            since=_instant(one["activeAt"]),
            labels=_texts(one.get("labels") or {}),
            summary=str(notes.get("summary", "")),
            description=str(notes.get("description", "")),
            value=value if isfinite(value) else None,
            calm_since=_instant(calm) if calm else None,
        )


def _texts(labels: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in labels.items()}


def _instant(text: str) -> datetime:
    """Raises ValueError where it is none, also beyond what every zone's calendar can tell."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not FIRST_YEAR <= found.year < LAST_YEAR:
        raise ValueError(text)
    return found


def _needs(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """The metrics without which the rule's silence means nothing."""
    return tuple(str((rule.get("annotations") or {}).get("needs", "")).split())
