"""The confirm dialog: the dry run, the reason, and the one button that acts. The second place where errors end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import streamlit as st

from actions import bulk, jobs, reasons
from actions.audit import Outcome
from actions.bulk import Act
from actions.permissions import Actor
from actions.plans import Plan, Start
from dashboard import connections, dry_runs, fetch, links, telemetry
from dashboard.components import plan_view, tables
from dashboard.components.notices import guarded, tell
from dashboard.i18n import t, tn
from queries.errors import OpsError
from queries.models import Job

PENDING = "pending"
SNOOZES = (0, 1, 4, 12, 24)
STARTS: tuple[Start, ...] = ("failed_step", "start")


@dataclass(frozen=True, slots=True)
class Pending:
    """An action that waits for its confirmation, on the jobs as they stood when it was asked for."""

    action: str
    jobs: tuple[Job, ...]
    missing: tuple[str, ...]
    stuck: frozenset[str]
    now: datetime
    batch_id: str
    table: str


def waiting() -> bool:
    """Whether a dialog is open: then nothing on the page may move."""
    return PENDING in st.session_state


def ask(action: str, job_ids: Sequence[str], table: str) -> None:
    """Open the dialog for an action on these jobs of a table, read anew: a decision rests on the live state."""
    found = dry_runs.live(tuple(job_ids))
    missing = tuple(job_id for job_id in job_ids if job_id not in found.jobs)
    st.session_state[PENDING] = Pending(
        action, tuple(found.jobs.values()), missing, found.stuck, found.now, str(uuid4()), table
    )


def show(actor: Actor) -> None:
    """The dialog, while something waits for its confirmation."""
    pending: Pending | None = st.session_state.get(PENDING)
    if pending is None:
        return
    title, body = _BODIES[pending.action]
    st.dialog(title(len(pending.jobs)), width="medium", on_dismiss=_forget)(
        partial(_framed, body, actor, pending)
    )()


def _framed(body: Callable[[Actor, Pending], None], actor: Actor, pending: Pending) -> None:
    problem = guarded(lambda: body(actor, pending))
    if isinstance(problem, OpsError):
        tell(problem)


def _retry(actor: Actor, pending: Pending) -> None:
    start = st.radio(
        t("Where to begin"),
        STARTS,
        format_func=lambda start: (
            t("At the step where it stopped") if start == "failed_step" else t("From the start")
        ),
        captions=[t("What is paid for is kept."), t("Everything is made and paid for again.")],
        key="retry-start",
    )
    plan = dry_runs.retry(pending.jobs, start, pending.stuck, pending.now)
    plan_view.show(plan, pending.missing)
    words = tn("Retry {n} job", "Retry {n} jobs", len(plan.eligible))
    _form(
        pending, _jobs(plan), words,
        lambda reason: lambda job, request_id: jobs.retry(
            connections.door(), connections.service(), actor, job,
            start=start, reason=reason, request_id=request_id, batch_id=pending.batch_id,
        ),
    )  # fmt: skip


def _cancel(actor: Actor, pending: Pending) -> None:
    plan = dry_runs.cancel(pending.jobs, pending.now)
    plan_view.show(plan, pending.missing)
    words = tn("Cancel {n} job", "Cancel {n} jobs", len(plan.eligible))
    _form(
        pending, _jobs(plan), words,
        lambda reason: lambda job, request_id: jobs.cancel(
            connections.door(), connections.service(), actor, job,
            reason=reason, request_id=request_id, batch_id=pending.batch_id,
        ),
    )  # fmt: skip


def _acknowledge(actor: Actor, pending: Pending) -> None:
    st.markdown(
        t("Tell the others that somebody looks after it. The note stands beside the job until a newer one.")
    )
    hours = st.selectbox(
        t("Keep it out of the list"),
        SNOOZES,
        format_func=lambda hours: t("No, keep it in view") if hours == 0 else tn("{n} hour", "{n} hours", hours),
        key="snooze-hours",
    )
    until = pending.now + timedelta(hours=hours)
    words = tn("Acknowledge {n} job", "Acknowledge {n} jobs", len(pending.jobs))

    def act(note: str) -> Act:
        door, batch = connections.door(), pending.batch_id
        if hours:
            return lambda job, request_id: jobs.snooze(
                door, actor, job.id, note, until=until, request_id=request_id, batch_id=batch
            )
        return lambda job, request_id: jobs.acknowledge(
            door, actor, job.id, note, request_id=request_id, batch_id=batch
        )

    _form(pending, pending.jobs, words, act)


def _form(pending: Pending, chosen: Sequence[Job], words: str, act: Callable[[str], Act]) -> None:
    with st.form("confirm", border=False):
        # Without max_chars, which would drop or cut what is too long without a word.
        reason = st.text_area(
            t("Reason"),
            height=80,
            placeholder=t("Why? Whoever reads the audit log will want to know."),
            key="confirm-reason",
        )
        pressed = st.form_submit_button(words, type="primary", disabled=not chosen)
    if pressed:
        begin(pending, chosen, act(reasons.checked(reason)))


def begin(pending: Pending, chosen: Sequence[Job], act: Act) -> None:
    """Start the batch, close the dialog, and let the page follow it. Raises TooManyJobs."""

    def counted(job: Job, request_id: str) -> Outcome:
        outcome = act(job, request_id)
        telemetry.actions.labels(pending.action, outcome.result.value).inc()
        return outcome

    bulk.start(connections.runner(), pending.batch_id, chosen, counted)
    _forget()
    tables.clear_later(pending.table)
    fetch.clear()
    st.query_params[links.BATCH] = pending.batch_id
    st.rerun()


def _jobs(plan: Plan) -> list[Job]:
    return [planned.job for planned in plan.eligible]


def _forget() -> None:
    st.session_state.pop(PENDING, None)


_BODIES: dict[str, tuple[Callable[[int], str], Callable[[Actor, Pending], None]]] = {
    "job.retry": (lambda n: tn("Retry {n} job?", "Retry {n} jobs?", n), _retry),
    "job.acknowledge": (lambda n: tn("Acknowledge {n} job", "Acknowledge {n} jobs", n), _acknowledge),
    "job.cancel": (lambda n: tn("Cancel {n} job?", "Cancel {n} jobs?", n), _cancel),
}
