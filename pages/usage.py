"""Who uses how much, who is at the limit, is somebody abusing it?"""

from __future__ import annotations

import streamlit as st

from dashboard import auth
from dashboard.components import (
    header,
    live,
    tiles,
    usage_charts,
    usage_concentration,
    usage_heatmap,
    usage_now,
    usage_span,
    usage_table,
    usage_tiles,
    usage_verdict,
    usage_words,
    verdicts,
)
from dashboard.i18n import t

auth.enter("usage")
header.page(t("Usage"))


def verdict() -> None:
    now = usage_now.ask(usage_span.asked())
    found, new = usage_now.rotating(now), usage_now.newcomers(now.days)
    verdicts.card(
        [
            *usage_verdict.limit(now),
            *usage_verdict.rotation(found, usage_now.since(found, new), now.days.now, header.zone()),
            usage_verdict.concentrated(now),
            *usage_words.unrolled(now.reading),
        ]
    )
    tiles.row(usage_tiles.tiles(now, len(new)))


def users() -> None:
    now = usage_now.ask(usage_span.asked())
    usage_table.show(now)
    usage_concentration.show(now)


def by_day() -> None:
    usage_heatmap.show(usage_now.ask(usage_span.asked()))


def trend() -> None:
    usage_charts.trend(usage_span.asked())


def newcomers() -> None:
    now = usage_now.ask(usage_span.asked())
    usage_charts.newcomers(now.days, usage_now.rotating(now))


live.part(verdict, what=t("The verdict"))
usage_span.choose()
live.part(users, what=t("The list of users"))
with st.container(border=True):
    live.part(by_day, what=t("The users' days"), every=usage_now.MINUTE)
for column, chart, name in zip(
    st.columns(2), (trend, newcomers), (t("The kinds of work"), t("The new users")), strict=True
):
    with column, st.container(border=True, height="stretch"):
        live.part(chart, what=name, every=usage_now.MINUTE)
