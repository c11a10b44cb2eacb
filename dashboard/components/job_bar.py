"""Above the list of jobs: what was found, how many are chosen, and the buttons that act on them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from actions.errors import TooManyJobs
from actions.permissions import Actor
from dashboard import dry_runs, fetch, situation
from dashboard.components import confirm, job_buttons, job_list, spreadsheets, summary, tables
from dashboard.components.formatting import count
from dashboard.components.job_list import Listed
from dashboard.components.query_text import Asked
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries import job_search
from queries.job_search import Count, Position

ACTIONS = ("job.retry", "job.cancel")
# The filter of which all matches are chosen, not only those on the page.
_ALL = "jobs-all"


def bar(actor: Actor, now: Asked, shown: Listed) -> None:
    """Buttons, selection and counts in one line. Raises DatabaseError."""
    matches = fetch.database(job_search.count, now.filter, timezone=settings().timezone).value
    chosen = job_list.selected()
    everything = _everything(now, shown, chosen)
    found = job_buttons.obstacles(actor, ACTIONS, situation.unrecordable()) if shown.jobs else {}
    number = matches.number if everything else len(chosen)
    # On the left, since the table's own tools float over the right end of this line.
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for action, obstacle in found.items():
            job_buttons.button(action, number, obstacle, partial(_ask, action, now, chosen, everything=everything))
        if found:
            _choose(now, shown, matches, chosen, everything=everything)
        if shown.arrived:
            label = tn("{n} new", "{n} new", shown.arrived)
            st.button(label, icon=":material/add:", on_click=job_list.forget, key="show-new")
        st.caption(f"{count_words(matches)} · {summary.source(shown.answer)}", width="content")
    job_buttons.told(found)


def pages(now: Asked, shown: Listed, before: Position | None) -> None:
    """Newest, older, and all of it as a file."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if before is not None:
            st.button(t("Newest"), on_click=job_list.turn_to, args=(None,), icon=":material/first_page:")
        if shown.more:
            last = Position(shown.jobs[-1].created_at, shown.jobs[-1].id)
            st.button(t("Older"), on_click=job_list.turn_to, args=(last,), icon=":material/chevron_right:")
        most = t("The newest {n} at most.", n=count(job_search.EXPORT_LIMIT))
        spreadsheets.offer(partial(job_list.as_csv, now), "jobs.csv", help=most)


def count_words(matches: Count) -> str:
    """How many match; a count that was cut says so."""
    if matches.capped:
        return t("more than {n} jobs match", n=count(matches.number))
    return tn("{n} job matches", "{n} jobs match", matches.number)


def _everything(now: Asked, shown: Listed, chosen: tuple[str, ...]) -> bool:
    """Whether all matches are chosen: said once for this filter, and the page's rows are still all chosen."""
    return bool(chosen) and st.session_state.get(_ALL) == now.text and len(chosen) == len(shown.jobs)


def _choose(now: Asked, shown: Listed, matches: Count, chosen: tuple[str, ...], *, everything: bool) -> None:
    if not chosen:
        label = tn("Select the one on this page", "Select all {n} on this page", len(shown.jobs))
        places = range(len(shown.jobs))
        st.button(label, on_click=tables.select, args=(job_list.KEY, places), type="tertiary", key="select-page")
        return
    if len(chosen) == len(shown.jobs) < matches.number and not everything:
        _choose_all(now, matches)
    st.button(t("Select none"), on_click=_select_none, type="tertiary", key="select-none")


def _choose_all(now: Asked, matches: Count) -> None:
    """The second step, from the page to all that match; one action's limit says why where it cannot be taken."""
    limit = settings().bulk_limit
    too_many = matches.number > limit or (matches.capped and matches.number >= limit)
    why = t("One action takes at most {n} jobs (OPS_BULK_LIMIT): narrow the search.", n=count(limit))
    label = tn("Select the one that matches", "Select all {n} that match", matches.number)
    st.button(
        t("Select all that match") if matches.capped else label,
        on_click=_select_all,
        args=(now,),
        type="tertiary",
        key="select-all",
        disabled=too_many,
        help=why if too_many else None,
    )


def _select_all(now: Asked) -> None:
    st.session_state[_ALL] = now.text


def _select_none() -> None:
    st.session_state.pop(_ALL, None)
    tables.select_none(job_list.KEY)


def _ask(action: str, now: Asked, chosen: tuple[str, ...], *, everything: bool) -> None:
    if not everything:
        confirm.ask(action, chosen, job_list.KEY)
        return
    limit, zone = settings().bulk_limit, settings().timezone
    ids = fetch.database(
        job_search.matching_ids, now.filter, timezone=zone, limit=limit + 1, ttl=dry_runs.UNCACHED
    ).value
    if len(ids) > limit:
        raise TooManyJobs(count=count(len(ids)), limit=count(limit))
    confirm.ask(action, ids, job_list.KEY, filter=now.text)
