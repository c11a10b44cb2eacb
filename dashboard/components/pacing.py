"""How fast a bulk action lets its jobs go: all at once, or so many a minute."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from dashboard.components.formatting import duration
from dashboard.connections import settings
from dashboard.i18n import t, tn

AT_ONCE, PACED = "at_once", "paced"
# Fewer jobs than this are no load worth a question.
PACED_FROM = 10
MOST_A_MINUTE = 6_000


def choice(jobs: int) -> int | None:
    """Jobs a minute, or None for all at once; large actions are paced unless the person says otherwise."""
    if jobs < PACED_FROM:
        return None
    # One element whatever it holds: the form below keeps its place, and with it what is being typed there.
    with st.container():
        return _chosen(jobs)


def _chosen(jobs: int) -> int | None:
    here = settings()
    options = (AT_ONCE, PACED)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.radio(
            t("Release"),
            options,
            index=options.index(PACED if jobs >= here.bulk_typed_jobs else AT_ONCE),
            format_func=lambda one: t("All at once") if one == AT_ONCE else t("Paced"),
            horizontal=True,
            key="release",
            width="content",
        )
        if chosen == AT_ONCE:
            return None
        pace = st.number_input(
            t("Jobs a minute"), 1, MOST_A_MINUTE, here.bulk_per_minute, key="release-pace", width=140
        )
    st.caption(_told(jobs, int(pace)))
    return int(pace)


def _told(jobs: int, pace: int) -> str:
    took = duration(timedelta(minutes=jobs / pace))
    going_on = t("It goes on when this tab is closed, and can be paused and stopped.")
    return tn("{n} job takes about {took}.", "{n} jobs take about {took}.", jobs, took=took) + " " + going_on
