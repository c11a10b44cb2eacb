"""Find any job; see what fails, where and since when; act on exactly those."""

from __future__ import annotations

import streamlit as st

from dashboard import auth, links
from dashboard.components import (
    batches,
    confirm,
    failure_charts,
    failure_matrix,
    failures,
    header,
    index_notice,
    job_bar,
    job_buttons,
    job_list,
    live,
    query_box,
    query_text,
    verdicts,
    views,
)
from dashboard.components.notices import ignored_parameters
from dashboard.i18n import t
from queries.job_search import Position

actor = auth.enter("jobs")
header.page(t("Jobs"))
now = query_text.asked()


def verdict() -> None:
    verdicts.card(failures.verdicts(now, header.zone()))


def listing() -> None:
    query_text.follow(now)
    before = links.parsed(links.BEFORE, Position.read)
    ignored_parameters(list(before.rejected))
    if now.error is None:
        shown = job_list.listed(now, before.value)
        job_bar.bar(actor, now, shown)
        job_list.show(now, shown, header.zone(), selectable=job_buttons.may_act(actor))
        job_bar.pages(now, shown, before.value)


def causes() -> None:
    query_text.follow(now)
    left, right = st.columns([11, 9])
    with left, st.container(border=True, height="stretch"):
        failure_matrix.show(failures.matrix(now), now)
    with right, st.container(border=True, height="stretch"):
        failure_charts.show(now, header.zone())


batches.panel()
live.part(verdict, what=t("The verdict"))
query_box.box(now, failures.codes(), beside=lambda: views.menu(actor, now.text))
index_notice.show()
first, second = st.container(), st.container()
with first if now.text else second:
    live.part(listing, what=t("The list of jobs"))
with second if now.text else first:
    live.part(causes, what=t("The failures"))
confirm.show(actor)
