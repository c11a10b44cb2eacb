"""What is this job's whole story, and what can be done about it?"""

from __future__ import annotations

import streamlit as st

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
from dashboard.i18n import t
from queries import job_story

actor = auth.enter("job")
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
    job_money.show(known().job)


def quality() -> None:
    job_checks.quality(fetch.database(job_story.checks, job_id).value)


def moderation() -> None:
    job_checks.moderation(fetch.database(job_story.moderation, job_id).value)


def audit() -> None:
    job_audit.show(job_id, header.zone())


if job_find.is_readable(job_id):
    live.part(verdict, what=t("The verdict"))
    live.part(facts, what=t("The job's row"))
    live.panel(t("Timeline"), timeline)
    live.panel(job_money.title(), money)
    for column, title, body in zip(
        st.columns(2), (t("Quality"), t("Moderation")), (quality, moderation), strict=True
    ):
        with column:
            live.panel(title, body)
live.panel(t("Audit log"), audit)
confirm.show(actor)
