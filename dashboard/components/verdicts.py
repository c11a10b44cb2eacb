"""The answer in words that leads every page: what is wrong first, what is fine in one quiet line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import Any

import streamlit as st

from dashboard import discretion, freshness
from dashboard.components import staleness
from dashboard.fetch import Fetched
from dashboard.i18n import t


class State(IntEnum):
    """How things stand, worst last, so that max() is the worst."""

    OK = 0
    NO_DATA = 1
    NOT_OFFERED = 2
    STALE = 3
    UNAVAILABLE = 4
    WARNING = 5
    CRITICAL = 6


MARKS: Mapping[State, str] = {
    State.OK: ":gray[:material/check:]",
    State.NO_DATA: ":gray[:material/hourglass_empty:]",
    State.NOT_OFFERED: ":gray[:material/block:]",
    State.STALE: f":orange[{staleness.ICON}]",
    State.UNAVAILABLE: ":orange[:material/cloud_off:]",
    State.WARNING: ":orange[:material/warning:]",
    State.CRITICAL: ":red[:material/error:]",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the console with its filters. key tells it from another one in the same card that leads there."""

    page: str
    label: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer. headline and detail are markdown: whatever comes from outside is escaped before.

    as_of is set where it was true then (UTC), and what is true now is not known.
    """

    state: State
    headline: str
    detail: str = ""
    link: Link | None = None
    as_of: datetime | None = None


def dated(verdict: Verdict, answers: Sequence[Fetched[Any]]) -> Verdict:
    """The verdict as of the oldest of these stale answers: what was fine then is not known now."""
    for answer in answers:
        freshness.tell(answer)
    if not answers or verdict.as_of is not None or verdict.state is State.UNAVAILABLE:
        return verdict
    at = min(answer.at for answer in answers)
    if verdict.state < State.STALE:
        return replace(verdict, state=State.STALE, as_of=at)
    return replace(verdict, detail=f"{verdict.detail} {staleness.as_of(at)}.".lstrip(), as_of=at)


def weighed(build: Callable[[], Iterable[Verdict]]) -> list[Verdict]:
    """What build answers, dated where it asked and was given stale answers."""
    with freshness.shown() as noted:
        found = list(build())
    return [dated(one, noted.all) for one in found]


def spoken(state: State) -> str:
    """The state as a word, for those who see neither colour nor icon."""
    words = {
        State.OK: t("Fine"),
        State.NO_DATA: t("No data"),
        State.NOT_OFFERED: t("Not offered"),
        State.STALE: t("Stale"),
        State.UNAVAILABLE: t("Unavailable"),
        State.WARNING: t("Warning"),
        State.CRITICAL: t("Critical"),
    }
    return words[state]


def card(verdicts: Sequence[Verdict], foot: Callable[[], None] | None = None, *, each_dated: bool = False) -> None:
    """The verdict card: troubles worst first, each with its action, then all that is fine in one line.

    foot draws what stands below them. Where the part around it rests on stale answers, all verdicts are told as of
    then; not with each_dated, where the caller weighed() each on its own.
    """
    noted = freshness.here()
    if noted is not None and not each_dated:
        stale = noted.all
        verdicts = [dated(one, stale) for one in verdicts]
    loud = _together(sorted((v for v in verdicts if v.state > State.STALE), key=lambda v: -v.state))
    with st.container(border=True, key="verdict", gap="small"):
        for position, verdict in enumerate(loud):
            _row(verdict, primary=position == 0)
        _stale([v for v in verdicts if v.state is State.STALE])
        quiet = [v for v in verdicts if v.state < State.STALE]
        if quiet:
            _quiet(quiet)
        if foot is not None:
            foot()


def _together(sorted_: Sequence[Verdict]) -> list[Verdict]:
    """What is not known for one and the same reason takes one row."""
    rows: dict[object, Verdict] = {}
    for one in sorted_:
        key = one.detail if one.state is State.UNAVAILABLE and one.link is None else id(one)
        rows[key] = replace(one, headline=f"{rows[key].headline} {one.headline}") if key in rows else one
    return list(rows.values())


def _stale(verdicts: Sequence[Verdict]) -> None:
    """In one line what was so before the outage."""
    if verdicts:
        at = min(v.as_of for v in verdicts if v.as_of is not None)
        said = " · ".join(f"{v.headline} {v.detail}".strip() for v in verdicts)
        told = t("{as_of}, not known now:", as_of=staleness.as_of(at))
        st.markdown(f"{MARKS[State.STALE]} **{told}** :gray[{said}]")


def _row(verdict: Verdict, *, primary: bool) -> None:
    said = f"{MARKS[verdict.state]} **{verdict.headline}** {verdict.detail}"
    if verdict.link is None or not discretion.opens(verdict.link.page):
        st.markdown(said)
        return
    # Columns, since a button beside a long text would wrap below it.
    words, action = st.columns([5, 1], vertical_alignment="center", gap="medium")
    words.markdown(said)
    with action, st.container(horizontal=True, horizontal_alignment="right"):
        _button(verdict.link, primary=primary)


def _button(link: Link, *, primary: bool) -> None:
    key = "-".join(["verdict", link.page, link.label, *link.parameters.values(), link.key])
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
