"""Names that stand at what they name: where each goes, so that none lies on another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import unescape

import plotly.graph_objects as go

from dashboard.components.chart_lines import Axis, Line, highest

# A name above a mark may be as wide as this share of a chart, twice over.
NEAR_THE_EDGE = 0.1
# Of the height of a chart, what a line of text takes.
LINE_HEIGHT = 0.085
# A letter of a name is about as wide.
LETTER_PIXELS = 6.5


def beside(figure: go.Figure, drawn: Sequence[Line]) -> None:
    """The name of each of the areas that stand on each other, right of its end and in its place."""
    top = highest(drawn)
    for line, height in zip(drawn, heights([line.points[-1][1] for line in drawn], top), strict=True):
        figure.add_annotation(
            text=f"<span style='color:{line.colour}'>■</span> {line.name}",
            xref="paper", x=1, xanchor="left", xshift=2, yref="y", y=height, yanchor="middle",
            font={"size": 12}, showarrow=False,
        )  # fmt: skip
    longest = max(len(unescape(line.name)) for line in drawn) + 2
    figure.update_layout(showlegend=False, margin_r=round(LETTER_PIXELS * longest))
    # The names take room from the times below.
    figure.update_xaxes(nticks=4)


def heights(values: Sequence[float], top: float) -> list[float]:
    """The middle of each value's part of the pile, bottom first, moved up where two would lie on each other."""
    found: list[float] = []
    below, gap = 0.0, LINE_HEIGHT * top
    for value in values:
        middle = below + value / 2
        found.append(max(middle, found[-1] + gap) if found else max(middle, gap / 2))
        below += value
    return found


def level(figure: go.Figure, name: str, value: float, top: float, *, end: str, in_view: float) -> None:
    """The name of a level line at its end ("left", "right"); in the corner where the line is out of view.

    That is where it lies more than in_view times above top, the highest of the data, which it would flatten.
    """
    out = top > 0 and value > in_view * top
    figure.add_annotation(
        text=f"↑ {name}" if out else name,
        xref="paper", x=1 if end == "right" else 0, xanchor=end,
        yref="paper" if out else "y", y=1 if out else value, yanchor="top" if out else "bottom",
        font={"size": 12}, showarrow=False,
    )  # fmt: skip
    if out:
        figure.update_yaxes(range=[0, top * 1.3])


def side(at: datetime, axis: Axis | None) -> str:
    """Which side of a mark's name stands at it, so that no edge of the chart cuts the name."""
    place = 0.5 if axis is None else (at - axis.start) / (axis.end - axis.start)
    return "left" if place < NEAR_THE_EDGE else "right" if place > 1 - NEAR_THE_EDGE else "center"
