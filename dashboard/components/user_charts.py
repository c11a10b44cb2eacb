"""One user's days: jobs by what became of them below the limit, money, and requests that were turned away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

import streamlit as st

from dashboard import fetch, usage_totals
from dashboard.components import charts, summary, usage_charts, usage_words
from dashboard.components.charts import AMBER, BLUE, GREEN, GREY, PURPLE, RED, Line
from dashboard.components.formatting import plain
from dashboard.components.guardrail_words import name
from dashboard.components.user_now import UserNow
from dashboard.i18n import t
from queries import user_history
from queries.models import MoneySource
from queries.usage_models import Tally
from queries.user_history import Refused

# Not to be told from done by its colour alone: it stands on top, and is named.
PALE_BLUE = "#9DB7E9"
_COLOURS = (BLUE, PURPLE, GREEN, AMBER, GREY, RED)


def jobs(now: UserNow) -> None:
    """Jobs a day by what became of them, below the limit as it was."""
    charts.title(t("Jobs a day"), t("by what became of them"))
    days = _each(now)
    outcomes = (
        (t("done"), BLUE, [one.done for one in days]),
        (t("failed"), AMBER, [one.failed for one in days]),
        (t("refused"), GREY, [one.refused for one in days]),
        (t("cancelled"), PURPLE, [one.cancelled for one in days]),
        (t("waiting or running"), PALE_BLUE, [one.open for one in days]),
    )
    drawn = [Line(words, colour, _points(now, values)) for words, colour, values in outcomes]
    drawn = [line for line in drawn if any(value for _, value in line.points)]
    _bars(now, drawn, key="user-jobs", alt=t("The user's jobs by day"), limit=_limit(now) if drawn else None)
    charts.below(now.days.named_zone, usage_words.source(now.reading))


def spend(now: UserNow) -> None:
    """US dollars a day. Raises DatabaseError."""
    spent = [usage_totals.usd(one) for one in _each(now)]
    estimated = spent[0].source is MoneySource.ESTIMATED
    charts.title(t("Spend"), t("USD a day, estimated from the price list") if estimated else t("USD a day"))
    if spent[0].source is MoneySource.NONE:
        st.markdown(f":gray[:material/block: {t('Not offered by this service, which keeps no ledger.')}]")
        return
    points = _points(now, [float(one.usd or 0) for one in spent])
    drawn = [Line(t("spend"), BLUE, points)] if any(value for _, value in points) else []
    _bars(now, drawn, key="user-spend", alt=t("The user's spend by day"))
    charts.below(now.days.named_zone, usage_words.source(now.reading))


def rejections(now: UserNow) -> None:
    """Requests that were turned away, by limit. Raises DatabaseError."""
    span, zone = now.days.span, now.days.zone
    answer = fetch.database(
        user_history.refused_by_day, now.alias, timezone=zone, since=span.since, until=span.until
    )
    limits = sorted({name(one.guardrail) for one in answer.value or ()})
    rest = t("a day, by {limit}", limit=plain(limits[0])) if len(limits) == 1 else t("a day, by limit")
    charts.title(t("Requests turned away"), rest)
    if answer.value is None:
        st.markdown(f":gray[:material/block: {t('Not offered by this service.')}]")
        return
    _bars(now, _by_limit(now, answer.value), key="user-rejections", alt=t("Requests turned away by day and limit"))
    charts.below(now.days.named_zone, summary.source(answer))


def _bars(now: UserNow, drawn: Sequence[Line], *, key: str, alt: str, limit: Line | None = None) -> None:
    if not drawn:
        st.markdown(f":gray[:material/check: {t('Nothing in these days.')}]")
        return
    axis = usage_charts.daily(now.days)
    charts.bars(drawn, zone=now.days.named_zone, key=key, alt=alt, axis=axis, limit=limit)


def _each(now: UserNow) -> Sequence[Tally]:
    return [now.by_day.get(day, Tally()) for day in now.days.each()]


def _points(now: UserNow, values: Iterable[float]) -> Sequence[tuple[datetime, float]]:
    """A value a day, oldest first."""
    return [(now.days.start(day), value) for day, value in zip(now.days.each(), values, strict=True)]


def _limit(now: UserNow) -> Line | None:
    """The limit of each day, its highest, in steps through to the end of the last one."""
    if now.limit is None:
        return None
    spans = [usage_totals.day_span(day, now.days.zone) for day in now.days.each()]
    values = [float(now.limit.highest(span)) for span in spans]
    return Line(t("limit"), RED, [*_points(now, values), (spans[-1].until, values[-1])])


def _by_limit(now: UserNow, refused: Iterable[Refused]) -> Sequence[Line]:
    by_name: dict[str, dict[object, float]] = {}
    for one in refused:
        own = by_name.setdefault(one.guardrail, {})
        own[one.day] = own.get(one.day, 0) + one.requests
    return [
        Line(
            escape(name(limit)),
            _COLOURS[place % len(_COLOURS)],
            _points(now, [own.get(day, 0) for day in now.days.each()]),
        )
        for place, (limit, own) in enumerate(sorted(by_name.items()))
    ]
