"""What is this job's whole story, and what can be done about it?"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from actions.permissions import Role
from dashboard import auth, fetch
from dashboard.components import (
    batches,
    confirm,
    header,
    job_audit,
    job_card,
    job_checks,
    job_facts,
    job_find,
    job_known,
    job_money,
    job_timeline,
    live,
    summary,
)
from dashboard.components.job_known import Known
from dashboard.connections import settings
from dashboard.i18n import t
from queries import costs, job_story

actor = auth.require(Role.VIEWER)
header.page(t("Job"))
batches.panel()
job_id = job_find.chosen()


def known() -> Known:
    """The job as it is now; where it was deleted meanwhile the page says so."""
    return job_known.ask(job_id) or st.rerun()


def verdict() -> None:
    job_card.show(actor, known())


def facts() -> None:
    job_facts.show(known(), header.zone())


def timeline() -> None:
    now, answer = known(), fetch.database(job_story.events, job_id)
    job_timeline.show(answer.value, now, header.zone(), summary.source(answer))


def money() -> None:
    status, answer = known().job.status, fetch.database(job_story.calls, job_id)
    if answer.value is None:
        job_money.by_price_list(fetch.database(costs.spent_by_job, settings().prices, (job_id,)).value.get(job_id))
    else:
        job_money.by_ledger(answer.value, status, summary.source(answer))


def quality() -> None:
    job_checks.quality(fetch.database(job_story.checks, job_id).value)


def moderation() -> None:
    job_checks.moderation(fetch.database(job_story.moderation, job_id).value)


def audit() -> None:
    job_audit.show(job_id, header.zone())


def panel(title: str, body: Callable[[], None]) -> None:
    with st.container(border=True):
        st.markdown(f"**{title}**")
        live.part(body, what=title)


if job_find.is_readable(job_id):
    live.part(verdict, what=t("The verdict"))
    live.part(facts, what=t("The job's row"))
    panel(t("Timeline"), timeline)
    panel(t("Money"), money)
    for column, title, body in zip(
        st.columns(2), (t("Quality"), t("Moderation")), (quality, moderation), strict=True
    ):
        with column:
            panel(title, body)
panel(t("Audit log"), audit)
confirm.show(actor)
