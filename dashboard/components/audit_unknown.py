"""Acts whose outcome nobody recorded, since a console died in the middle: how many, and how to find out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from actions import guardrail_proposals, guardrails
from dashboard import fetch, links
from dashboard.components import guardrail_changes
from dashboard.components.formatting import Zone, exact
from dashboard.components.guardrail_words import held
from dashboard.components.notices import guarded
from dashboard.components.verdicts import Link, State, Verdict
from dashboard.i18n import t, tn
from queries import audit_log
from queries.audit_models import AuditAct, AuditFilter
from queries.errors import OpsError

UNKNOWN = "unknown"
LATELY = timedelta(days=1)
_LIMITS = frozenset({guardrails.CHANGE, guardrail_proposals.APPROVE})


def verdicts() -> tuple[Verdict, ...]:
    """One line for the Overview where acts of the last day are lost; () where none is, or the log is away."""
    wanted = AuditFilter(since=datetime.now(UTC).replace(second=0, microsecond=0) - LATELY)
    answer = guarded(lambda: fetch.store(audit_log.summary, wanted))
    if isinstance(answer, OpsError) or not answer.value.unknown:
        return ()
    head = tn("{n} act of the last 24 hours has no outcome.", "{n} acts of the last 24 hours have no outcome.",
              answer.value.unknown)  # fmt: skip
    why = t("The console stopped before it was known. The audit log tells how to find out.")
    return (Verdict(State.WARNING, head, why, Link("audit_log", t("Show them"), {links.RESULT: UNKNOWN})),)


def show(act: AuditAct, zone: Zone) -> None:
    """How to find out what came of the act, with the way there."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_limit_words(act, zone) or words(act), width="stretch")
        place = link(act)
        parameters = dict(place.parameters)
        st.page_link(f"../pages/{place.page}.py", label=place.label, query_params=parameters, width="content")


def words(act: AuditAct) -> str:
    """Where to look, and what tells that it was done."""
    if act.batch_id and act.target_kind == "job":
        return t("The bulk action asks again under the same request id, and the service repeats its first answer.")
    kind = act.action.partition(".")[0]
    told = {
        "job.retry": t(
            "Open the job: a new attempt, retried by this person at that time, means that it was done."
        ),
        "job.cancel": t("Open the job: it was done if the job is cancelled."),
        "job": t("Open the job: it was done if the note is there."),
        "bulk": t("Open the bulk action: its state, and who changed it when, tell whether it was done."),
        "intake": t("Open the queue: it says whether new books are taken, since when and by whom."),
        "guardrail": t("Open the limits: it was done if the history, or the list of proposals, has it."),
        "view": t("Open Jobs: it was done if the saved views are as they were asked for."),
        "user": t("Open the user: it was done if the note is there."),
    }
    return told.get(act.action) or told.get(kind) or t("Look at what it was done to.")


def link(act: AuditAct) -> Link:
    """The page that tells."""
    if act.batch_id or act.target_kind == "bulk":
        return Link("bulks", t("Open the bulk action"), {links.BATCH: act.batch_id or act.target_id})
    match act.target_kind:
        case "job":
            return Link("job", t("Open the job"), {links.JOB: act.target_id})
        case "guardrail":
            return Link("guardrails", t("Open the limits"))
        case "service":
            return Link("queue", t("Open the queue"))
        case "user":
            return Link("user", t("Open the user"), {links.USER: act.target_id})
        case _:
            return Link("jobs", t("Open the jobs"))


def _limit_words(act: AuditAct, zone: Zone) -> str:
    """What the service's history says of a limit's change, by its request id; "" where it does not tell."""
    changes = guarded(guardrail_changes.ask) if act.action in _LIMITS else None
    if changes is None or isinstance(changes, OpsError) or not changes.by_service:
        return ""
    found = next((change for change in changes.all if change.request_id == act.request_id), None)
    if found is None:
        return t("The service's history of limits does not have this request: it was not done.")
    return t(
        "It was done: by the service's history the limit was set from {old} to {new} on {when}.",
        old=held(found.old, found.limit),
        new=held(found.new, found.limit),
        when=exact(found.at, zone),
    )
