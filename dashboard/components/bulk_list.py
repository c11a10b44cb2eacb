"""The bulk actions of late: who did what to how many jobs, by which search, and how far each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import links
from dashboard.components import audit_table, bulk_words, tables
from dashboard.components.formatting import Zone, count, exact, plain
from dashboard.components.verdicts import State, Verdict
from dashboard.i18n import t, tn
from queries.bulk_models import Bulk, BulkState


def verdict(recent: Sequence[Bulk]) -> Verdict:
    """What goes on now, and what waits for somebody."""
    running = [bulk for bulk in recent if bulk.state is BulkState.RUNNING]
    paused = [bulk for bulk in recent if bulk.state is BulkState.PAUSED]
    untouched = sum(bulk.untouched for bulk in paused)
    runs = tn("{n} bulk action is running", "{n} bulk actions are running", len(running))
    if paused:
        head = tn("{n} bulk action is paused.", "{n} bulk actions are paused.", len(paused))
        waits = tn(
            "{n} job waits for somebody to resume it.", "{n} jobs wait for somebody to resume them.", untouched
        )
        return Verdict(State.WARNING, head, f"{waits} {runs}." if running else waits)
    if running:
        ended, total = sum(bulk.ended for bulk in running), sum(bulk.total for bulk in running)
        through = t("{n} of {total} jobs are through", n=count(ended), total=count(total))
        return Verdict(State.OK, f"{runs}: {through}.")
    return Verdict(State.OK, t("No bulk action is running.")) if recent else _none()


def show(recent: Sequence[Bulk], zone: Zone) -> None:
    """Draw them, newest first; each is a link to its page."""
    text = st.column_config.TextColumn
    columns = {
        "when": st.column_config.LinkColumn(
            t("When ({zone})", zone=plain(zone.name)), display_text=r"#(.+)$", pinned=True, width=150
        ),
        "who": text(t("Who"), width=150),
        "action": text(t("Action"), width=100),
        "progress": st.column_config.ProgressColumn(
            t("Progress"), min_value=0, max_value=100, format="%d %%", width=105
        ),
        "state": text(t("State"), width=115),
        "jobs": text(t("Jobs"), width=75),
        "tally": text(t("What came of it"), width=230),
        "filter": text(t("Search"), width=230),
        "reason": text(t("Reason"), width=260),
    }
    tables.table([_row(bulk, zone) for bulk in recent], columns, alt=t("Bulk actions, newest first"))


def _none() -> Verdict:
    return Verdict(State.NO_DATA, t("There was no bulk action yet: choose jobs on the Jobs page and act on them."))


def _row(bulk: Bulk, zone: Zone) -> dict[str, Any]:
    when = exact(bulk.created_at, zone).removesuffix(f" {zone.name}")
    return {
        "when": f"{links.to('bulks', **{links.BATCH: bulk.id})}#{when}",
        "who": bulk.actor,
        "action": audit_table.action_words(bulk.action),
        "progress": 100 * bulk.ended // bulk.total if bulk.total else 100,
        "state": bulk_words.state_words(bulk),
        "jobs": count(bulk.total),
        "tally": bulk_words.tally(bulk),
        "filter": bulk.filter or t("chosen by hand"),
        "reason": bulk.reason,
    }
