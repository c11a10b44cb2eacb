"""What was true before an outage, told as such."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard import freshness
from dashboard.components.formatting import ago, clock, duration
from dashboard.components.zones import local
from dashboard.fetch import Fetched
from dashboard.i18n import t

ICON = ":material/history:"


def age(answer: Fetched[Any]) -> str:
    """Of a stale answer: "stale: 7 min old (02:13)". The reader has been told then."""
    freshness.tell(answer)
    return old(answer.at)


def old(at: datetime) -> str:
    """Of what was asked for at this instant (UTC), as age() says it."""
    now = datetime.now(UTC)
    return t("stale: {duration} old ({time})", duration=duration(now - at), time=clock(at, local(), now=now))


def as_of(at: datetime) -> str:
    """As a sentence begins: "As of 02:13 (7 min ago)"."""
    now = datetime.now(UTC)
    return t("As of {time} ({ago})", time=clock(at, local(), now=now), ago=ago(at, now))


def line(answers: Sequence[Fetched[Any]]) -> None:
    """Below a part that rests on stale answers and does not tell so itself; nothing where there are none."""
    if answers:
        oldest = min(answer.at for answer in answers)
        words = t("{as_of}: stale, since its source does not answer now.", as_of=as_of(oldest))
        st.caption(f":orange[{ICON}] {words}")
