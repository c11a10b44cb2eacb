"""Drawings as SVG whose text stays text, so that it takes the page's font and colours in either theme.

matplotlib keeps its settings for the whole process: whoever draws holds a lock while they are changed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, Any

from babel.numbers import format_currency

from dashboard.i18n import locale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The page's style replaces these by the theme's.
INK, QUIET, GRID = "#10161f", "#5a6472", "#dde1e7"
# Two stand side by side on paper, and one fills a phone: text is as large as it says on both.
PIXELS = (344, 196)
_PER_INCH = 72
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.edgecolor": GRID,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.xmargin": 0.01,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 5,
    "ytick.major.pad": 4,
}
_NO_TRACES = dict.fromkeys(("Creator", "Date", "Format", "Type"))
# A font's name, which is not the page's; and a style that would hold for the whole page.
_FOREIGN = re.compile(r"font-family: [^;\"]+;? ?|<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_ID = re.compile(r' id="([^"]*)"')
_HEAD = re.compile(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>')
_TICKS = 4

_lock = Lock()


@contextmanager
def canvas(name: str) -> Iterator[tuple[Axes, Figure]]:
    """Axes for dollars to draw on; name keeps the ids of their shapes apart from another drawing's."""
    import matplotlib as mpl  # noqa: PLC0415  # takes a second, and only reports need it
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    with _lock, mpl.rc_context(_SETTINGS | {"svg.hashsalt": name}), warnings.catch_warnings():
        # It measures with a font of its own, which has no Korean.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(
            figsize=(PIXELS[0] / _PER_INCH, PIXELS[1] / _PER_INCH), dpi=_PER_INCH, layout="constrained"
        )
        axes = figure.add_subplot()
        axes.yaxis.set_major_locator(MaxNLocator(_TICKS))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda usd, _: dollars(usd)))
        yield axes, figure


def svg(figure: Figure, alt: str) -> str:
    """To stand in a page, as wide as its place; the same text for the same drawing."""
    file = StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata=_NO_TRACES)
    drawn = file.getvalue()
    body = _without_spare_ids(_FOREIGN.sub("", drawn[drawn.index("<svg ") :]))
    return _HEAD.sub(lambda found: f'<svg {found[1]} role="img" aria-label="{escape(alt)}">', body, count=1)


def dollars(usd: float) -> str:
    """Short, for an axis: whole dollars, or as few decimals as it needs."""
    return str(format_currency(usd, "USD", format="¤#,##0.###", locale=locale(), currency_digits=False))


def _without_spare_ids(drawn: str) -> str:
    """Only those that are referred to: two drawings on a page would have the rest in common."""
    return _ID.sub(lambda found: found[0] if f"#{found[1]}" in drawn else "", drawn)
