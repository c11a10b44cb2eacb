"""What a job did when: a bar an attempt, a line a span, beside what is usual; or what its row alone tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from dashboard.components import job_gantt, tables
from dashboard.components.formatting import Zone, ago, count, duration, exact
from dashboard.components.job_gantt import Look
from dashboard.components.job_known import Known
from dashboard.components.job_verdict import usual_words
from dashboard.i18n import t, tn
from queries import job_timeline
from queries.job_models import Ending, JobEvents, Span
from queries.job_story import EVENTS_LIMIT
from queries.models import Job
from queries.step_times import StepTime
from queries.steps import QUEUED

# What is beyond the p95 by less than this is no trouble to anybody.
NOTICEABLE = timedelta(seconds=1)
_TROUBLE = {Ending.FAILED: Look.FAILED, Ending.CANCELLED: Look.CANCELLED, Ending.LOST: Look.LOST}


def show(kept: JobEvents | None, known: Known, zone: Zone, source: str) -> None:
    """The timeline by events where there are any, else by the row."""
    job, usual, now = known.job, known.usual, known.now
    if kept is None or not kept.events:
        _by_row(kept, job, now, zone)
        return
    spans = job_timeline.spans(kept.events, job.status, job.updated_at)
    job_gantt.show(spans, {span: look(span, usual, now) for span in spans}, now)
    _table(spans, usual, now, zone)
    if kept.capped:
        st.caption(t("Only the newest {n} events are told here.", n=count(EVENTS_LIMIT)))
    told = t("Usual: half of the latest took no longer than the first time, 19 of 20 no longer than the second.")
    told = told if usual else ""
    st.caption(" · ".join(filter(None, (source, told))))


def look(span: Span, usual: Mapping[str, StepTime], now: datetime) -> Look:
    """How a span is marked; slow is beyond what 19 of 20 take."""
    time = usual.get(span.name)
    slow = time is not None and span.lasted(now) > time.p95 + NOTICEABLE
    if span.ending in _TROUBLE and span.name != QUEUED:
        return _TROUBLE[span.ending]
    if slow:
        return Look.SLOW
    if span.name == QUEUED:
        return Look.WAITED
    return Look.RUNNING if span.ending is Ending.OPEN else Look.DONE


def span_words(name: str) -> str:
    """A span as a person says it: waiting, or the step's name as the service writes it."""
    return t("waiting") if name == QUEUED else name or t("a step without a name")


def _table(spans: Sequence[Span], usual: Mapping[str, StepTime], now: datetime, zone: Zone) -> None:
    text = st.column_config.TextColumn
    columns = {
        "attempt": st.column_config.NumberColumn(t("Attempt"), width=70),
        "what": text(t("What"), width=190),
        "took": text(t("Took"), width=90),
        "usual": text(t("Usual"), width=140),
        "state": text(t("Outcome"), width=90),
        "began": text(t("Began ({zone})", zone=zone.name), width=145),
        "note": text(t("By whom, and why"), width=380),
    }
    rows = [_row(span, usual, now, zone) for span in spans]
    tables.table(rows, columns, alt=t("What the job did when, with each step's usual time"))


def _row(span: Span, usual: Mapping[str, StepTime], now: datetime, zone: Zone) -> dict[str, Any]:
    is_mark = span.ending is Ending.MARK
    return {
        "attempt": span.attempt,
        "what": span.name if is_mark else span_words(span.name),
        "began": exact(span.began, zone).removesuffix(f" {zone.name}"),
        "took": "" if is_mark else duration(span.lasted(now)),
        "usual": "" if is_mark else usual_words(usual.get(span.name)),
        "state": "" if is_mark else _state(span, look(span, usual, now)),
        "note": _note(span),
    }


def _state(span: Span, seen: Look) -> str:
    if seen is Look.WAITED and span.ended is not None:
        return ""
    return t("slow so far") if seen is Look.SLOW and span.ended is None else job_gantt.look_words(seen)


def _note(span: Span) -> str:
    return " · ".join(filter(None, (_by(span), span.why, _images(span))))


def _by(span: Span) -> str:
    if not span.by:
        return ""
    words = {
        "created": t("ordered by {who}", who=span.by),
        "retried": t("retried by {who}", who=span.by),
        "recovered": t("recovered by {who}", who=span.by),
    }
    return words.get(span.cause, span.by)


def _images(span: Span) -> str:
    if not span.images:
        return ""
    made = tn("{n} image", "{n} images", span.images - span.placeholders)
    if span.total is not None:
        made = t("{images} of {total}", images=made, total=count(span.total))
    given_up = tn("{n} placeholder", "{n} placeholders", span.placeholders) if span.placeholders else ""
    return ", ".join(filter(None, (made, given_up)))


def _by_row(kept: JobEvents | None, job: Job, now: datetime, zone: Zone) -> None:
    if kept is None:
        st.markdown(f":gray[{t('This service keeps no job events: this is all that the row of the job tells.')}]")
    else:
        st.markdown(f":gray[{t('No event of this job is kept: this is all that its row tells.')}]")
    at = (
        (job.created_at, t("ordered")),
        (job.last_retry_at, t("retried for the last time")),
        (job.updated_at, _last(job)),
    )
    text = st.column_config.TextColumn
    columns = {
        "at": text(t("When ({zone})", zone=zone.name), width=145),
        "ago": text(t("How long ago"), width=110),
        "what": text(t("What"), width=420),
    }
    rows = [
        {"at": exact(instant, zone).removesuffix(f" {zone.name}"), "ago": ago(instant, now), "what": what}
        for instant, what in at
        if instant is not None
    ]
    tables.table(rows, columns, alt=t("What the row of the job tells of its times"))


def _last(job: Job) -> str:
    """The row's last change, which is all that says where the job stands."""
    where = t("{status} at {step}", status=job.status, step=job.step) if job.step else job.status
    if job.progress is None:
        return where
    return t("{where}, {progress} % done", where=where, progress=job.progress)
