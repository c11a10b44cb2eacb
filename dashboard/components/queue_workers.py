"""What runs, at which step and since when, and which worker has it in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from actions.workers import Worker, Workers
from dashboard import fetch, links, situation
from dashboard.components import queue_now, tables
from dashboard.components.formatting import NOTHING, ago, count, duration, plain
from dashboard.components.notices import ICON_NOT_OFFERED, guarded, tell
from dashboard.components.summary import source
from dashboard.i18n import t, tn
from dashboard.situation import Answer
from queries import clock, queue, step_times
from queries.errors import OpsError
from queries.models import Job
from queries.step_times import StepTime

# A worker that took a job since the service was asked is not yet in its report.
TAKEN_LATELY = timedelta(minutes=1)


def show() -> None:
    """The running jobs, then the workers."""
    answer = fetch.database(queue.running)
    crew = guarded(queue_now.ask_workers)
    _running(answer.value, crew)
    st.caption(source(answer))
    if isinstance(crew, OpsError):
        tell(crew, t("The workers"))
    else:
        _workers(crew.value)


def _running(jobs: Sequence[Job], crew: Answer[Workers]) -> None:
    if not jobs:
        st.markdown(f":gray[{t('No job runs.')}]")
        return
    now = fetch.database(clock.now).value
    usual = fetch.database(step_times.usual, ttl=situation.STEADY).value
    holders = None if isinstance(crew, OpsError) else _holders(crew.value.each)
    rows = [_row(job, now, usual.get(job.step or ""), holders) for job in jobs]
    tables.table(rows, _columns(jobs, holders), alt=t("Running jobs with step, progress and worker"))


def _holders(each: Sequence[Worker] | None) -> Mapping[str, str] | None:
    """Job id → worker id; None where the service does not tell."""
    return None if each is None else {job_id: one.id for one in each for job_id in one.running}


def _columns(jobs: Sequence[Job], holders: Mapping[str, str] | None) -> dict[str, Any]:
    text = st.column_config.TextColumn
    columns: dict[str, Any] = {
        "job": tables.job_column(215),
        "step": text(t("Step"), width=165),
        "progress": st.column_config.ProgressColumn(
            t("Progress"), min_value=0, max_value=100, format="%d %%", width=105
        ),
        "since": text(t("In this step for"), width=115),
        "usual": text(
            t("Usually (95 %)"), width=150, help=t("Half of the jobs, and 95 % of them, by the last days.")
        ),
        "age": text(t("Age"), width=100, help=t("Since it was asked for.")),
        "worker": text(t("Worker"), width=165),
        "user": text(t("User"), width=105),
    }
    missing = {"progress": jobs[0].progress is None, "step": jobs[0].step is None, "worker": holders is None}
    return {name: column for name, column in columns.items() if not missing.get(name)}


def _row(job: Job, now: datetime, usual: StepTime | None, holders: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "job": links.to_job(job.id),
        "step": job.step or "",
        "progress": job.progress,
        "since": duration(now - job.updated_at),
        "usual": _usually(usual, now - job.updated_at),
        "age": duration(now - job.created_at),
        "worker": (holders or {}).get(job.id) or _nobody(now - job.updated_at),
        "user": job.user,
    }


def _nobody(taken: timedelta) -> str:
    return t("no living worker has it") if taken > TAKEN_LATELY else ""


def _usually(usual: StepTime | None, taken: timedelta) -> str:
    if usual is None:
        return NOTHING
    words = t("{p50} ({p95})", p50=duration(usual.p50), p95=duration(usual.p95))
    return t("slow: {usually}", usually=words) if taken > usual.p95 else words


def _workers(crew: Workers) -> None:
    if crew.each is None:
        alive = tn("{n} worker is alive.", "{n} workers are alive.", crew.alive) if crew.alive is not None else ""
        sentence = t("What each worker does is not offered by this service.")
        st.markdown(f":gray[{ICON_NOT_OFFERED} {' '.join(filter(None, (alive, sentence)))}]")
        return
    now = fetch.database(clock.now).value
    for one in crew.each:
        st.markdown(f":gray[:material/memory: {_worker(one, now)}]")


def _worker(one: Worker, now: datetime) -> str:
    """One line: who, how many jobs in hand of how many places, when it last gave a sign."""
    in_hand = count(len(one.running))
    jobs = (
        tn("{jobs} job in hand", "{jobs} jobs in hand", len(one.running), jobs=in_hand)
        if one.concurrency is None
        else t("{jobs} of {places} places taken", jobs=in_hand, places=count(one.concurrency))
    )
    parts = [plain(one.id), jobs]
    if one.heartbeat_at is not None:
        parts.append(t("last sign {ago}", ago=ago(one.heartbeat_at, now)))
    return " · ".join(parts)
