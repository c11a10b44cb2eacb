"""The one time range of all charts of a page; it lives in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import links
from dashboard.components.chart_lines import Axis, floored
from dashboard.components.notices import ignored_parameters
from dashboard.i18n import t

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DEFAULT = "6h"


@dataclass(frozen=True, slots=True)
class Span:
    """How far back the charts go, how far apart the points of lines lie, how wide a bucket of bars is.

    kept is how old an answer may be: what covers days needs no news every minute.
    """

    width: timedelta
    step: timedelta
    bucket: timedelta
    kept: timedelta = MINUTE

    def lines(self) -> Axis:
        """The range for lines, at their step."""
        return self._axis(self.step)

    def bars(self) -> Axis:
        """The same range for bars, at their bucket."""
        return self._axis(self.bucket)

    def until(self) -> datetime:
        """The newest point that lines have: Prometheus would go on with its last value into the future."""
        return floored(datetime.now(UTC), self.step)

    def _axis(self, step: timedelta) -> Axis:
        """Whole buckets, up to the end of the one that still fills: most refreshes draw the identical chart."""
        end = floored(datetime.now(UTC), self.bucket)
        return Axis(end - self.width, end + self.bucket, step)


SPANS: Mapping[str, Span] = {
    "1h": Span(HOUR, MINUTE, 5 * MINUTE),
    "6h": Span(6 * HOUR, 2 * MINUTE, 15 * MINUTE),
    "24h": Span(24 * HOUR, 10 * MINUTE, HOUR, 2 * MINUTE),
    "7d": Span(168 * HOUR, HOUR, 6 * HOUR, 5 * MINUTE),
    "30d": Span(720 * HOUR, 4 * HOUR, 24 * HOUR, 15 * MINUTE),
}
SHORT = ("1h", "6h", "24h", "7d")


def words(name: str) -> str:
    """A range as a person says it."""
    hours = {"1h": t("1 hour"), "6h": t("6 hours"), "24h": t("24 hours")}
    return (hours | {"7d": t("7 days"), "30d": t("30 days")})[name]


def bucket_words(span: Span) -> str:
    """What a bar counts."""
    names = {5 * MINUTE: t("5 minutes"), 15 * MINUTE: t("15 minutes"), HOUR: t("hour"), 6 * HOUR: t("6 hours")}
    names[24 * HOUR] = t("day")
    return names[span.bucket]


def chosen(offered: Sequence[str] = SHORT, default: str = DEFAULT) -> Span:
    """The range that the address says, with the choice that changes it."""
    asked = links.choice(links.SPAN, offered, default)
    ignored_parameters(list(asked.rejected))
    st.session_state[links.SPAN] = asked.value
    st.radio(
        t("Time range"),
        list(offered),
        format_func=words,
        key=links.SPAN,
        on_change=_into_address,
        args=(default,),
        horizontal=True,
        label_visibility="collapsed",
    )
    return SPANS[asked.value]


def _into_address(default: str) -> None:
    picked = st.session_state[links.SPAN]
    links.put(links.SPAN, None if picked == default else picked)
