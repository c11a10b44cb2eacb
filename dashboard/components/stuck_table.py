"""Stuck jobs as rows: which rules hold, since when, how far the job got, what it has cost, who cares for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import discretion
from dashboard.components import tables
from dashboard.components.formatting import Zone, duration, exact, money
from dashboard.components.tables import Shown
from dashboard.i18n import t
from dashboard.situation import Notes
from queries.audit_models import Acknowledgement
from queries.models import Spend, StuckJob, StuckJobs, StuckRule

KEY = "stuck-jobs"
_ASKED = "stuck-asked"
_SORTS = ("worst", "oldest", "spent", "attempts")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page was asked for; empty fields do not filter."""

    rules: tuple[str, ...] = ()
    search: str = ""
    snoozed: bool = False
    sort: str = "worst"


def sorts() -> tuple[str, ...]:
    """The orders that this person may ask for: by money is as good as a look at it."""
    return _SORTS if discretion.money_shown() else tuple(one for one in _SORTS if one != "spent")


def rule_words(rule: str) -> str:
    """A rule as a person says it."""
    words = {
        StuckRule.MONITOR_DEAD: t("left by the monitor"),
        StuckRule.RUNNING: t("no update"),
        StuckRule.QUEUED: t("waits too long"),
        StuckRule.STALLED: t("slow step"),
        StuckRule.SLA: t("over time"),
    }
    return words[StuckRule(rule)]


def sort_words(sort: str) -> str:
    """An order as a person says it."""
    words = {
        "worst": t("Worst rule first"),
        "oldest": t("Longest stuck first"),
        "spent": t("Most spent first"),
        "attempts": t("Most attempts first"),
    }
    return words[sort]


def matching(found: StuckJobs, filters: Filters, notes: Notes, spent: Mapping[str, Spend]) -> tuple[StuckJob, ...]:
    """The jobs that the filters let through, in the order asked for."""
    snoozed = frozenset() if filters.snoozed else notes.snoozed(found.now)
    kept = [one for one in found.jobs if one.job.id not in snoozed and _matches(one, filters)]
    orders: dict[str, Callable[[StuckJob], Any]] = {
        "oldest": lambda one: one.since,
        "spent": lambda one: -((spent[one.job.id].usd if one.job.id in spent else None) or Decimal(0)),
        "attempts": lambda one: -(one.job.retry_count or 0),
    }
    order = orders.get(filters.sort)
    return tuple(sorted(kept, key=order) if order else kept)


def _matches(one: StuckJob, filters: Filters) -> bool:
    rules = {hit.rule.value for hit in one.hits}
    wanted = filters.search.lower()
    return (not filters.rules or bool(rules.intersection(filters.rules))) and (
        not wanted or any(wanted in text.lower() for text in (one.job.id, one.job.user, one.job.step or ""))
    )


def identify(one: StuckJob) -> str:
    return one.job.id


def selected() -> tuple[str, ...]:
    """The ids of the selected jobs, as the table was last shown."""
    return tables.selected(KEY, identify)


def hold(rows: Sequence[StuckJob], asked: Filters) -> Shown:
    """The rows to show: they stand still until somebody asks for the new ones; other filters begin anew."""
    if st.session_state.get(_ASKED, asked) != asked:
        tables.select_none(KEY)
        tables.show_new(KEY)
    st.session_state[_ASKED] = asked
    return tables.hold(KEY, rows, identify, holding=True)


def show(
    shown: Shown,
    now: datetime,
    zone: Zone,
    notes: Notes,
    spent: Mapping[str, Spend],
    *,
    selectable: bool,
) -> None:
    """Draw the table; selection (by tables.selected) only for those who may act."""
    rows = [_row(one, now, zone, notes.by_job.get(one.job.id), spent.get(one.job.id)) for one in shown.rows]
    tables.table(
        [row | _gone() if row["job"] in shown.gone else row for row in rows],
        _columns(shown.rows),
        alt=t("Stuck jobs, with the rules that hold, step, progress, attempts and user"),
        key=KEY,
        selectable=selectable,
    )


def _columns(rows: Sequence[StuckJob]) -> dict[str, Any]:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "job": text(t("Job"), pinned=True, width=215),
        "stuck": text(t("Stuck for"), width=85, help=t("Since the first of its rules holds.")),
        "why": text(t("Why"), width=205),
        "step": text(t("Step"), width=165),
        "progress": st.column_config.ProgressColumn(
            t("Progress"), min_value=0, max_value=100, format="%d %%", width=105
        ),
        "retries": number(t("Retries"), width=65),
        "spent": text(t("Spent"), width=70),
        "user": text(t("User"), width=100),
        "note": text(t("Note"), width=220),
        "rules": text(t("Each rule and when it began"), width=520),
    }
    if all(one.job.retry_count is None for one in rows):
        del columns["retries"]
    if not discretion.money_shown():
        del columns["spent"]
    return columns


def _row(
    one: StuckJob, now: datetime, zone: Zone, note: Acknowledgement | None, spend: Spend | None
) -> dict[str, Any]:
    return {
        "job": one.job.id,
        "why": _why(one),
        "stuck": duration(now - one.since),
        "step": one.job.step or "",
        "progress": one.job.progress,
        "retries": one.job.retry_count,
        "spent": money(spend.usd) if spend else "",
        "user": one.job.user,
        "note": _note(note, now),
        "rules": " · ".join(f"{rule_words(hit.rule)}: {exact(hit.since, zone)}" for hit in one.hits),
    }


def _gone() -> dict[str, Any]:
    """The cells of a row that stays only so that the others do not move."""
    return {"why": t("no longer stuck"), "stuck": ""}


def _why(one: StuckJob) -> str:
    """The rules in words; that the monitor should have ended it tells nothing of the job itself."""
    own: list[StuckRule] = [hit.rule for hit in one.hits if hit.rule is not StuckRule.MONITOR_DEAD] or [
        one.worst.rule
    ]
    return " · ".join(rule_words(rule) for rule in own)


def _note(note: Acknowledgement | None, now: datetime) -> str:
    if note is None:
        return ""
    said = f"{note.actor}: {note.note}"
    if note.snoozed_until is not None and note.snoozed_until > now:
        return t("snoozed for {duration}", duration=duration(note.snoozed_until - now)) + f" · {said}"
    return said


def nothing_words(total: int) -> str:
    """Why the list is empty: nothing is stuck, or nothing that is matches."""
    return t("No stuck job matches these filters.") if total else t("No job is stuck.")
