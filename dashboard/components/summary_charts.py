"""The Overview's two charts, on one time axis."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.components import charts
from dashboard.components.charts import AMBER, BLUE, GREY, Line
from dashboard.components.formatting import Zone
from dashboard.i18n import t
from queries.models import OutcomeBucket, Series


def throughput(buckets: Sequence[OutcomeBucket], zone: Zone, source: str) -> None:
    """How many jobs ended a quarter of an hour, by outcome."""
    kinds = (
        (t("done"), BLUE, [one.outcomes.done for one in buckets]),
        (t("failed"), AMBER, [one.outcomes.failed for one in buckets]),
        (t("refused"), GREY, [one.outcomes.refused for one in buckets]),
    )
    starts = [one.start for one in buckets]
    drawn = [Line(name, colour, list(zip(starts, values, strict=True))) for name, colour, values in kinds]
    charts.title(t("Throughput"), t("jobs a quarter hour, by outcome"))
    charts.bars(drawn, zone=zone, key="throughput", alt=t("Jobs that ended a quarter of an hour, by outcome"))
    charts.below(zone, source)


def depth(series: Sequence[Series], limit: int | None, zone: Zone, source: str) -> None:
    """How many jobs waited, beside the service's limit."""
    charts.title(t("Queue depth"), t("jobs waiting"))
    if not series:
        st.markdown(f":gray[{t('No data: Prometheus has no such metric of this service.')}]")
        return
    drawn = [Line(t("waiting"), BLUE, series[0].points)]
    named = (t("limit"), float(limit)) if limit else None
    charts.lines(drawn, zone=zone, key="depth", alt=t("Jobs waiting over the last 24 hours"), limit=named)
    charts.below(zone, source)
