"""Usage over time: jobs by kind of work and day, and when new users came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import streamlit as st

from dashboard import usage_totals
from dashboard.components import charts, usage_words
from dashboard.components.charts import AMBER, BLUE, GREEN, GREY, PURPLE, Axis, Line
from dashboard.components.usage_now import MINUTE
from dashboard.components.usage_span import ONE_DAY, Days
from dashboard.i18n import t
from queries.rotation import Rotation
from queries.usage_models import KindDay, NewUser

LEAST_DAYS = 14
HOUR = timedelta(hours=1)
# With more days hours are thinner than a line.
HOURLY_DAYS = 7
# Without red and amber, which mean that something is wrong.
COLOURS: Mapping[str, str] = {
    "job": BLUE,
    "series": GREEN,
    "regen": PURPLE,
    "retell": "#8FB3F5",
    "inpaint": "#B79AD6",
    "audio": "#7FC8B4",
}


def trend(days: Days) -> None:
    """Jobs by kind of work and day, two weeks at least. Raises DatabaseError."""
    longer = days.back(LEAST_DAYS)
    found = usage_totals.by_kind_and_day(longer.span, longer.zone, ttl=MINUTE)
    charts.title(t("By kind of work"), t("jobs a day"))
    drawn = _by_kind(found.days, longer)
    if not drawn:
        st.markdown(f":gray[{t('No job was made {days}.', days=usage_words.days(longer))}]")
        return
    charts.bars(
        drawn, zone=longer.named_zone, key="usage-trend", alt=t("Jobs by day and kind of work"),
        unfinished=longer.unfinished, axis=daily(longer),
    )  # fmt: skip
    charts.below(longer.named_zone, usage_words.source(found.reading))


def newcomers(days: Days, rotation: Rotation | None) -> None:
    """When those came who were never seen before; those whom the verdict is about apart. Raises DatabaseError."""
    found = usage_totals.new_users(days.span, ttl=MINUTE)
    hourly = len(days.each()) <= HOURLY_DAYS
    charts.title(t("New users"), t("first seen, by hour") if hourly else t("first seen, by day"))
    if not found.users:
        st.markdown(f":gray[{t('Nobody new came {days}.', days=usage_words.days(days))}]")
        return
    suspects = {user.digest for user in rotation.users} if rotation else set()
    starts = _hours(days) if hourly else [days.start(day) for day in days.each()]
    others = [one for one in found.users if one.digest not in suspects]
    drawn = [Line(t("new users"), BLUE, _counted(others, starts))]
    if suspects:
        alike = [one for one in found.users if one.digest in suspects]
        drawn.append(Line(t("alike, near the limit"), AMBER, _counted(alike, starts)))
    axis = Axis(days.span.since, days.span.until, HOUR if hourly else ONE_DAY)
    charts.bars(
        drawn, zone=days.named_zone, key="usage-new", alt=t("New users over time"), unfinished=False, axis=axis
    )
    charts.below(days.named_zone, usage_words.source(found.reading))


def daily(days: Days) -> Axis:
    """A chart with a bar a day."""
    return Axis(days.span.since, days.span.until, ONE_DAY)


def _by_kind(found: Iterable[KindDay], days: Days) -> Sequence[Line]:
    """A line a kind that there is, known ones first; what has no kind, or an unknown one, together."""
    jobs: dict[str, dict[object, int]] = {}
    for one in found:
        if one.tally.jobs:
            own = jobs.setdefault(one.kind if one.kind in COLOURS else "", {})
            own[one.day] = own.get(one.day, 0) + one.tally.jobs
    return [
        Line(kind or t("others"), colour, [(days.start(day), jobs[kind].get(day, 0)) for day in days.each()])
        for kind, colour in (*COLOURS.items(), ("", GREY))
        if kind in jobs
    ]


def _hours(days: Days) -> Sequence[datetime]:
    """Of days that may have 23 or 25 hours."""
    return [days.span.since + number * HOUR for number in range((days.span.until - days.span.since) // HOUR)]


def _counted(users: Iterable[NewUser], starts: Sequence[datetime]) -> Sequence[tuple[datetime, float]]:
    """How many came in each bucket, all of which begin at starts."""
    counts = dict.fromkeys(starts, 0)
    for one in users:
        start = max((start for start in starts if start <= one.hour), default=starts[0])
        counts[start] += 1
    return list(counts.items())
