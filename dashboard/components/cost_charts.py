"""Charts of money: bars a day under a limit, and a month that adds up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from math import nan
from typing import Any

import plotly.graph_objects as go

from dashboard.components import chart_labels, charts, cost_words
from dashboard.components.chart_lines import Axis, Line, highest, pale
from dashboard.components.charts import BLUE, GREY, RED
from dashboard.components.cost_limits import DailyLimit
from dashboard.components.formatting import Zone
from dashboard.i18n import t
from queries.cost_models import DayUsd
from queries.forecast import CourseDay

VALUE = "$%{y:,.2f}"
# A limit that is farther above all bars would flatten them.
IN_VIEW = 2.5
# Of a chart's height: a legend that leaves room for the names of marks below it.
ABOVE_MARKS = 1.14
Points = Sequence[tuple[datetime, float]]


def daily(
    lines: Sequence[Line],
    usual: Points,
    limit: DailyLimit,
    *,
    axis: Axis,
    zone: Zone,
    marks: Sequence[tuple[datetime, str]],
    unfinished: bool,
) -> None:
    """Stacked bars a day, the unfinished one lighter; what is usual as a quiet line, limits dotted, in steps."""
    figure = _money(axis, zone)
    charts.add_bars(figure, lines, zone=zone, axis=axis, unfinished=unfinished, value=VALUE)
    _line(figure, t("usual"), usual, zone, {"color": GREY, "width": 1.25})
    _limit(figure, limit, highest(lines), zone)
    for at, name in marks:
        charts.mark(figure, at, name, zone, chart_labels.side(at, axis))
    figure.update_layout(barmode="stack", bargap=0.15, showlegend=True)
    if any(name for _, name in marks):
        figure.update_layout(legend={"y": ABOVE_MARKS})
    charts.draw(figure, alt=t("US dollars a day, with the daily limit"), key="cost-daily")


def month(course: Sequence[CourseDay], before: Sequence[DayUsd], budget: Decimal) -> None:
    """What is spent and what is expected, added up from day to day; before: last month's, on this month's days."""
    figure = charts.blank()
    days = [one.day for one in course]
    _band(figure, course)
    _summed(figure, t("last month"), [one.day for one in before], [one.usd for one in before], GREY, width=1.25)
    _summed(figure, t("expected"), days, _ahead(course), BLUE, width=1.75, dash="dash")
    _summed(figure, t("spent"), days, [one.spent for one in course], BLUE, width=2)
    highest_usd = max([_float(one.high or one.expected) for one in course], default=0)
    _budget(figure, float(budget), highest_usd)
    figure.update_yaxes(tickprefix="$")
    figure.update_xaxes(tickformat="%m-%d", hoverformat="%Y-%m-%d", tickangle=0)
    figure.update_layout(showlegend=True)
    charts.draw(figure, alt=t("US dollars of the month, spent and expected"), key="cost-month")


def _money(axis: Axis, zone: Zone) -> go.Figure:
    figure = charts.blank(axis, zone)
    figure.update_yaxes(tickprefix="$")
    return figure


def _line(figure: go.Figure, name: str, points: Points, zone: Zone, look: dict[str, Any], **more: Any) -> None:
    figure.add_scatter(
        x=[charts.wall(at, zone) for at, _ in points],
        y=[value for _, value in points],
        name=name,
        mode="lines",
        line=look,
        hovertemplate=f"{VALUE}<extra>{name}</extra>",
        **more,
    )


def _limit(figure: go.Figure, limit: DailyLimit, below: float, zone: Zone) -> None:
    """With its newest value; only the words where it lies so far above that the bars would be flat."""
    points = [(at, nan if value is None else float(value)) for at, value in limit.steps]
    _line(
        figure,
        limit.name,
        points,
        zone,
        {"color": RED, "width": 1.25, "dash": "dot", "shape": "hv"},
        showlegend=False,
    )
    newest = limit.steps[-1][1]
    if newest is None:
        return
    _named(figure, f"{limit.name} {cost_words.about(newest)}", float(newest), below)


def _named(figure: go.Figure, name: str, value: float, top: float) -> None:
    chart_labels.level(figure, name, value, top, end="left", in_view=IN_VIEW)


def _band(figure: go.Figure, course: Sequence[CourseDay]) -> None:
    known = [one for one in course if one.low is not None and one.high is not None]
    if not known:
        return
    days = [one.day for one in known]
    figure.add_scatter(
        x=[*days, *reversed(days)],
        y=[*(_float(one.high) for one in known), *(_float(one.low) for one in reversed(known))],
        name=t("80 % band"),
        mode="lines",
        fill="toself",
        fillcolor=pale(BLUE),
        line={"width": 0},
        hoverinfo="skip",
    )


def _summed(
    figure: go.Figure, name: str, days: Sequence[Any], usd: Sequence[Decimal | None], colour: str, **look: Any
) -> None:
    figure.add_scatter(
        x=list(days),
        y=[_float(one) for one in usd],
        name=name,
        mode="lines",
        line={"color": colour, **look},
        hovertemplate=f"{VALUE}<extra>{name}</extra>",
    )


def _ahead(course: Sequence[CourseDay]) -> list[Decimal | None]:
    """Expected from yesterday on, which joins the lines: up to there it is what was spent."""
    known = max((place for place, one in enumerate(course) if one.spent is not None), default=0)
    return [one.expected if place >= known - 1 else None for place, one in enumerate(course)]


def _budget(figure: go.Figure, budget: float, highest_usd: float) -> None:
    figure.add_hline(y=budget, line={"color": RED, "width": 1.25, "dash": "dot"})
    _named(figure, t("budget {usd}", usd=cost_words.about(Decimal(str(budget)))), budget, highest_usd)


def _float(usd: Decimal | None) -> float:
    return nan if usd is None else float(usd)
