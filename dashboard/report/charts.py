"""The report's two charts: five weeks day by day, and the month to its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from dashboard.components.charts import BLUE, GREY, RED
from dashboard.components.cost_colours import KINDS
from dashboard.i18n import t
from dashboard.report import phrases
from dashboard.report.drawing import INK, QUIET, canvas, svg
from dashboard.report.numbers import Numbers
from dashboard.report.weeks import DAYS
from queries.forecast import MonthForecast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Earlier weeks stand behind the report's.
PALE = 0.35
BAR = 0.8
# A budget that lies farther above what is expected would flatten it.
BUDGET_IN_VIEW = 3
_DAY = timedelta(days=1)


def kinds(numbers: Numbers) -> tuple[str, ...]:
    """Those with money, most first: what is at the bottom of the bars."""
    sums: dict[str, Decimal] = {}
    for one in numbers.days:
        sums[one.kind] = sums.get(one.kind, Decimal(0)) + one.usd
    return tuple(sorted((kind for kind, usd in sums.items() if usd), key=lambda kind: (-sums[kind], kind)))


def colour(kind: str) -> str:
    return KINDS.get(kind, GREY)


def daily(numbers: Numbers) -> str:
    """Bars a day by kind of call, this week in full colour, with what each weekday usually costs, as SVG."""
    first = min((one.day for one in numbers.days), default=numbers.first)
    days = [first + number * _DAY for number in range((numbers.last - first).days + 1)]
    spent = {(one.day, one.kind): float(one.usd) for one in numbers.days}
    with canvas("daily") as (axes, figure):
        floor = [0.0] * len(days)
        for kind in kinds(numbers):
            heights = [spent.get((day, kind), 0.0) for day in days]
            colours = [(colour(kind), 1 if day >= numbers.first else PALE) for day in days]
            axes.bar(range(len(days)), heights, BAR, floor, color=colours, linewidth=0)
            floor = [bottom + height for bottom, height in zip(floor, heights, strict=True)]
        _usual(axes, numbers, days)
        mondays = [place for place, day in enumerate(days) if day.weekday() == 0]
        axes.set_xticks(mondays, [phrases.short_day(days[place]) for place in mondays], ha="left")
        axes.set_xlim(-0.6, len(days) - 0.4)
        return svg(figure, t("US dollars a day by kind of call, over five weeks"))


def _usual(axes: Axes, numbers: Numbers, days: Sequence[date]) -> None:
    """A dash across each bar of the week, where its weekday's median lies."""
    known = [(days.index(one.day), float(one.usual)) for one in numbers.judged if one.usual is not None]
    for place, usual in known:
        axes.plot([place - 0.5, place + 0.5], [usual, usual], color=INK, linewidth=1.4, solid_capstyle="butt")


def month(forecast: MonthForecast, numbers: Numbers) -> str:
    """Dollars since the month's first day, with what is expected until its end and the budget, as SVG."""
    budget = float(numbers.budget)
    with canvas("month") as (axes, figure):
        _course(axes, forecast)
        highest = float(max(forecast.expected, forecast.high or 0))
        shown = budget <= BUDGET_IN_VIEW * highest
        top = max(highest, budget if shown else 0.0) or 1.0
        axes.set_ylim(0, top * 1.16)
        if shown:
            axes.axhline(budget, color=RED, linewidth=1.2, linestyle=(0, (1, 2)))
        name = t("budget {usd}", usd=phrases.chosen(numbers.budget))
        at = budget if shown else top * 1.04
        axes.annotate(name if shown else f"↑ {name}", (1, at), (0, 3), textcoords="offset points", color=QUIET)
        _days_below(axes, forecast)
        return svg(figure, t("US dollars since the month's first day, and what is expected until its end"))


def _course(axes: Axes, forecast: MonthForecast) -> None:
    days = [one.day.day for one in forecast.course]
    spent = [(one.day.day, float(one.spent)) for one in forecast.course if one.spent is not None]
    place, now = spent[-1] if spent else (1, 0.0)
    ahead = [(place, now), *((one.day.day, float(one.expected)) for one in forecast.course if one.spent is None)]
    band = [one for one in forecast.course if one.low is not None and one.high is not None]
    low, high = [float(one.low or 0) for one in band], [float(one.high or 0) for one in band]
    axes.fill_between([one.day.day for one in band], low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(*zip(*spent, strict=True), color=BLUE, linewidth=2)
    if len(ahead) > 1:
        axes.plot(*zip(*ahead, strict=True), color=BLUE, linewidth=1.4, linestyle=(0, (4, 2)))
    axes.plot([place], [now], marker="o", markersize=5, color=BLUE)
    axes.set_xlim(0.6, days[-1] + 0.4)


def _days_below(axes: Axes, forecast: MonthForecast) -> None:
    shown = [one.day for one in forecast.course if one.day.day % DAYS == 1]
    axes.set_xticks([day.day for day in shown], [phrases.short_day(day) for day in shown])
