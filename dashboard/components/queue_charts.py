"""The queue over time: how deep, how long jobs waited, what came and went. One time axis below the other."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import fetch
from dashboard.components import charts, queue_span
from dashboard.components.charts import BLUE, GREY, PURPLE, RED, Line
from dashboard.components.formatting import Zone
from dashboard.components.queue_span import Span
from dashboard.components.summary import source
from dashboard.i18n import t
from queries import queue, queue_metrics
from queries.models import Series
from queries.queue_models import FlowBucket, WaitHistory

# Above this a scale in minutes reads better than one in seconds.
MINUTES_FROM = 300
MINUTE = 60.0


def depth(span: Span, limit: int | None, zone: Zone) -> None:
    """Open jobs by status below the limit as it was. limit: today's, for a service that does not export it."""
    axis = span.lines()
    answer = fetch.prometheus(queue_metrics.depth, axis.start, span.until(), axis.step, ttl=span.kept)
    charts.title(t("Depth"), t("jobs that run and wait, the most between two points"))
    by_status = {one.labels.get("status"): one.points for one in answer.value.by_status}
    drawn = [
        Line(words, colour, by_status[status])
        for status, words, colour in (("running", t("running"), GREY), ("queued", t("waiting"), BLUE))
        if status in by_status
    ]
    if not drawn:
        _no_metric()
        return
    named = _limit(answer.value.limit, limit, drawn[-1])
    charts.areas(drawn, named, zone=zone, key="queue-depth", alt=t("Open jobs by status over time"), axis=axis)
    charts.below(zone, source(answer))


def waits(span: Span, zone: Zone) -> None:
    """How long jobs had waited when a worker took them, beside how long the oldest was waiting."""
    axis = span.lines()
    answer = fetch.prometheus(queue_metrics.waits, axis.start, span.until(), axis.step, ttl=span.kept)
    drawn, unit = _wait_lines(answer.value)
    charts.title(t("Waiting time"), unit)
    if not drawn:
        _no_metric()
        return
    charts.lines(drawn, zone=zone, key="queue-waits", alt=t("Waiting times over time"), axis=axis)
    charts.below(zone, source(answer))


def flow(span: Span, zone: Zone) -> None:
    """Arrivals against completions, by the database; the last bucket still fills."""
    axis = span.bars()
    answer = fetch.database(queue.flow_by_bucket, span.width, span.bucket, ttl=span.kept)
    charts.title(
        t("Arrived and finished"),
        t("jobs per {bucket}; the last, lighter one still fills", bucket=queue_span.bucket_words(span)),
    )
    charts.bars(
        _flow_lines(answer.value), zone=zone, key="queue-flow", grouped=True, axis=axis,
        alt=t("Jobs that arrived and finished over time"),
    )  # fmt: skip
    charts.below(zone, source(answer))


def _limit(history: tuple[Series, ...], today: int | None, along: Line) -> Line | None:
    if history:
        return Line(t("limit"), RED, history[0].points)
    return None if today is None else Line(t("limit"), RED, [(at, float(today)) for at, _ in along.points])


def _wait_lines(found: WaitHistory) -> tuple[list[Line], str]:
    """The lines that are offered, and the unit that suits them."""
    offered = (
        (t("oldest waiting"), BLUE, found.oldest),
        (t("95 % waited less (last hour)"), PURPLE, found.p95),
        (t("half waited less (last hour)"), GREY, found.p50),
    )
    lines = [(words, colour, series[0].points) for words, colour, series in offered if series]
    highest = max((value for _, _, points in lines for _, value in points), default=0)
    divisor, unit = (MINUTE, t("minutes")) if highest >= MINUTES_FROM else (1.0, t("seconds"))
    scaled = [(words, colour, [(at, value / divisor) for at, value in points]) for words, colour, points in lines]
    return [Line(*line) for line in scaled], unit


def _flow_lines(buckets: Sequence[FlowBucket]) -> list[Line]:
    return [
        Line(t("arrived"), BLUE, [(one.start, one.arrived) for one in buckets]),
        Line(t("finished"), GREY, [(one.start, one.finished) for one in buckets]),
    ]


def _no_metric() -> None:
    st.markdown(f":gray[{t('No data: Prometheus has no such metric of this service.')}]")
