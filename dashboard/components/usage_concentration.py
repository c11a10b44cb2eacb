"""On how few users the jobs rest, in words, with what the measure means."""

from __future__ import annotations

import streamlit as st

from dashboard.components.formatting import count
from dashboard.components.usage_now import UsageNow
from dashboard.i18n import t
from queries import concentration


def show(now: UsageNow) -> None:
    """Nothing where there are no jobs."""
    jobs = [user.tally.jobs for user in now.users if user.tally.jobs]
    index, equal = concentration.hhi(jobs), concentration.effective(jobs)
    half, most = concentration.most_of(jobs, 0.5), concentration.most_of(jobs, 0.8)
    if index is None or equal is None:
        return
    words = t(
        "Concentration: as uneven as if {equal} users made the same number of jobs each (HHI {index})."
        " Half of the jobs are by {half} of {users} users, 80 % by {most}.",
        equal=count(round(equal)),
        index=f"{index:.3f}",
        half=count(half),
        most=count(most),
        users=count(len(jobs)),
    )
    st.markdown(f":gray[{words}]", help=_meaning())


def _meaning() -> str:
    return t(
        "HHI, the Herfindahl-Hirschman index, is the sum of the users' squared shares of the jobs: 1 where one"
        " user makes all, close to 0 where many make the same. Effective users are 1 / HHI. From 0.25 on, as if"
        " four users made everything, usage counts as concentrated."
    )
