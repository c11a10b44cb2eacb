"""Jobs as rows that stand still: those of the moment of asking, with cells as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from dashboard import discretion, fetch, links
from dashboard.components import spreadsheets, tables
from dashboard.components.formatting import Zone, ago, exact, money
from dashboard.components.query_text import Asked
from dashboard.connections import settings
from dashboard.fetch import Fetched
from dashboard.i18n import t
from queries import clock, costs, job_search, jobs
from queries.job_search import Position
from queries.models import Job, Spend

KEY = "jobs"
PAGE = 50
_HELD = "jobs-held"


@dataclass(frozen=True, slots=True)
class Held:
    """The page as it was asked for: these ids, in this order, whatever became of the jobs since."""

    asked: tuple[str, str]
    ids: tuple[str, ...]
    top: Position | None
    more: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows to show. arrived counts newer matches that are not among them, more says that older ones follow."""

    jobs: tuple[Job, ...]
    arrived: int
    more: bool
    answer: Fetched[Any]


def listed(now: Asked, before: Position | None) -> Listed:
    """The jobs of this page of the matches. Raises DatabaseError."""
    zone, here = settings().timezone, (now.text, str(before or ""))
    held: Held | None = st.session_state.get(_HELD)
    if held is None or held.asked != here or not tables.holds(KEY):
        answer = fetch.database(job_search.search, now.filter, timezone=zone, before=before, limit=PAGE + 1)
        found = answer.value[:PAGE]
        top = Position(found[0].created_at, found[0].id) if found else None
        more = len(answer.value) > PAGE
        st.session_state[_HELD] = Held(here, tuple(job.id for job in found), top, more)
        tables.select_none(KEY)
        return _remembered(Listed(found, 0, more, answer))
    current = fetch.database(jobs.get_many, held.ids)
    shown = tuple(current.value[one] for one in held.ids if one in current.value)
    return _remembered(Listed(shown, 0 if before else _arrived(now, held), held.more, current))


def forget() -> None:
    """Ask anew when the list is next drawn; call from a callback."""
    st.session_state.pop(_HELD, None)


def turn_to(position: Position | None) -> None:
    """Show the page of what is older than this, or the newest; call from a callback."""
    forget()
    links.put(links.BEFORE, None if position is None else str(position))


def show(now: Asked, shown: Listed, zone: Zone, *, selectable: bool) -> None:
    """Draw the table; selection (by tables.selected) only for those who may act."""
    if not shown.jobs:
        st.markdown(f":gray[{_nothing_words(now)}]")
        return
    rows, clock_now = shown.jobs, fetch.database(clock.now).value
    spent = fetch.database(costs.spent_by_job, settings().price_history, tuple(job.id for job in rows)).value
    tables.table(
        [_row(job, clock_now, zone, spent) for job in rows],
        _columns(rows),
        alt=t("Jobs, newest first, with status, error, step, attempts and user"),
        key=KEY,
        selectable=selectable,
    )


def as_csv(now: Asked) -> bytes:
    """All matches for a spreadsheet, newest first. Raises DatabaseError."""
    found = fetch.database(job_search.export, now.filter, timezone=settings().timezone, ttl=timedelta(0)).value
    return spreadsheets.as_csv(list(Job.__dataclass_fields__), map(asdict, found))


def selected() -> tuple[str, ...]:
    """The ids of the selected jobs."""
    return tables.selected(KEY, lambda job: job.id)


def _remembered(listed: Listed) -> Listed:
    tables.remember(KEY, listed.jobs)
    return listed


def _arrived(now: Asked, held: Held) -> int:
    return fetch.database(job_search.newer, now.filter, timezone=settings().timezone, after=held.top).value


def _columns(rows: Sequence[Job]) -> dict[str, Any]:
    text = st.column_config.TextColumn
    columns: dict[str, Any] = {
        "job": tables.job_column(235),
        "status": text(t("Status"), width=80),
        "error": text(t("Error"), width=170),
        "changed": text(t("Last change"), width=125),
        "step": text(t("Step"), width=165),
        "attempts": st.column_config.NumberColumn(t("Attempts"), width=75),
        "spent": text(t("Spent"), width=75),
        "user": text(t("User"), width=115),
        "created": text(t("Created"), width=215),
        "message": text(t("Error message"), width=420),
    }
    if all(job.retry_count is None for job in rows):
        del columns["attempts"]
    if not discretion.money_shown():
        del columns["spent"]
    return columns


def _row(job: Job, now: datetime, zone: Zone, spent: Mapping[str, Spend]) -> dict[str, Any]:
    return {
        "job": links.to_job(job.id),
        "status": job.status,
        "error": job.error_code or "",
        "step": job.step or "",
        "attempts": None if job.retry_count is None else job.retry_count + 1,
        "spent": money(spent[job.id].usd) if job.id in spent else "",
        "user": job.user,
        "changed": ago(job.updated_at, now),
        "created": exact(job.created_at, zone),
        "message": job.error_message or "",
    }


def _nothing_words(now: Asked) -> str:
    return t("No job matches this search.") if now.text else t("There is no job yet.")
