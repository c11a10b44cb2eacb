"""Everything that people did to a job, and the notes that they left on it."""

from __future__ import annotations

import streamlit as st

from dashboard import fetch
from dashboard.components import audit_table, summary
from dashboard.components.formatting import Zone, count
from dashboard.i18n import t
from queries import audit_log
from queries.audit_models import AuditFilter

# A job is retried a few times and noted a few more; the audit log's own page has all.
ACTS_SHOWN = 200


def show(job_id: str, zone: Zone) -> None:
    """The acts on exactly this job, newest first; a selected one tells its whole story. Raises DatabaseError."""
    answer = fetch.store(audit_log.acts, AuditFilter(target=job_id), before_id=None, limit=ACTS_SHOWN + 1)
    if not answer.value:
        st.markdown(f":gray[{t('Nobody did anything to this job from here.')}]")
        return
    audit_table.show(answer.value[:ACTS_SHOWN], zone)
    if len(answer.value) > ACTS_SHOWN:
        st.caption(t("Only the newest {n} acts are shown.", n=count(ACTS_SHOWN)))
    st.caption(summary.source(answer))
