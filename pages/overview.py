"""Is anything wrong, and what do I do about it?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import auth, fetch, situation
from dashboard.components import header, live, summary, summary_charts, summary_tiles, tiles, verdicts
from dashboard.components.chart_lines import floored
from dashboard.i18n import t
from queries import health, jobs

DAY = timedelta(hours=24)
BUCKET = timedelta(minutes=15)
# A chart that is drawn anew loses what the reader zoomed into, so it is asked for less often than the numbers.
CHARTS = timedelta(minutes=1)

auth.enter("overview")
header.page(t("Overview"))


def until() -> datetime:
    """The end of the last whole bucket."""
    return floored(datetime.now(UTC), BUCKET)


def now() -> None:
    answers = situation.ask()
    told = summary.verdicts(answers, header.zone())
    verdicts.card(told, each_dated=True)
    window = summary_tiles.Window(until() - DAY, until(), BUCKET, CHARTS)
    tiles.row(summary_tiles.tiles(answers, window, told[0].state))


def depth() -> None:
    answer = fetch.prometheus(health.queued_jobs_series, until() - DAY, until(), BUCKET, ttl=CHARTS)
    limit = situation.limit("max_pending_jobs")
    summary_charts.depth(answer.value, limit, header.zone(), summary.source(answer))


def throughput() -> None:
    answer = fetch.database(jobs.outcomes_by_bucket, DAY, BUCKET, ttl=CHARTS)
    summary_charts.throughput(answer.value, header.zone(), summary.source(answer))


live.part(now)
for column, chart, name in zip(
    st.columns(2), (depth, throughput), (t("The queue's depth"), t("The throughput")), strict=True
):
    with column, st.container(border=True):
        live.part(chart, what=name, every=CHARTS)
