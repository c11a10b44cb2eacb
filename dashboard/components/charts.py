"""Charts: direct labels before legends, y from zero, limits as dotted lines with their name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.components.formatting import Zone

# The theme's colours do not reach go.Figure; these are .streamlit/config.toml's, legible in both themes.
BLUE, AMBER, GREEN, PURPLE, RED, GREY = "#3B6FD4", "#D98A2B", "#2F9E83", "#8B5FBF", "#C4526B", "#7A8594"
HEIGHT = 240


@dataclass(frozen=True, slots=True)
class Line:
    """One named line: points are (instant, value); the last one is lighter where its bucket still fills."""

    name: str
    colour: str
    points: Sequence[tuple[datetime, float]]


def bars(lines: Sequence[Line], *, zone: Zone, alt: str, key: str, unfinished: bool = True) -> None:
    """Stacked bars a bucket, one colour a line; the last, unfinished bucket is lighter."""
    figure = _figure()
    for line in lines:
        opacity = np.ones(len(line.points))
        if unfinished and len(opacity):
            opacity[-1] = 0.45
        figure.add_bar(
            x=_local(line, zone),
            y=_values(line),
            name=line.name,
            marker={"color": line.colour, "opacity": opacity, "line": {"width": 0}},
            hovertemplate="%{y:,}<extra>" + line.name + "</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.15, showlegend=len(lines) > 1)
    _draw(figure, alt=alt, key=key)


def lines(
    drawn: Sequence[Line], *, zone: Zone, alt: str, key: str, limit: tuple[str, float] | None = None
) -> None:
    """Lines over time, labelled at their right end, with a limit as a dotted line."""
    figure = _figure()
    for line in drawn:
        figure.add_scatter(
            x=_local(line, zone),
            y=_values(line),
            name=line.name,
            mode="lines",
            line={"color": line.colour, "width": 1.75},
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
    _draw(figure, alt=alt, key=key)


def _figure() -> go.Figure:
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
    return figure


def _draw(figure: go.Figure, *, alt: str, key: str) -> None:
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False, "responsive": True})


def _local(line: Line, zone: Zone) -> np.ndarray:
    """Wall-clock instants without a zone: the browser must not shift them a second time."""
    local = [instant.astimezone(zone.info).replace(tzinfo=None) for instant, _ in line.points]
    return np.array(local, dtype="datetime64[ms]")


def _values(line: Line) -> np.ndarray:
    return np.array([value for _, value in line.points], dtype=float)
