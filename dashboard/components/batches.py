"""What came of an action: progress while it runs, one line a job after it, and where the jobs stand now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import streamlit as st

from actions.bulk import Batch, Progress
from dashboard import connections, fetch, links
from dashboard.components import audit_table, live, tables
from dashboard.components.formatting import plain
from dashboard.components.notices import guarded, ignored_parameters, tell
from dashboard.i18n import t, tn
from queries import audit_log, jobs
from queries.audit_models import AuditAct, AuditFilter
from queries.errors import OpsError
from queries.models import Job

WHILE_RUNNING = timedelta(seconds=1)


def panel() -> None:
    """The action that the address names, if it names one."""
    asked = links.text(links.BATCH)
    ignored_parameters(list(asked.rejected))
    batch_id = asked.value
    if not batch_id:
        return
    with st.container(border=True, key="batch"):
        batch = connections.runner().batch(batch_id)
        running = batch is not None and not batch.progress.finished
        live.part(
            lambda: _follow(batch_id, was_running=running),
            what=t("The result of the action"),
            every=WHILE_RUNNING if running else None,
            always=running,
        )


def _follow(batch_id: str, *, was_running: bool) -> None:
    batch = connections.runner().batch(batch_id)
    if batch is not None and not batch.progress.finished:
        _progress(batch)
        return
    if was_running:  # just ended: the page around has new things to show, and this part may tick slower
        fetch.clear()
        st.rerun()
    _results(batch_id, batch.progress if batch else None)


def _progress(batch: Batch) -> None:
    now = batch.progress
    ended = now.total - now.untouched
    st.progress(
        ended / now.total if now.total else 1.0,
        text=t("{n} of {total} done, skipped or failed", n=ended, total=now.total),
    )
    st.button(t("Stop after those under way"), on_click=batch.stop, disabled=now.stopping, key="batch-stop")


def _results(batch_id: str, progress: Progress | None) -> None:
    newest_first = fetch.store(
        audit_log.acts, AuditFilter(batch_id=batch_id), before_id=None, limit=audit_log.ACTS_LIMIT
    ).value
    if progress is not None and progress.error is not None:
        tell(progress.error)
    if not newest_first:
        st.markdown(t("No action of this id is in the audit log."))
        return
    acts = newest_first[::-1]
    # Side by side on the left, since the table's own tools float over the right end of this line.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_headline(acts, progress), width="content")
        st.button(t("Close"), on_click=_close, key="batch-close", type="tertiary", icon=":material/close:")
    now = guarded(lambda: fetch.database(jobs.get_many, tuple(act.target_id for act in acts)))
    _table(acts, {} if isinstance(now, OpsError) else now.value)


def _close() -> None:
    st.query_params.pop(links.BATCH, None)


def _headline(acts: Sequence[AuditAct], progress: Progress | None) -> str:
    counts = Counter(act.result or audit_table.UNKNOWN for act in acts)
    parts = [audit_table.tally(result, number) for result, number in counts.items()]
    if progress is not None and progress.untouched:
        parts.append(tn("{n} not touched", "{n} not touched", progress.untouched))
    of = tn("{n} job", "{n} jobs", len(acts))
    return f"**{plain(audit_table.action_words(acts[0].action))}** · {of} · {' · '.join(parts)}"


def _table(acts: Sequence[AuditAct], now: Mapping[str, Job]) -> None:
    text = st.column_config.TextColumn
    progress = st.column_config.ProgressColumn(
        t("Progress"), min_value=0, max_value=100, format="%d %%", width=105
    )
    columns = {
        "job": text(t("Job"), pinned=True, width=205),
        "result": text(t("Outcome"), width=80),
        "now": text(t("Job now"), width=80),
        "step": text(t("Step"), width=165),
        "progress": progress,
        "message": text(t("What happened"), width=260),
        "request": text(t("Request id"), width=280),
    }
    rows = [_row(act, now.get(act.target_id)) for act in acts]
    tables.table(rows, columns, alt=t("What came of the action, one line a job"))


def _row(act: AuditAct, job: Job | None) -> dict[str, object]:
    return {
        "job": act.target_id,
        "result": audit_table.result_words(act.result or audit_table.UNKNOWN),
        "now": job.status if job else "",
        "step": (job.step or "") if job else "",
        "progress": job.progress if job else None,
        "message": act.message or t("No outcome was recorded: look at the job itself."),
        "request": act.request_id,
    }
