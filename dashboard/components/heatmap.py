"""A table of numbers as shades of one hue, with those that stand out marked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import plotly.graph_objects as go
import streamlit as st

from dashboard.components.charts import RED

ROW_PIXELS, AROUND_PIXELS = 19, 62
# From barely there to full, as a veil over whatever lies behind: so it reads in light and in dark.
SCALE = ((0.0, "rgba(59, 111, 212, 0.10)"), (1.0, "rgba(59, 111, 212, 1)"))
MARK_PIXELS = 7
# Names of columns that fit beside each other on a phone.
MOST_TICKS = 5


def show(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[int | None]],
    *,
    marked: Collection[tuple[int, int]],
    mark: str,
    hovers: Sequence[Sequence[str]],
    alt: str,
    key: str,
) -> None:
    """values[row][column], None where there is nothing; marked are (row, column), mark is what that means.

    Rows and columns are named once each.
    """
    figure = go.Figure()
    figure.add_heatmap(
        x=list(columns),
        y=list(rows),
        z=[list(row) for row in values],
        customdata=[list(row) for row in hovers],
        colorscale=[list(stop) for stop in SCALE],
        zmin=0,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{customdata}<extra></extra>",
        colorbar={"thickness": 8, "outlinewidth": 0, "nticks": 4, "len": 0.6, "x": 1.01},
    )
    if marked:
        _mark(figure, rows, columns, marked, mark)
    _lay_out(figure, rows, columns)
    config = {"displayModeBar": False, "responsive": True}
    st.plotly_chart(figure, key=key, alt=alt, config=config)


def _mark(
    figure: go.Figure, rows: Sequence[str], columns: Sequence[str], marked: Collection[tuple[int, int]], name: str
) -> None:
    places = sorted(marked)
    figure.add_scatter(
        x=[columns[column] for _, column in places],
        y=[rows[row] for row, _ in places],
        mode="markers",
        name=name,
        marker={"size": MARK_PIXELS, "color": "#FFFFFF", "line": {"color": RED, "width": 2}},
        hoverinfo="skip",
    )


def _lay_out(figure: go.Figure, rows: Sequence[str], columns: Sequence[str]) -> None:
    step = -(-len(columns) // MOST_TICKS)
    figure.update_layout(
        height=AROUND_PIXELS + ROW_PIXELS * len(rows),
        margin={"l": 0, "r": 8, "t": 26, "b": 0},
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        yaxis={
            "autorange": "reversed",
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
            "type": "category",
        },
        xaxis={
            "type": "category",
            "tickvals": list(columns)[::-1][::step],
            "tickangle": 0,
            "fixedrange": True,
            "showgrid": False,
        },
    )
