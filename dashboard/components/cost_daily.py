"""What each day cost, by provider or kind, under the limit that held; and what happened meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape

import streamlit as st

from dashboard import cost_totals, links
from dashboard.components import charts, cost_charts, cost_colours, cost_events, cost_limits, cost_terms, tables
from dashboard.components.charts import GREY, Axis, Line
from dashboard.components.cost_events import Events
from dashboard.components.cost_now import KEPT, MINUTE
from dashboard.components.formatting import exact, plain
from dashboard.components.usage_span import ONE_DAY, Days
from dashboard.i18n import t, translated_error
from queries import day_course
from queries.cost_models import CostDay, CostPart
from queries.models import MoneySource

KIND, PROVIDER = "kind", "provider"
WAYS = (KIND, PROVIDER)
HALF_A_DAY = timedelta(hours=12)
EVENTS_LISTED = 8


def show(days: Days) -> None:
    """Raises DatabaseError."""
    found = cost_totals.by_day(days.span, days.zone, ttl=MINUTE)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="content"):
            charts.title(t("Day by day"), t("US dollars a day, beside what is usual for the weekday"))
        by = _chosen(found.source)
    if not found.days:
        nothing = t("Nothing was spent in these days.")
        st.markdown(f":gray[{cost_terms.unknown() if found.source is MoneySource.NONE else nothing}]")
        return
    events = cost_events.ask(days)
    cost_charts.daily(
        lines(found.days, days, by),
        _usual(days),
        cost_limits.ask(days.span),
        axis=Axis(days.span.since, days.span.until, ONE_DAY),
        zone=days.named_zone,
        marks=cost_events.marks(events.all, days),
        unfinished=days.unfinished,
    )
    charts.below(days.named_zone, cost_terms.source(found))
    _happened(events, days)


def lines(found: Sequence[CostDay], days: Days, by: str) -> list[Line]:
    """One a kind or provider, most money first and in its own colour; those beyond the colours together."""
    sums: dict[str, dict[date, Decimal]] = {}
    for one in found:
        own = sums.setdefault(_name(one.part, by), {})
        own[one.day] = own.get(one.day, Decimal(0)) + one.tally.usd
    names = sorted(sums, key=lambda name: (-sum(sums[name].values()), name))
    colours = _colours(names, by)
    kept = [name for name in names if name in colours]
    drawn = [_line(_words(name, by), colours[name], [sums[name]], days) for name in kept]
    rest = [sums[name] for name in names if name not in colours]
    return [*drawn, _line(t("others"), GREY, rest, days)] if rest else drawn


def _chosen(source: MoneySource) -> str:
    """Estimates know of no provider."""
    asked = links.choice(links.BY, WAYS, KIND).value
    if source is not MoneySource.LEDGER:
        return KIND
    words = {KIND: t("By kind"), PROVIDER: t("By provider")}
    st.session_state[links.BY] = asked
    st.radio(
        t("Bars"), list(WAYS), format_func=words.__getitem__, key=links.BY, on_change=_into_address,
        horizontal=True, label_visibility="collapsed", width="content",
    )  # fmt: skip
    return asked


def _into_address() -> None:
    picked = st.session_state[links.BY]
    links.put(links.BY, None if picked == KIND else picked)


def _name(part: CostPart, by: str) -> str:
    return part.kind if by == KIND else part.provider


def _words(name: str, by: str) -> str:
    return escape(cost_terms.kind(name) if by == KIND else name or t("no provider"))


def _colours(names: Sequence[str], by: str) -> dict[str, str]:
    """Of providers the first ones by name, so that their colours do not follow what they cost."""
    if by == KIND:
        return {name: cost_colours.KINDS[name] for name in names if name in cost_colours.KINDS}
    most = names[: len(cost_colours.ALL)]
    return dict(zip(sorted(most), cost_colours.ALL, strict=False))


def _line(name: str, colour: str, sums: Sequence[dict[date, Decimal]], days: Days) -> Line:
    each = [day for day in days.each() if day <= days.today]
    points = [
        (days.start(day), float(sum((one.get(day, Decimal(0)) for one in sums), Decimal(0)))) for day in each
    ]
    return Line(name, colour, points)


def _usual(days: Days) -> cost_charts.Points:
    """The median of each day's weekday in the weeks before it, in the middle of the day."""
    longer = days.back(len(days.each()) + day_course.MEDIAN_WEEKS * 7)
    # The first day of all may have begun at any hour.
    history = cost_totals.total_by_day(longer.span, longer.zone, ttl=KEPT).days[1:]
    return [
        (days.start(day) + HALF_A_DAY, float(usual))
        for day in days.each()
        if (usual := day_course.weekday_median(history, day)) is not None
    ]


def _happened(events: Events, days: Days) -> None:
    for error in events.missing:
        unknown = t("What else happened is not known.")
        st.markdown(f":gray[{unknown} {plain(translated_error(error))}]")
    if not events.all:
        return
    zone = days.named_zone
    with st.expander(cost_events.more(len(events.all))):
        tables.table(
            [
                {"at": exact(one.at, zone).removesuffix(f" {zone.name}"), "words": one.words, "link": one.link}
                for one in events.all
            ],
            {
                "at": st.column_config.TextColumn(t("When ({zone})", zone=zone.name), width=145),
                "words": st.column_config.TextColumn(t("What"), width=620),
                "link": st.column_config.LinkColumn(t("More"), display_text=t("Look"), width=70),
            },
            alt=t("What happened, newest first"),
            most_rows=EVENTS_LISTED,
        )
