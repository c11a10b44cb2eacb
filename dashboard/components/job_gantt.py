"""The attempts of a job as bars over the time since each was queued."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

import plotly.graph_objects as go
import streamlit as st

from dashboard.components.charts import AMBER, BLUE, GREY, PURPLE, RED
from dashboard.components.formatting import duration
from dashboard.i18n import t
from queries.job_models import Ending, Span
from queries.steps import QUEUED

BAR_PIXELS, ABOVE_PIXELS, BELOW_PIXELS = 34, 30, 24
LABEL_LENGTH = 40
MOST_TICKS = 6
# A service that retries for ever would draw a chart of many screens; the table has all.
ATTEMPTS_DRAWN = 8
# More than a person can listen to.
SPANS_TOLD = 40
# What is still running grows by steps: a chart that is drawn anew flickers.
REDRAWN_SECONDS = 10
_TICKS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 7 * 86400)
_INK, _PAPER, _PALE_BLUE, _DARK_RED = "#10161F", "#FFFFFF", "#9DB7E9", "#93394D"


class Look(StrEnum):
    """How a span is marked, in the order of the legend."""

    WAITED = "waited"
    DONE = "done"
    RUNNING = "running"
    SLOW = "slow"
    FAILED = "failed"
    LOST = "lost"
    CANCELLED = "cancelled"


# The bar's colour, and what can be read on it.
_COLOURS: Mapping[Look, tuple[str, str]] = {
    Look.WAITED: (GREY, _INK),
    Look.DONE: (BLUE, _PAPER),
    Look.RUNNING: (_PALE_BLUE, _INK),
    Look.SLOW: (AMBER, _INK),
    Look.FAILED: (RED, _PAPER),
    Look.LOST: (_DARK_RED, _PAPER),
    Look.CANCELLED: (PURPLE, _PAPER),
}


def look_words(look: Look) -> str:
    """A look as a word, for the legend and the table."""
    words = {
        Look.WAITED: t("waiting"),
        Look.DONE: t("done"),
        Look.RUNNING: t("running"),
        Look.SLOW: t("slow"),
        Look.FAILED: t("failed"),
        Look.LOST: t("lost"),
        Look.CANCELLED: t("cancelled"),
    }
    return words[look]


def show(spans: Sequence[Span], looks: Mapping[Span, Look], now: datetime) -> None:
    """A bar an attempt, newest last; one trace a look, labelled with the steps where they fit."""
    timed, now = _drawn(spans), now.replace(second=now.second - now.second % REDRAWN_SECONDS, microsecond=0)
    if not timed:
        return
    begins = {number: min(one.began for one in own) for number, own in groupby(timed, lambda span: span.attempt)}
    figure = go.Figure()
    for one in (one for one in Look if one in {looks[span] for span in timed}):
        _trace(figure, [span for span in timed if looks[span] is one], one, begins, now)
    longest = max(span.began + span.lasted(now) - begins[span.attempt] for span in timed)
    _lay_out(figure, [_row(number) for number in begins], longest)
    config = {"displayModeBar": False, "responsive": True}
    st.plotly_chart(figure, key="job-gantt", alt=_alt(timed, looks, now), config=config)


def _drawn(spans: Sequence[Span]) -> list[Span]:
    """The spans of the newest attempts, without the marks."""
    newest = sorted({span.attempt for span in spans})[-ATTEMPTS_DRAWN:]
    return [span for span in spans if span.ending is not Ending.MARK and span.attempt in newest]


def _trace(
    figure: go.Figure, spans: Sequence[Span], look: Look, begins: Mapping[int, datetime], now: datetime
) -> None:
    colour, ink = _COLOURS[look]
    figure.add_bar(
        orientation="h",
        name=look_words(look),
        y=[_row(span.attempt) for span in spans],
        base=[(span.began - begins[span.attempt]).total_seconds() for span in spans],
        x=[span.lasted(now).total_seconds() for span in spans],
        text=[_label(span) for span in spans],
        customdata=[duration(span.lasted(now)) for span in spans],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        textfont={"color": ink, "size": 12},
        marker={"color": colour, "line": {"width": 1, "color": "rgba(255,255,255,0.55)"}},
        hovertemplate="%{text} · %{customdata}<extra>" + look_words(look) + "</extra>",
    )


def _row(attempt: int) -> str:
    return t("Attempt {n}", n=attempt)


def _lay_out(figure: go.Figure, rows: Sequence[str], longest: timedelta) -> None:
    seconds = max(longest.total_seconds(), 1.0)
    step = next((tick for tick in _TICKS if seconds / tick <= MOST_TICKS), _TICKS[-1])
    ticks = [step * place for place in range(int(seconds // step) + 1)][: 2 * MOST_TICKS]
    figure.update_layout(
        height=ABOVE_PIXELS + BAR_PIXELS * len(rows) + BELOW_PIXELS,
        margin={"l": 0, "r": 8, "t": ABOVE_PIXELS, "b": BELOW_PIXELS},
        barmode="overlay",
        bargap=0.2,
        uniformtext={"minsize": 12, "mode": "hide"},
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        hovermode="closest",
        yaxis={
            "categoryorder": "array",
            "categoryarray": list(rows),
            "autorange": "reversed",
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
        },
        xaxis={
            "range": [0, seconds],
            "tickvals": ticks,
            "ticktext": [duration(timedelta(seconds=tick)) for tick in ticks],
            "fixedrange": True,
        },
    )


def _label(span: Span) -> str:
    """The step as it is told, short, and not interpreted by the chart."""
    name = t("waiting") if span.name == QUEUED else span.name
    return html.escape(name if len(name) <= LABEL_LENGTH else name[: LABEL_LENGTH - 1] + "…")


def _alt(spans: Sequence[Span], looks: Mapping[Span, Look], now: datetime) -> str:
    told = [
        f"{span.attempt}: {span.name} {duration(span.lasted(now))} ({look_words(looks[span])})"
        for span in spans[-SPANS_TOLD:]
    ]
    return t("Time by attempt: {spans}", spans="; ".join(told))
