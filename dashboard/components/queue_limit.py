"""What another limit would do now."""

from __future__ import annotations

import streamlit as st

from dashboard import links
from dashboard.components.formatting import count, duration
from dashboard.components.notices import ignored_parameters
from dashboard.components.queue_now import LIMIT, QueueNow
from dashboard.components.queue_verdict import FAR
from dashboard.i18n import t, tn
from queries import queue_models
from queries.queue_models import Course, Outlook

# No database that the service could admit against holds more open jobs.
MOST = 1_000_000


def asked(current: int | None) -> int | None:
    """The limit to think about: the address's, else the one in force; None where neither is known."""
    said = links.number(links.LIMIT, current, most=MOST)
    ignored_parameters(list(said.rejected))
    st.session_state[links.LIMIT] = said.value
    st.number_input(
        t("Jobs that may wait and run together"),
        min_value=0,
        max_value=MOST,
        step=10,
        value=None,
        key=links.LIMIT,
        placeholder=t("The limit in force is not known"),
        on_change=_into_address,
        args=(current,),
        width=260,
    )
    return said.value


def _into_address(current: int | None) -> None:
    typed = st.session_state[links.LIMIT]
    if typed in (None, current):
        st.query_params.pop(links.LIMIT, None)
    else:
        st.query_params[links.LIMIT] = str(typed)


def link(limit: int | None) -> None:
    """The way to what this limit would have done in the past, and to changing it."""
    if limit is not None:
        st.page_link(
            "../pages/guardrails.py",
            label=t("What it would have done, and change it"),
            icon=":material/tune:",
            query_params={links.LIMIT: LIMIT, links.VALUE: str(limit)},
        )


def words(now: QueueNow, limit: int) -> str:
    """How many more would fit, whether new requests would be refused at once, and when it would be full."""
    held = now.open.queued + now.open.running
    if limit <= held:
        return " ".join((_refused(limit, held), _relief(now, limit)))
    fit = tn("{n} more job would fit.", "{n} more jobs would fit.", limit - held)
    return " ".join((fit, _until_full(now, limit)))


def _refused(limit: int, held: int) -> str:
    over = held - limit + 1
    return tn(
        "New requests would be refused at once, until {n} of the {held} open jobs has ended.",
        "New requests would be refused at once, until {n} of the {held} open jobs have ended.",
        over,
        held=count(held),
    )


def _relief(now: QueueNow, limit: int) -> str:
    """How long that takes while nothing new comes in."""
    flow = queue_models.pace(now.flows)
    finished = flow.hourly(flow.finished) if flow else 0
    if not finished:
        return t("When that is cannot be told: too few jobs finish.")
    over = now.open.queued + now.open.running - limit + 1
    return t(
        "At the present pace that takes {duration}.", duration=duration(queue_models.HOUR * (over / finished))
    )


def _until_full(now: QueueNow, limit: int) -> str:
    if now.closed:
        return t("Intake is closed, so it does not fill.")
    ahead = queue_models.outlook(now.open, now.flows, limit)
    match ahead.course:
        case Course.FILLING if ahead.until is not None:
            return _filling(ahead)
        case Course.UNKNOWN | Course.STILL:
            return t("When it would be full cannot be told: too few jobs came and went in the last hour.")
        case _:
            return t("At the present pace it would not fill: no more arrive than finish.")


def _filling(ahead: Outlook) -> str:
    if ahead.until is None or ahead.until > FAR:
        return t("At the present pace it would not be full within a day.")
    return t("At the present pace it would be full in {duration}.", duration=duration(ahead.until))
