"""Every alerting rule in one table, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard import discretion
from dashboard.components import alert_now, tables
from dashboard.components.formatting import NOTHING, Zone, clock, plain
from dashboard.components.verdicts import State, spoken
from dashboard.i18n import t
from queries.alerts import AlertRule, AlertState

MOST_ROWS = 40


def show(rules: Sequence[AlertRule], here: Zone) -> None:
    """Draw them: how each stands, since when, and what it watches."""
    text = st.column_config.TextColumn
    columns = {
        "state": text(t("State"), width=100, pinned=True),
        "alert": text(t("Alert"), width=190),
        "severity": text(t("Severity"), width=90),
        "window": text(t("Window"), width=80),
        "since": text(t("Since ({zone})", zone=plain(here.name)), width=120),
        "note": text(t("Why there is no data"), width=260),
        "watches": text(t("What it watches"), width=560),
    }
    now = datetime.now(UTC)
    rows = [_row(rule, here, now) for rule in rules]
    if not any(row["note"] for row in rows):
        del columns["note"]
    tables.table(rows, columns, alt=t("Alerting rules, worst first"), most_rows=MOST_ROWS)


def state_words(rule: AlertRule) -> str:
    """How a rule stands, as a word: firing ones by their severity."""
    match rule.state:
        case AlertState.FIRING:
            return spoken(State.CRITICAL if rule.severity == alert_now.CRITICAL else State.WARNING)
        case AlertState.PENDING:
            return t("Pending")
        case AlertState.NO_DATA:
            return spoken(State.NO_DATA)
        case AlertState.INACTIVE:
            return t("OK")


def _row(rule: AlertRule, here: Zone, now: datetime) -> dict[str, Any]:
    return {
        "state": state_words(rule),
        "alert": rule.name,
        "severity": rule.severity or NOTHING,
        "window": rule.labels.get("window", NOTHING),
        "since": clock(rule.since, here, now=now) if rule.since else NOTHING,
        "watches": discretion.expression(rule.watches) or NOTHING,
        "note": _why(rule),
    }


def _why(rule: AlertRule) -> str:
    if rule.state is not AlertState.NO_DATA:
        return ""
    missing = t("missing: {metrics}", metrics=", ".join(rule.missing)) if rule.missing else ""
    return rule.error or missing or t("not evaluated yet")
