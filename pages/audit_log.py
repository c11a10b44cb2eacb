"""Who did what, when, why, and what came of it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from dashboard import auth, fetch, links
from dashboard.components import audit_files, audit_table, filters, header, summary, verdicts
from dashboard.components.notices import Finished, ignored_parameters
from dashboard.i18n import t
from queries import audit_chain, audit_log
from queries.audit_models import AuditEntry, AuditFilter, Result

PAGE_ACTS = 100
EXPORT_LINES = audit_log.SEARCH_LIMIT


def is_request(text: str) -> bool:
    """Whether this is a request's id, which has the shape of many a user's key."""
    return bool(fetch.store(audit_log.acts, AuditFilter(request_id=text), before_id=None, limit=1).value)


auth.enter("audit_log")
header.page(t("Audit log"), refreshes=False)
top = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    actor = filters.one(
        t("Who"), links.ACTOR, ("", *fetch.store(audit_log.actors).value), lambda a: a or t("Everybody")
    )
    action = filters.one(
        t("Action"), links.ACTION, ("", *fetch.store(audit_log.actions).value), audit_table.action_words
    )
    result = filters.one(t("Outcome"), links.RESULT, ("", *Result, audit_table.UNKNOWN), audit_table.result_words)
    span = filters.one(t("When"), links.SPAN, tuple(audit_table.SPANS), audit_table.span_words)
    found = filters.text(t("Job id or request id"), links.FIND, placeholder="job_…", known=is_request)

width = audit_table.SPANS[span]
wanted = AuditFilter(
    actor=actor,
    action=action,
    result=result,
    target_id=found if "_" in found else "",
    request_id="" if "_" in found else found,
    since=datetime.now(UTC).replace(second=0, microsecond=0) - width if width else None,
)


def export() -> Sequence[AuditEntry]:
    return fetch.store(audit_log.search, wanted, before_id=None, limit=EXPORT_LINES).value


before = links.number(links.BEFORE, None)
ignored_parameters(list(before.rejected))
answer = fetch.store(audit_log.acts, wanted, before_id=before.value, limit=PAGE_ACTS + 1)
shown, more = answer.value[:PAGE_ACTS], len(answer.value) > PAGE_ACTS
with top:
    counted = fetch.store(audit_log.summary, wanted).value
    verdicts.card([audit_table.verdict(counted, audit_table.span_words(span))])
if not shown:
    st.markdown(f":gray[{audit_table.nothing_words(wanted)}]")
    raise Finished
audit_table.show(shown, header.zone())
with st.container(horizontal=True, vertical_alignment="center"):
    if before.value is not None:
        st.button(t("Newest"), on_click=audit_table.turn_to, args=(None,), icon=":material/first_page:")
    if more:
        st.button(t("Older"), on_click=audit_table.turn_to, args=(shown[-1].id,), icon=":material/chevron_right:")
    audit_files.offer(export, EXPORT_LINES)
    head = fetch.store(audit_chain.head).value
    st.caption(f"{summary.source(answer)} · {audit_table.head_words(head)}")
