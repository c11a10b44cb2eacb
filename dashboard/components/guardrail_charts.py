"""What the limits turned away over time, with their changes as marks, and one limit's own course above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape, unescape

import streamlit as st

from actions.answers import GuardrailChange
from dashboard import fetch
from dashboard.components import charts, guardrail_changes, queue_span
from dashboard.components.charts import AMBER, BLUE, GREEN, GREY, PURPLE, RED, Axis, Line
from dashboard.components.formatting import Zone, plain
from dashboard.components.guardrail_words import (
    DAILY,
    DAILY_PER_USER,
    DAILY_USD,
    OPEN,
    OPEN_PER_USER,
    held,
    is_hidden,
    name,
)
from dashboard.components.notices import guarded
from dashboard.components.queue_span import Span
from dashboard.components.summary import source
from dashboard.i18n import t, tn
from queries import guardrails
from queries.errors import OpsError
from queries.models import Series

INTAKE = "intake"
# The same limit has the same colour on every chart.
COLOURS: Mapping[str, str] = {
    OPEN: BLUE, OPEN_PER_USER: AMBER, DAILY_PER_USER: GREEN, DAILY: PURPLE, DAILY_USD: RED, INTAKE: GREY,
}  # fmt: skip
# More names above a chart run into each other.
MOST_MARKS = 12
NAMED_APART = 12


def show(span: Span, limit: str, zone: Zone) -> None:
    """Of one limit: its course and what it turned away; of all ("") what they turned away."""
    if limit:
        _course(span, limit, zone)
    _rejections(span, limit, zone)


def _rejections(span: Span, limit: str, zone: Zone) -> None:
    axis = span.bars()
    answer = fetch.prometheus(guardrails.rejections, axis.start, axis.end, span.bucket, ttl=span.kept)
    kept = [one for one in answer.value if limit in ("", one.labels.get("limit"))]
    drawn = _bars(kept, everything=not limit)
    charts.title(t("Refused requests"), _counted(drawn, span))
    if not kept:
        st.markdown(f":gray[{t('No data: Prometheus has no such metric of this service.')}]")
        return
    if not any(value for line in drawn for _, value in line.points):
        st.markdown(f":gray[{t('No request was refused in this time.')}]")
    charts.bars(
        drawn or _bars(kept, everything=False)[:1],
        zone=zone,
        key="guardrail-rejections",
        axis=Axis(axis.start, axis.end, span.bucket),
        alt=t("Refused requests over time, by limit"),
        marks=tuple(_marks(limit, axis)),
    )
    charts.below(zone, source(answer))


def _counted(drawn: Sequence[Line], span: Span) -> str:
    bucket = queue_span.bucket_words(span)
    if len(drawn) == 1:
        return t(
            "per {bucket}: {limit}; the last, lighter one still fills",
            bucket=bucket,
            limit=plain(unescape(drawn[0].name)),
        )
    return t("per {bucket}, by limit; the last, lighter one still fills", bucket=bucket)


def _course(span: Span, limit: str, zone: Zone) -> None:
    """What one limit was over time, where the metrics tell."""
    axis = span.lines()
    answer = fetch.prometheus(guardrails.courses, axis.start, span.until(), axis.step, ttl=span.kept)
    drawn = [Line(escape(name(limit)), COLOURS.get(limit, BLUE), one.points) for one in _of(answer.value, limit)]
    if not drawn:
        return
    charts.title(t("The limit itself"), t("as it was in force"))
    charts.lines(drawn, zone=zone, key="guardrail-course", alt=t("The limit over time"), axis=axis, steps=True)
    charts.below(zone, source(answer))


def _of(series: Sequence[Series], limit: str) -> Iterator[Series]:
    return (one for one in series if one.labels.get("limit") == limit)


def _bars(series: Sequence[Series], *, everything: bool) -> list[Line]:
    """Of all limits only those that turned anybody away: the others would fill the legend."""
    lines = []
    for one in series:
        limit = one.labels.get("limit", "")
        if not everything or any(value for _, value in one.points):
            title = t("Intake closed") if limit == INTAKE else name(limit)
            lines.append(Line(escape(title), COLOURS.get(limit, GREY), one.points))
    return lines


def _marks(limit: str, axis: Axis) -> Iterator[tuple[datetime, str]]:
    """The changes within the axis, newest first; those close to the one before as one mark with their number."""
    changes = guarded(guardrail_changes.ask)
    if isinstance(changes, OpsError):
        return
    shown = [one for one in changes.all if limit in ("", one.limit) and axis.start <= one.at < axis.end]
    apart = (axis.end - axis.start) / NAMED_APART
    for group in _groups(shown, apart)[:MOST_MARKS]:
        newest = group[0]
        yield newest.at, _mark(newest) if len(group) == 1 else tn("{n} change", "{n} changes", len(group))


def _groups(changes: Sequence[GuardrailChange], apart: timedelta) -> list[list[GuardrailChange]]:
    groups: list[list[GuardrailChange]] = []
    for one in changes:
        if groups and groups[-1][0].at - one.at < apart:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _mark(change: GuardrailChange) -> str:
    if is_hidden(change.limit):
        return t("changed")
    return f"{held(change.old, change.limit)} → {held(change.new, change.limit)}"
