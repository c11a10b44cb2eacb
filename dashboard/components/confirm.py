"""The confirm dialog: the dry run, the reason, and the one button that acts. The second place where errors end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4

import streamlit as st

from actions import bulks, reasons
from actions.bulks import Order
from actions.errors import NumberNotTyped
from actions.permissions import Actor, permitted
from actions.plans import Plan, Start
from dashboard import connections, dry_runs, fetch, links
from dashboard.components import pacing, plan_view, tables
from dashboard.components.notices import decided, tell
from dashboard.components.pending import pending_key
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries.errors import OpsError
from queries.models import Job

PENDING = pending_key("jobs")
SNOOZES = (0, 1, 4, 12, 24)
STARTS: tuple[Start, ...] = ("failed_step", "start")


@dataclass(frozen=True, slots=True)
class Pending:
    """An action that waits for its confirmation, on the jobs as they stood when it was asked for.

    filter is what they were found by; "" where each was chosen by hand.
    """

    action: str
    jobs: tuple[Job, ...]
    missing: tuple[str, ...]
    stuck: frozenset[str]
    now: datetime
    batch_id: str
    table: str
    filter: str = ""


def ask(action: str, job_ids: Sequence[str], table: str, *, filter: str = "") -> None:
    """Open the dialog for an action on these jobs of a table, read anew: a decision rests on the live state."""
    found = dry_runs.live(tuple(job_ids))
    missing = tuple(job_id for job_id in job_ids if job_id not in found.jobs)
    st.session_state[PENDING] = Pending(
        action, tuple(found.jobs.values()), missing, found.stuck, found.now, str(uuid4()), table, filter
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
    problem = decided(lambda: body(actor, pending))
    if isinstance(problem, OpsError):
        tell(problem)


def _retry(actor: Actor, pending: Pending) -> None:
    _found_by(pending)
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
    _plan_form(actor, pending, plan, words, {"from": start})


def _cancel(actor: Actor, pending: Pending) -> None:
    _found_by(pending)
    plan = dry_runs.cancel(pending.jobs, pending.now)
    plan_view.show(plan, pending.missing)
    words = tn("Cancel {n} job", "Cancel {n} jobs", len(plan.eligible))
    _plan_form(actor, pending, plan, words, {})


def _acknowledge(actor: Actor, pending: Pending) -> None:
    st.markdown(
        t("Tell the others that somebody looks after it. The note stands beside the job until a newer one.")
    )
    # Where nothing is open to this person any more the door says so.
    open_to = [hours for hours in SNOOZES if permitted(actor, _acknowledging(hours))]
    hours = st.selectbox(
        t("Keep it out of the list"),
        open_to or SNOOZES,
        format_func=lambda hours: t("No, keep it in view") if hours == 0 else tn("{n} hour", "{n} hours", hours),
        key="snooze-hours",
    )
    words = tn("Acknowledge {n} job", "Acknowledge {n} jobs", len(pending.jobs))
    until = (pending.now + timedelta(hours=hours)).isoformat()
    order = Order(
        action=_acknowledging(hours),
        parameters={"until": until} if hours else {},
        reason="",
        filter=pending.filter,
        per_minute=None,
        jobs=pending.jobs,
        estimates={},
    )
    _form(actor, pending, order, words, typed=None)


def _acknowledging(hours: int) -> str:
    return "job.snooze" if hours else "job.acknowledge"


def _found_by(pending: Pending) -> None:
    if pending.filter:
        st.markdown(t("All jobs that match, as they stand now:"))
        st.code(pending.filter, language=None, wrap_lines=True)


def _plan_form(actor: Actor, pending: Pending, plan: Plan, words: str, parameters: Mapping[str, str]) -> None:
    chosen, here = plan.eligible, settings()
    order = Order(
        action=pending.action,
        parameters=parameters,
        reason="",
        filter=pending.filter,
        per_minute=pacing.choice(len(chosen)),
        jobs=[planned.job for planned in chosen],
        estimates={planned.job.id: planned.estimated_cost for planned in chosen},
    )
    much = len(chosen) >= here.bulk_typed_jobs or (plan.total_estimate or Decimal(0)) >= here.bulk_typed_usd
    _form(actor, pending, order, words, typed=len(chosen) if much and len(chosen) > 1 else None)


def _form(actor: Actor, pending: Pending, order: Order, words: str, *, typed: int | None) -> None:
    """The reason and the button; typed: the number that must be typed before, None for none."""
    with st.form("confirm", border=False):
        # Without max_chars, which would drop or cut what is too long without a word.
        reason = st.text_area(
            t("Reason"),
            height=80,
            placeholder=t("Why? Whoever reads the audit log will want to know."),
            key="confirm-reason",
        )
        number = ""
        if typed is not None:
            number = st.text_input(t("Type {n} to confirm", n=typed), key="confirm-number", width=220)
        pressed = st.form_submit_button(words, type="primary", disabled=not order.jobs)
    if pressed:
        reason = reasons.checked(reason)
        if typed is not None and number.strip() != str(typed):
            raise NumberNotTyped(n=typed)
        begin(actor, pending, replace(order, reason=reason))


def begin(actor: Actor, pending: Pending, order: Order) -> None:
    """Queue the jobs, close the dialog, and let the page follow them. Raises what bulks.start() raises."""
    bulks.start(connections.door(), actor, order, bulk_id=pending.batch_id, limit=settings().bulk_limit)
    connections.runner().wake()
    _forget()
    tables.clear_later(pending.table)
    fetch.clear()
    st.query_params[links.BATCH] = pending.batch_id
    st.rerun()


def _forget() -> None:
    st.session_state.pop(PENDING, None)


_BODIES: dict[str, tuple[Callable[[int], str], Callable[[Actor, Pending], None]]] = {
    "job.retry": (lambda n: tn("Retry {n} job?", "Retry {n} jobs?", n), _retry),
    "job.acknowledge": (lambda n: tn("Acknowledge {n} job", "Acknowledge {n} jobs", n), _acknowledge),
    "job.cancel": (lambda n: tn("Cancel {n} job?", "Cancel {n} jobs?", n), _cancel),
}
