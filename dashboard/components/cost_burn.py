"""What is being spent right now, in USD an hour, by provider and kind, beside what today's limit allows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

import streamlit as st

from dashboard import cost_totals, fetch
from dashboard.components import (
    charts,
    cost_burn_now,
    cost_burn_words,
    cost_colours,
    cost_terms,
    guardrail_now,
    header,
    queue_span,
)
from dashboard.components.chart_lines import floored
from dashboard.components.charts import BLUE, GREY, RED, Axis, Line
from dashboard.components.cost_burn_now import HOUR, BurnNow, Pace
from dashboard.components.formatting import duration
from dashboard.components.summary import source
from dashboard.components.usage_words import source as rolled
from dashboard.i18n import t
from queries import burn
from queries.metrics import COST_WINDOW
from queries.models import Series
from queries.usage_models import Span

LOOKED_BACK = queue_span.SPANS["6h"]
# What goes beyond these is one part together.
MOST_PARTS = 5
# A hundredth of a cent.
_DIGITS = 4


def show() -> None:
    """Raises DatabaseError where Prometheus does not tell and the service's database cannot be read."""
    charts.title(t("Live burn"), t("US dollars an hour"))
    now, pace = cost_burn_now.ask(), cost_burn_now.pace()
    if now is None:
        st.markdown(f":gray[{cost_burn_words.unknown()}]")
        return
    st.markdown(cost_burn_words.now(now, pace, header.zone()))
    if now.source is None:
        _by_prometheus(pace)
    else:
        _by_hours(now, pace)


def _by_prometheus(pace: Pace | None) -> None:
    axis = LOOKED_BACK.lines()
    answer = fetch.prometheus(burn.over_time, axis.start, LOOKED_BACK.until(), axis.step, ttl=LOOKED_BACK.kept)
    drawn = lines(answer.value)
    if not answer.value:
        st.markdown(f":gray[{t('Prometheus has not watched for long enough to draw it.')}]")
        return
    if not drawn:
        st.markdown(f":gray[{t('Nothing was spent in the last 6 hours.')}]")
        return
    charts.areas(
        drawn, _allowed(pace, drawn[-1].points), zone=header.zone(), key="cost-burn", axis=axis, labelled=True,
        alt=t("US dollars an hour by provider and kind over the last 6 hours"),
    )  # fmt: skip
    averaged = t("average of {duration} at each point", duration=duration(COST_WINDOW))
    charts.below(header.zone(), f"{averaged} · {source(answer)}")


def lines(found: Sequence[Series]) -> list[Line]:
    """One a provider and kind that anything went to, most money first; those that are too many together."""
    spent = sorted((one for one in found if _spent(one)), key=_spent, reverse=True)
    own = spent if len(spent) <= MOST_PARTS else spent[: MOST_PARTS - 1]
    drawn = [
        Line(escape(_name(one)), colour, _together([one.points]))
        for one, colour in zip(own, _colours([_kind(one) for one in own]), strict=True)
    ]
    rest = [one.points for one in spent[len(own) :]]
    return [*drawn, Line(t("others"), GREY, _together(rest))] if rest else drawn


def _name(one: Series) -> str:
    return cost_terms.bought(one.labels.get("provider", ""), _kind(one))


def _kind(one: Series) -> str:
    return one.labels.get("kind", "")


def _spent(one: Series) -> float:
    return sum(value for _, value in one.points)


def _colours(kinds: Sequence[str]) -> list[str]:
    """That of its kind for the first of each, any other for the rest."""
    known = cost_colours.KINDS
    colours = [known.get(kind, "") if kind not in kinds[:place] else "" for place, kind in enumerate(kinds)]
    spare = (colour for colour in cost_colours.ALL if colour not in colours)
    return [colour or next(spare) for colour in colours]


def _together(several: Sequence[Sequence[tuple[datetime, float]]]) -> list[tuple[datetime, float]]:
    total: dict[datetime, float] = {}
    for points in several:
        for at, value in points:
            total[at] = total.get(at, 0) + value
    return [(at, round(value, _DIGITS)) for at, value in sorted(total.items())]


def _allowed(pace: Pace | None, along: Sequence[tuple[datetime, float]]) -> Line | None:
    if pace is None or pace.reached:
        return None
    allowed = float(pace.usd_per_hour)
    return Line(t("still allowed"), RED, [(at, allowed) for at, _ in along])


def _by_hours(now: BurnNow, pace: Pace | None) -> None:
    """Bars of whole hours: as good as it gets without Prometheus."""
    hour = floored(guardrail_now.moment(), HOUR)
    axis = Axis(hour - LOOKED_BACK.width, hour + HOUR, HOUR)
    answer = cost_totals.by_hour(Span(axis.start, axis.end))
    points = [(one.hour, round(float(one.usd), _DIGITS)) for one in answer.hours]
    if not any(value for _, value in points):
        st.markdown(f":gray[{t('Nothing was spent in the last 6 hours.')}]")
        return
    charts.bars(
        [Line(t("spent"), BLUE, points)], zone=header.zone(), key="cost-burn-hours", axis=axis,
        alt=t("US dollars by hour over the last 6 hours"), limit=_allowed(pace, points),
    )  # fmt: skip
    told = (
        t("by the hour; the last, lighter one still fills"),
        cost_burn_words.origin(now),
        rolled(answer.reading),
    )
    charts.below(header.zone(), " · ".join(told))
