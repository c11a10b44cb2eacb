"""A bulk action in short, above the page that it was started from: how far it is, and what came of its jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import streamlit as st

from actions.permissions import Actor
from dashboard import auth, fetch, links
from dashboard.components import bulk_controls, bulk_words, live, tables
from dashboard.components.formatting import count, plain
from dashboard.components.notices import guarded, ignored_parameters
from dashboard.i18n import t
from queries import bulks, jobs
from queries.bulk_models import Bulk, BulkJob, ItemState
from queries.errors import OpsError
from queries.models import Job

WHILE_RUNNING = timedelta(seconds=1)
# A little less, so that each tick finds the answer expired.
FRESH = timedelta(seconds=0.9)
# Of more jobs than these the table is on the bulk action's own page.
TABLE_JOBS = 50


def panel() -> None:
    """The action that the address names, if it names one."""
    asked = links.text(links.BATCH)
    ignored_parameters(list(asked.rejected))
    bulk_id = asked.value
    if not bulk_id:
        return
    with st.container(border=True, key="batch"):
        bulk = guarded(lambda: found(bulk_id))
        running = isinstance(bulk, Bulk) and bulk.going_on
        if isinstance(bulk, Bulk) and not running:
            tables.renew(bulk_id)
        live.part(
            lambda: _follow(bulk_id, auth.current_actor(), was_running=running),
            what=t("The result of the action"),
            every=WHILE_RUNNING if running else None,
            always=running,
        )


def found(bulk_id: str) -> Bulk | None:
    """The bulk action as it was a moment ago. Raises DatabaseError."""
    return fetch.store(bulks.get, bulk_id, ttl=FRESH).value


def progress(bulk: Bulk) -> None:
    """A bar, and in words how many of its jobs have ended."""
    st.progress(
        min(bulk.ended / bulk.total, 1.0) if bulk.total else 1.0,
        text=t("{n} of {total} done, skipped or failed", n=count(bulk.ended), total=count(bulk.total)),
    )


def _follow(bulk_id: str, actor: Actor, *, was_running: bool) -> None:
    bulk = found(bulk_id)
    if was_running and not (bulk and bulk.going_on):
        # Just ended: the page around has new things to show, and this part may tick slower.
        fetch.clear()
        st.rerun()
    _headline(bulk, bulk_id)
    if bulk is None:
        return
    if bulk.going_on:
        progress(bulk)
    elif bulk.why is not None:
        st.markdown(plain(bulk_words.cause(bulk.why)))
    with st.container(horizontal=True, vertical_alignment="center"):
        bulk_controls.buttons(actor, bulk)
    if not bulk.going_on and bulk.total <= TABLE_JOBS:
        _results(bulk)


def _headline(bulk: Bulk | None, bulk_id: str) -> None:
    # Side by side on the left, since the table's own tools float over the right end of this line.
    with st.container(horizontal=True, vertical_alignment="center"):
        words = bulk_words.headline(bulk) if bulk else t("There is no bulk action of this id.")
        st.markdown(words, width="content")
        if bulk:
            st.page_link("../pages/bulks.py", label=t("Open its page"), query_params={links.BATCH: bulk_id})
        st.button(t("Close"), on_click=_close, key="batch-close", type="tertiary", icon=":material/close:")


def _close() -> None:
    st.query_params.pop(links.BATCH, None)


def _results(bulk: Bulk) -> None:
    answer = fetch.store(bulks.items, bulk.id, tuple(ItemState), after_position=0, limit=TABLE_JOBS)
    now = guarded(lambda: fetch.database(jobs.get_many, tuple(item.job_id for item in answer.value)))
    _table(answer.value, {} if isinstance(now, OpsError) else now.value)


def _table(items: Sequence[BulkJob], now: Mapping[str, Job]) -> None:
    text = st.column_config.TextColumn
    bar = st.column_config.ProgressColumn(t("Progress"), min_value=0, max_value=100, format="%d %%", width=105)
    columns = {
        "job": text(t("Job"), pinned=True, width=205),
        "result": text(t("Outcome"), width=80),
        "now": text(t("Job now"), width=80),
        "step": text(t("Step"), width=165),
        "progress": bar,
        "message": text(t("What happened"), width=260),
        "request": text(t("Request id"), width=280),
    }
    rows = [_row(item, now.get(item.job_id)) for item in items]
    tables.table(rows, columns, alt=t("What came of the action, one line a job"))


def _row(item: BulkJob, job: Job | None) -> dict[str, object]:
    return {
        "job": item.job_id,
        "result": bulk_words.item_words(item.state),
        "now": job.status if job else "",
        "step": (job.step or "") if job else "",
        "progress": job.progress if job else None,
        "message": bulk_words.message(item),
        "request": item.request_id,
    }
