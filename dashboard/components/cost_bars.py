"""Amounts that have names instead of times, as bars to the left and right of zero, each told beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import plotly.graph_objects as go
import streamlit as st

from dashboard.components.charts import BLUE, GREY

BAR_PIXELS, AROUND_PIXELS = 40, 24
# Beside the longest bar its amount must fit.
BESIDE = 0.45


@dataclass(frozen=True, slots=True)
class Bar:
    """One amount in USD, under its name; told is how it reads."""

    name: str
    usd: Decimal
    told: str


def show(bars: Sequence[Bar], *, alt: str, key: str) -> None:
    """The first on top; less than nothing is grey. Names stand above their bars, so that a phone has room."""
    if not bars:
        return
    figure = go.Figure()
    values = [float(bar.usd) for bar in bars]
    figure.add_bar(
        x=values,
        y=list(range(len(bars))),
        orientation="h",
        width=0.4,
        text=[bar.told for bar in bars],
        textposition="outside",
        textfont={"size": 12},
        cliponaxis=False,
        marker={"color": [BLUE if value > 0 else GREY for value in values], "line": {"width": 0}},
        customdata=[_shown(bar.name) for bar in bars],
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )
    for place, bar in enumerate(bars):
        _name(figure, place, bar)
    _lay_out(figure, values)
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False, "responsive": True})


def _name(figure: go.Figure, place: int, bar: Bar) -> None:
    figure.add_annotation(
        text=_shown(bar.name), xref="paper", x=0, xanchor="left", y=place - 0.2, yanchor="bottom",
        showarrow=False, font={"size": 12},
    )  # fmt: skip


def _shown(name: str) -> str:
    """Plotly reads some tags as marks; a name is none."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _lay_out(figure: go.Figure, values: Sequence[float]) -> None:
    low, high = min(*values, 0.0), max(*values, 0.0)
    beside = BESIDE * (high - low)
    figure.update_layout(
        height=AROUND_PIXELS + BAR_PIXELS * len(values),
        margin={"l": 0, "r": 0, "t": 4, "b": 4},
        showlegend=False,
        xaxis={
            "range": [low - (beside if low else 0), high + (beside if high else 0)],
            "visible": False,
            "fixedrange": True,
            "zeroline": True,
        },
        yaxis={"range": [len(values) - 0.6, -0.8], "visible": False, "fixedrange": True},
    )
