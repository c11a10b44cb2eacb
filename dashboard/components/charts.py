"""Charts: direct labels before legends, y from zero, limits as dotted lines with their name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import nan

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.components import chart_labels
from dashboard.components.chart_lines import Axis, Line, few, gapped, highest, pale, stacked
from dashboard.components.formatting import Zone
from dashboard.i18n import t

__all__ = [
    "AMBER",
    "BLUE",
    "GREEN",
    "GREY",
    "PURPLE",
    "RED",
    "Axis",
    "Line",
    "areas",
    "bars",
    "below",
    "lines",
    "title",
]

# The theme's colours do not reach go.Figure; these are .streamlit/config.toml's, legible in both themes.
BLUE, AMBER, GREEN, PURPLE, RED, GREY = "#3B6FD4", "#D98A2B", "#2F9E83", "#8B5FBF", "#C4526B", "#7A8594"
HEIGHT = 240
# As wide as "1,200" on every chart of a column, so that one instant lies on one vertical line.
AXIS_PIXELS = 44
# A chart whose limit is farther above its data would show the data as a flat line.
LIMIT_IN_VIEW = 5


def title(bold: str, rest: str) -> None:
    """A chart's name, and what it counts."""
    st.markdown(f"**{bold}** :gray[{rest}]")


def below(zone: Zone, source: str) -> None:
    """The zone of a chart's times, and where its numbers are from."""
    st.caption(t("Times in {zone} · {source}", zone=zone.name, source=source))


def bars(
    lines: Sequence[Line],
    *,
    zone: Zone,
    alt: str,
    key: str,
    unfinished: bool = True,
    grouped: bool = False,
    axis: Axis | None = None,
    marks: Sequence[tuple[datetime, str]] = (),
    limit: Line | None = None,
) -> None:
    """Stacked (or grouped) bars a bucket, one colour a line; the last, unfinished bucket is lighter.

    marks are instants with a name, such as releases; limit, which may change over time, is for stacked bars.
    """
    figure = blank(axis, zone)
    add_bars(figure, lines, zone=zone, axis=axis, unfinished=unfinished)
    for at, name in marks:
        mark(figure, at, name, zone, chart_labels.side(at, axis))
    if limit is not None and limit.points:
        _limit_line(figure, limit, highest(lines), zone)
    elif few(lines):
        figure.update_yaxes(dtick=1)
    barmode = "group" if grouped else "stack"
    figure.update_layout(barmode=barmode, bargap=0.25 if grouped else 0.15, showlegend=len(lines) > 1)
    draw(figure, alt=alt, key=key)


def add_bars(
    figure: go.Figure,
    lines: Sequence[Line],
    *,
    zone: Zone,
    axis: Axis | None,
    unfinished: bool,
    value: str = "%{y:,}",
) -> None:
    """Bars in their colours, the last ones lighter where they are unfinished; value: as the pointer tells one."""
    for line in lines:
        opacity = np.ones(len(line.points))
        if unfinished and len(opacity):
            opacity[-1] = 0.45
        figure.add_bar(
            x=_local(line, zone),
            y=_values(line),
            name=line.name,
            marker={"color": line.colour, "opacity": opacity, "line": {"width": 0}},
            hovertemplate=f"{value}<extra>{line.name}</extra>",
            **_within_bucket(line, zone, axis),
        )


def lines(
    drawn: Sequence[Line],
    *,
    zone: Zone,
    alt: str,
    key: str,
    limit: tuple[str, float] | None = None,
    axis: Axis | None = None,
    steps: bool = False,
) -> None:
    """Lines over time, labelled at their right end, with a limit as a dotted line.

    steps: for values that hold until the next one.
    """
    figure = blank(axis, zone)
    for line in (gapped(one, axis) for one in drawn):
        figure.add_scatter(
            x=_local(line, zone),
            y=_values(line),
            name=line.name,
            mode="lines",
            line={"color": line.colour, "width": 1.75, "shape": "hv" if steps else "linear"},
            hovertemplate="%{y:,.4~g}<extra>" + line.name + "</extra>",
        )
    if limit is not None:
        name, value = limit
        figure.add_hline(
            y=value,
            line={"color": RED, "width": 1.25, "dash": "dot"},
            annotation={"text": f"{name} {value:,.4g}", "font": {"size": 12}, "showarrow": False},
            annotation_position="top left",
        )
    figure.update_layout(showlegend=len(drawn) > 1)
    draw(figure, alt=alt, key=key)


def areas(
    drawn: Sequence[Line],
    limit: Line | None,
    *,
    zone: Zone,
    alt: str,
    key: str,
    axis: Axis,
    labelled: bool = False,
) -> None:
    """Areas that stand on each other, the last of drawn on top, below a limit that may change over time.

    labelled: each area's name stands beside its end, in the place of a legend.
    """
    figure = blank(axis, zone)
    # Each line on its own to the bottom, the highest first: Plotly's own stacks take a gap for a zero.
    for height in range(len(drawn), 0, -1):
        top = gapped(stacked(drawn[:height]), axis)
        own = dict(drawn[height - 1].points)
        figure.add_scatter(
            x=_local(top, zone),
            y=_values(top),
            customdata=[own.get(at, nan) for at, _ in top.points],
            name=top.name,
            mode="lines",
            fill="tozeroy",
            fillcolor=pale(top.colour),
            line={"color": top.colour, "width": 1.5},
            hovertemplate="%{customdata:,}<extra>" + top.name + "</extra>",
        )
    if limit is not None and limit.points:
        _limit_line(figure, gapped(limit, axis), highest(drawn), zone)
    figure.update_layout(showlegend=True)
    if labelled:
        chart_labels.beside(figure, drawn)
    draw(figure, alt=alt, key=key)


def mark(figure: go.Figure, at: datetime, name: str, zone: Zone, anchor: str) -> None:
    """A thin upright line with its name at the top."""
    x = at.astimezone(zone.info).replace(tzinfo=None)
    figure.add_vline(x=x, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=x, y=1, yref="paper", yanchor="bottom", xanchor=anchor, text=name, showarrow=False, font={"size": 12}
    )
    figure.update_layout(margin_t=22)


def _limit_line(figure: go.Figure, limit: Line, below: float, zone: Zone) -> None:
    """Dotted, in steps, with its name and newest value; only the words where it lies far above."""
    newest = limit.points[-1][1]
    figure.add_scatter(
        x=_local(limit, zone),
        y=_values(limit),
        mode="lines",
        line={"color": limit.colour, "width": 1.25, "dash": "dot", "shape": "hv"},
        showlegend=False,
        hovertemplate="%{y:,}<extra>" + limit.name + "</extra>",
    )
    named = f"{limit.name} {newest:,.4g}"
    chart_labels.level(figure, named, newest, max(below, 1), end="right", in_view=LIMIT_IN_VIEW)


def _within_bucket(line: Line, zone: Zone, axis: Axis | None) -> dict[str, object]:
    """What puts a bar into the middle of its bucket, where it stands below charts of lines."""
    if axis is None or not line.points:
        return {}
    width, first = axis.step.total_seconds() * 1000, str(_local(line, zone)[0])
    return {"xperiod": width, "xperiod0": first, "xperiodalignment": "middle"}


def blank(axis: Axis | None = None, zone: Zone | None = None) -> go.Figure:
    """A figure with nothing drawn yet, over this time in this zone."""
    figure = go.Figure()
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        colorway=[BLUE, AMBER, GREEN, PURPLE, RED, GREY],
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        yaxis={"rangemode": "tozero", "nticks": 5, "automargin": True, "tickformat": ",~g"},
        xaxis={"showgrid": False, "nticks": 7, "tickformat": "%H:%M\n%Y-%m-%d"},
    )
    if axis is not None and zone is not None:
        figure.update_xaxes(range=[wall(axis.start, zone), wall(axis.end, zone)], tickangle=0)
        figure.update_yaxes(automargin=False)
        if axis.step >= timedelta(days=1):
            figure.update_xaxes(tickformat="%m-%d", hoverformat="%Y-%m-%d")
        figure.update_layout(margin={"l": AXIS_PIXELS})
    return figure


def draw(figure: go.Figure, *, alt: str, key: str) -> None:
    """Show it; alt is what it shows, for those who do not see it."""
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False, "responsive": True})


def _local(line: Line, zone: Zone) -> np.ndarray:
    return np.array([wall(instant, zone) for instant, _ in line.points], dtype="datetime64[ms]")


def wall(instant: datetime, zone: Zone) -> datetime:
    """The zone's wall-clock time, without its zone: the browser must not shift it a second time."""
    return instant.astimezone(zone.info).replace(tzinfo=None)


def _values(line: Line) -> np.ndarray:
    return np.array([value for _, value in line.points], dtype=float)
