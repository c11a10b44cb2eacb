"""What the alerting rules say now, each trouble once, and where its answer lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from dashboard import fetch, navigation
from dashboard.components.formatting import plain
from dashboard.components.verdicts import Link, State
from dashboard.fetch import Fetched
from dashboard.i18n import t
from queries import alerts
from queries.alerts import Alert, AlertRule, AlertState

CRITICAL = "critical"
# Labels by which rules of one name differ that tell of the same trouble.
_SHADES = frozenset({"severity", "window"})


@dataclass(frozen=True, slots=True)
class Told:
    """One alert with the rule that tells it."""

    rule: AlertRule
    alert: Alert

    @property
    def state(self) -> State:
        return State.CRITICAL if self.rule.severity == CRITICAL else State.WARNING

    @property
    def trouble(self) -> tuple[str, frozenset[tuple[str, str]]]:
        """What it is about: the same for the warning and the critical alert of one thing."""
        return self.rule.name, frozenset(pair for pair in self.alert.labels.items() if pair[0] not in _SHADES)


def ask() -> Fetched[tuple[AlertRule, ...]]:
    """Every alerting rule. Raises NotConfigured, PrometheusError."""
    return fetch.prometheus(alerts.rules)


def told(rules: Iterable[AlertRule], state: AlertState) -> Sequence[Told]:
    """The alerts in this state, worst and longest lasting first, without those that a worse one tells already."""
    found = [Told(rule, alert) for rule in rules for alert in rule.alerts if alert.state is state]
    by_trouble: dict[object, Told] = {}
    for one in sorted(found, key=_order):
        by_trouble.setdefault(one.trouble, one)
    return list(by_trouble.values())


def link(one: Told) -> Link | None:
    """The console's page that its rule names, with its filters; None where it names none that there is."""
    page, _, query = one.rule.page.partition("?")
    titles = {entry.name: entry.title for entries in navigation.CONTENTS.values() for entry in entries}
    if page not in titles:
        return None
    return Link(page, t("Open {page}", page=t(titles[page])), dict(parse_qsl(query)), key(one))


def key(one: Told) -> str:
    """Tells an alert from all others, for widgets."""
    return "-".join([one.rule.name, one.rule.severity, *(f"{name}={value}" for name, value in labels(one))])


def labels(one: Told) -> Sequence[tuple[str, str]]:
    """What its alert is about beyond the rule's own labels, such as its provider."""
    own = {"alertname", *one.rule.labels}
    return sorted((name, value) for name, value in one.alert.labels.items() if name not in own)


def headline(one: Told) -> str:
    """Its summary as markdown; where its rule has none, its name with what it is about."""
    about = ", ".join(f"{name}={value}" for name, value in labels(one))
    name = f"{one.rule.name} ({about})" if about else one.rule.name
    return plain(one.alert.summary or name)


def _order(one: Told) -> tuple[bool, datetime, str]:
    return one.rule.severity != CRITICAL, one.alert.since, one.rule.name
