"""When the jobs of a search changed last, beside the releases of the service; and what else they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from html import escape
from typing import Any

import streamlit as st

from dashboard import fetch
from dashboard.components import charts, failures, query_text, summary, tables
from dashboard.components.charts import AMBER, BLUE, Line
from dashboard.components.failure_matrix import code_words
from dashboard.components.formatting import Zone, count, percent
from dashboard.components.query_text import Asked
from dashboard.connections import settings
from dashboard.i18n import t
from queries import failures as questions
from queries.causes import Causes
from queries.failures import DAY
from queries.job_filter import JobFilter, exactly

KEY = "causes"
BUCKET = timedelta(minutes=30)
# A chart that is drawn anew loses what the reader zoomed into, so it is asked for less often than the numbers.
CHARTS = timedelta(minutes=1)


def show(now: Asked, zone: Zone) -> None:
    """The last 24 hours of what was searched for; of failures, where nothing was."""
    wanted = now.filter if now.text else JobFilter(statuses=("failed",))
    answer = fetch.database(
        questions.failures_by_bucket,
        wanted,
        timezone=settings().timezone,
        since=DAY,
        bucket=BUCKET,
        ttl=CHARTS,
    )
    name = t("Matching jobs") if now.text else t("Failures")
    charts.title(name, t("by last change, each half hour of the last 24 hours"))
    colour = BLUE if now.text else AMBER
    line = Line(name, colour, [(one.start, one.jobs) for one in answer.value])
    begun = answer.value[0].start if answer.value else answer.at
    marks = [(one.at, escape(one.version)) for one in failures.recent_releases() if one.at >= begun]
    charts.bars([line], zone=zone, key="failures", alt=t("Jobs by half hour, with releases marked"), marks=marks)
    charts.below(zone, summary.source(answer))
    if now.text:
        _causes(failures.causes(now.filter).value, now)


def _causes(found: Causes, now: Asked) -> None:
    """One line a value; a click narrows the search to it."""
    rows = list(_rows(found))
    if not rows:
        return
    columns = {
        "aspect": st.column_config.TextColumn(t("In common"), width=130),
        "value": st.column_config.TextColumn(t("Value"), width=230),
        "jobs": st.column_config.TextColumn(t("Jobs"), width=70, alignment="right"),
        "share": st.column_config.TextColumn(t("Share"), width=70, alignment="right"),
    }
    tables.cells(
        rows, columns, alt=t("What these jobs have in common"), key=KEY, on_select=lambda: _narrow(rows, now)
    )


def _rows(found: Causes) -> Iterable[dict[str, Any]]:
    aspects = {
        "errors": (t("Error"), found.errors),
        "steps": (t("Step"), found.steps),
        "providers": (t("Failed calls at"), found.providers),
        "kinds": (t("Kind of work"), found.kinds),
        "users": (t("User"), found.users),
    }
    for field, (label, values) in aspects.items():
        for one in (values or ())[: failures.NAMED]:
            value = code_words(one.value) if field == "errors" else one.value
            share = percent(one.jobs / found.jobs.number, digits=0)
            row = {"aspect": label, "value": value, "jobs": count(one.jobs), "share": share}
            yield row | {"field": field, "asked": one.value}


def _narrow(rows: Sequence[Mapping[str, Any]], now: Asked) -> None:
    cell = tables.selected_cell(KEY)
    if cell is None or cell[0] >= len(rows) or rows[cell[0]]["field"] == "providers":
        return
    field, asked = rows[cell[0]]["field"], str(rows[cell[0]]["asked"])
    value = exactly(asked) if field in {"errors", "steps"} else asked
    query_text.put_filter(query_text.with_field(now.filter, field, (value,)))
