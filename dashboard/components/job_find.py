"""Which job the page is about: the one of the address, or the one somebody pastes."""

from __future__ import annotations

import streamlit as st

from dashboard import fetch, links
from dashboard.components import filters, live
from dashboard.components.notices import Finished, guarded
from dashboard.i18n import t
from queries import jobs
from queries.errors import OpsError
from queries.models import Job


def chosen() -> str:
    """The id that the address names. Where it names none, or one of no job, asks for one and ends the page."""
    job_id = links.text(links.JOB).value
    if not job_id or _found(job_id) is None:
        _ask(filters.without_key(job_id))
        raise Finished
    st.code(job_id, language=None, width="content")
    return job_id


def _ask(job_id: str) -> None:
    filters.text(t("Job id"), links.JOB, placeholder="job_…", known=lambda text: isinstance(_found(text), Job))
    if job_id:
        st.markdown(t("**There is no job of this id.** Looked for:"))
        st.code(job_id, language=None, width="content")
        st.caption(t("An id is matched exactly. Of a job that the service deleted, the audit log may still tell."))


def is_readable(job_id: str) -> bool:
    """Whether the job can be read; where not, says so, and shows the page as soon as it can."""
    if isinstance(_found(job_id), Job):
        return True

    def again() -> None:
        fetch.database(jobs.get, job_id)
        st.rerun()

    live.part(again, what=t("The job"))
    return False


def _found(job_id: str) -> Job | OpsError | None:
    return guarded(lambda: fetch.database(jobs.get, job_id).value)
