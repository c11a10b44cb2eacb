"""The answer in words that leads every page: what is wrong first, what is fine in one quiet line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import streamlit as st

from dashboard.i18n import t


class State(IntEnum):
    """How things stand, worst last, so that max() is the worst."""

    OK = 0
    NO_DATA = 1
    NOT_OFFERED = 2
    UNAVAILABLE = 3
    WARNING = 4
    CRITICAL = 5


MARKS: Mapping[State, str] = {
    State.OK: ":gray[:material/check:]",
    State.NO_DATA: ":gray[:material/hourglass_empty:]",
    State.NOT_OFFERED: ":gray[:material/block:]",
    State.UNAVAILABLE: ":orange[:material/cloud_off:]",
    State.WARNING: ":orange[:material/warning:]",
    State.CRITICAL: ":red[:material/error:]",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the console with its filters."""

    page: str
    label: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer. headline and detail are markdown: whatever comes from outside is escaped before."""

    state: State
    headline: str
    detail: str = ""
    link: Link | None = None


def spoken(state: State) -> str:
    """The state as a word, for those who see neither colour nor icon."""
    words = {
        State.OK: t("Fine"),
        State.NO_DATA: t("No data"),
        State.NOT_OFFERED: t("Not offered"),
        State.UNAVAILABLE: t("Unavailable"),
        State.WARNING: t("Warning"),
        State.CRITICAL: t("Critical"),
    }
    return words[state]


def card(verdicts: Sequence[Verdict]) -> None:
    """The verdict card: troubles worst first, each with its action, then all that is fine in one line."""
    loud = sorted((v for v in verdicts if v.state > State.NOT_OFFERED), key=lambda v: -v.state)
    with st.container(border=True, key="verdict", gap="small"):
        for position, verdict in enumerate(loud):
            _row(verdict, primary=position == 0)
        quiet = [v for v in verdicts if v.state <= State.NOT_OFFERED]
        if quiet:
            _quiet(quiet)


def _row(verdict: Verdict, *, primary: bool) -> None:
    said = f"{MARKS[verdict.state]} **{verdict.headline}** {verdict.detail}"
    if verdict.link is None:
        st.markdown(said)
        return
    # Columns, since a button beside a long text would wrap below it.
    words, action = st.columns([5, 1], vertical_alignment="center", gap="medium")
    words.markdown(said)
    with action, st.container(horizontal=True, horizontal_alignment="right"):
        _button(verdict.link, primary=primary)


def _button(link: Link, *, primary: bool) -> None:
    key = "-".join(["verdict", link.page, link.label, *link.parameters.values()])
    if st.button(link.label, type="primary" if primary else "secondary", key=key):
        st.switch_page(_page(link.page), query_params=dict(link.parameters))


def _page(name: str) -> str:
    return f"../pages/{name}.py"


def _quiet(verdicts: Sequence[Verdict]) -> None:
    fine = " · ".join(v.headline for v in verdicts if v.state is State.OK)
    if fine:
        st.markdown(f"{MARKS[State.OK]} :gray[{fine}]")
    for verdict in verdicts:
        if verdict.state is not State.OK:
            st.markdown(f"{MARKS[verdict.state]} :gray[{verdict.headline} {verdict.detail}]")
