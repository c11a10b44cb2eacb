"""How deep, how old, filling or draining, when is it full or empty?"""

from __future__ import annotations

import streamlit as st

from dashboard import auth, situation
from dashboard.components import (
    header,
    live,
    queue_charts,
    queue_intake,
    queue_intake_dialog,
    queue_limit,
    queue_now,
    queue_span,
    queue_tiles,
    queue_verdict,
    queue_workers,
    tiles,
    verdicts,
)
from dashboard.connections import settings
from dashboard.i18n import t

actor = auth.enter("queue")
header.page(t("Queue"))


def now() -> None:
    found, here = queue_now.ask(), settings()
    verdicts.card(queue_verdict.verdicts(found.now, here.thresholds, header.zone()))
    tiles.row(queue_tiles.tiles(found, here.thresholds, here.stuck_rules))


def depth() -> None:
    queue_charts.depth(span, situation.limit(queue_now.LIMIT), header.zone())


def waits() -> None:
    queue_charts.waits(span, header.zone())


def flow() -> None:
    queue_charts.flow(span, header.zone())


def what_if() -> None:
    if limit is not None:
        st.markdown(queue_limit.words(queue_now.ask().now, limit))


def intake() -> None:
    queue_intake.show(actor, header.zone())


live.part(now, what=t("The queue"))
span = queue_span.chosen()
for chart, name in ((depth, t("The depth")), (waits, t("The waiting time")), (flow, t("What came and went"))):
    with st.container(border=True):
        live.part(chart, what=name, every=queue_span.MINUTE)
st.header(t("Running now"), anchor=False)
live.part(queue_workers.show, what=t("What runs"))
left, right = st.columns(2)
with left, st.container(border=True, height="stretch"):
    st.header(t("What would another limit do now?"), anchor=False)
    limit = queue_limit.asked(situation.limit(queue_now.LIMIT))
    live.part(what_if, what=t("What another limit would do"))
    queue_limit.link(limit)
with right, st.container(border=True, height="stretch"):
    st.header(t("Intake"), anchor=False)
    live.part(intake, what=t("The intake switch"))
queue_intake_dialog.show(actor)
