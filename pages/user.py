"""One user's whole story: how close to the limit, since when, at what cost, and what people know of them."""

from __future__ import annotations

import streamlit as st

from dashboard import auth, discretion
from dashboard.components import (
    header,
    live,
    tiles,
    usage_now,
    user_charts,
    user_find,
    user_jobs,
    user_notes,
    user_now,
    user_verdict,
    verdicts,
)
from dashboard.i18n import t

actor = auth.enter("user")
header.page(t("User"))
alias = user_find.chosen()


def verdict() -> None:
    now = user_now.ask(alias)
    verdicts.card(user_verdict.verdicts(now))
    tiles.row(user_verdict.tiles(now))


def jobs_by_day() -> None:
    user_charts.jobs(user_now.ask(alias))


def spend() -> None:
    user_charts.spend(user_now.ask(alias))


def rejections() -> None:
    user_charts.rejections(user_now.ask(alias))


def newest() -> None:
    user_jobs.show(alias, header.zone())


def notes() -> None:
    user_notes.show(actor, user_now.ask(alias).seen.digests, header.zone())


if user_find.is_readable(alias):
    live.part(verdict, what=t("The verdict"))
    with st.container(border=True):
        live.part(jobs_by_day, what=t("The user's days"), every=usage_now.MINUTE)
    charts = [(spend, t("The user's spend"))] if discretion.money_shown() else []
    charts.append((rejections, t("Requests turned away")))
    for column, (chart, name) in zip(st.columns(len(charts)), charts, strict=True):
        with column, st.container(border=True, height="stretch"):
            live.part(chart, what=name, every=usage_now.MINUTE)
    with st.container(border=True):
        st.header(t("Notes"), anchor=False)
        live.still(notes, what=t("The notes"))
    st.header(t("Newest jobs"), anchor=False)
    live.part(newest, what=t("The list of jobs"))
