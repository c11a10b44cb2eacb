"""What a job's row says, as small facts side by side; its texts as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import streamlit as st

from dashboard import discretion, links
from dashboard.components.formatting import NOTHING, Zone, ago, count, exact, plain
from dashboard.components.job_known import Known
from dashboard.connections import settings
from dashboard.i18n import t
from dashboard.setting_types import TRACE_ID
from queries.models import Job

NARROWEST = 125  # all in one row on a wide screen, two side by side on a phone of 390 px


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with its value and what qualifies it; a value that leads to a page has its address."""

    label: str
    value: str
    note: str = ""
    address: str = ""


def show(known: Known, zone: Zone) -> None:
    """What the row says, without a word of who the reader of the book is."""
    facts = _facts(known, zone)
    with st.grid(len(facts), min_column_width=NARROWEST):
        for fact in facts:
            _draw(fact)
    if known.job.trace_id:
        _trace(known.job.trace_id)
    _error(known.job)


def kind_of_work(job_id: str) -> str:
    """The id's prefix, by which kinds of work share the table; "" where it has none."""
    return job_id.partition("_")[0] if "_" in job_id else ""


def trace_address(template: str, trace_id: str) -> str:
    """Where the trace is seen; the id cannot leave its place in the address."""
    return template.replace(TRACE_ID, quote(trace_id, safe=""))


def _facts(known: Known, zone: Zone) -> list[Fact]:
    job = known.job
    return [
        Fact(t("User"), job.user, address=links.to("jobs", **{links.QUERY: f"user:{job.user}"})),
        Fact(t("Kind of work"), kind_of_work(job.id) or NOTHING),
        Fact(t("Step"), job.step or t("not told")),
        Fact(t("Progress"), NOTHING if job.progress is None else f"{job.progress} %"),
        Fact(t("Retries"), *_retries(known)),
        Fact(t("Created"), *_instant(job.created_at, known.now, zone)),
        Fact(t("Last change"), *_instant(job.updated_at, known.now, zone)),
    ]


def _retries(known: Known) -> tuple[str, str]:
    if known.job.retry_count is None:
        return t("not told"), ""
    last = known.job.last_retry_at
    return count(known.job.retry_count), t("last {ago}", ago=ago(last, known.now)) if last else ""


def _instant(instant: datetime, now: datetime, zone: Zone) -> tuple[str, str]:
    return ago(instant, now), exact(instant, zone).removesuffix(f" {zone.name}")


def _draw(fact: Fact) -> None:
    with st.container(gap=None):
        st.caption(fact.label)
        if fact.address:
            st.markdown(f"[{plain(fact.value)}]({fact.address})")
        else:
            st.text(fact.value)
        if fact.note:
            st.caption(fact.note)


def _trace(trace_id: str) -> None:
    template = settings().trace_url
    with st.container(gap=None):
        st.caption(t("Trace"))
        if template is None:
            st.code(trace_id, language=None, width="content")
        else:
            address = trace_address(template, trace_id)
            st.link_button(t("Open the trace"), address, type="tertiary", icon=":material/open_in_new:")


def _error(job: Job) -> None:
    if not job.error_code and not job.error_message:
        return
    with st.container(gap=None):
        st.caption(t("Error"))
        st.text(job.error_code or t("no error code"))
        if job.error_message:
            st.code(discretion.told(job.error_message), language=None, wrap_lines=True)
