"""A line without axes behind a number. st.metric's own has no text for screen readers, and needs all of Vega."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.components.charts import BLUE

WIDTH, HEIGHT, INSET = 132.0, 28.0, 2.0  # as wide as a tile on a phone


def show(values: Sequence[float], *, alt: str) -> None:
    """The values from left to right, the lowest at the bottom edge; nothing for fewer than two."""
    if len(values) < 2:  # noqa: PLR2004  # a line has two ends
        return
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}"'
        f' height="{HEIGHT:g}"><polyline points="{_points(values)}" fill="none" stroke="{BLUE}"'
        ' stroke-width="1.5" stroke-linejoin="round"/></svg>'
    )
    st.image(svg, alt=alt)


def _points(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    step = WIDTH / (len(values) - 1)
    scale = (HEIGHT - 2 * INSET) / (high - low) if high > low else 0
    return " ".join(
        f"{place * step:.1f},{HEIGHT - INSET - (value - low) * scale:.1f}" for place, value in enumerate(values)
    )
