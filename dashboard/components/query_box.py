"""The one box that finds jobs: its text, the widgets beside it and the address always say the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import timedelta

import streamlit as st

from dashboard import discretion, links
from dashboard.components import query_text
from dashboard.components.formatting import duration, plain
from dashboard.components.query_text import Asked
from dashboard.i18n import t, translated_error
from queries import filter_suggestions, steps
from queries.errors import OpsError
from queries.filter_errors import FilterError
from queries.filter_suggestions import KINDS, Suggestion
from queries.job_conditions import LOOKBACK
from queries.qualifiers import DESCRIPTIONS
from queries.schema import FINISHED, OPEN

KEY = links.QUERY
SPANS: dict[str, timedelta | None] = {
    "any": None,
    "1h": timedelta(hours=1),
    "3h": timedelta(hours=3),
    "24h": timedelta(hours=24),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}
OTHER = "other"
SUGGESTED = 8
EXAMPLE = "status:failed error:IMAGE_* since:2h user:user-…"


def box(now: Asked, codes: Sequence[str], beside: Callable[[], None]) -> None:
    """The box with what may come next, and the widgets.

    codes are the error codes to choose from; beside draws what stands next to the box.
    """
    typed = now.typed
    wide, narrow = st.columns([0.72, 0.28], vertical_alignment="bottom")
    with wide:
        _box(typed)
    with narrow, st.container(horizontal=True, gap="small"):
        _terms(typed)
        beside()
    if now.error is not None:
        _point_at(now.error, typed)
        _suggest(typed, codes)
    _widgets(now, codes, query_text.generation(query_text.WIDGETS))


def _box(typed: str) -> None:
    # By its first value, not by its state: a page that is drawn anew meanwhile must not undo what is being typed.
    number = query_text.generation(query_text.BOX)
    key = f"{KEY}-{number}"
    st.text_input(
        t("Find jobs"),
        typed,
        key=key,
        placeholder=EXAMPLE if discretion.withheld() else f"{EXAMPLE} cost:>0.2",
        type="search",
        on_change=lambda: query_text.put_typed(st.session_state[key], number),
        icon=":material/search:",
    )


def _terms(typed: str) -> None:
    """What the box understands, each a click away."""
    with st.popover(t("Terms"), icon=":material/help:"):
        st.markdown(t("A job's id, a user's alias or key, words of an error message, and any of these:"))
        offered = {name: words for name, words in DESCRIPTIONS.items() if name not in discretion.withheld()}
        for name, description in offered.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                begun = f"{typed} {name}:".strip()
                st.button(f"{name}:", key=f"term-{name}", type="tertiary", on_click=query_text.put, args=(begun,))
                st.caption(plain(t(description)), width="content")


def _point_at(error: OpsError, typed: str) -> None:
    """The text with a mark below the offending place, and what is wrong with it."""
    if isinstance(error, FilterError):
        mark = " " * _width(typed[: error.position]) + "^" * max(1, _width(error.text_in(typed)))
        st.code(f"{typed}\n{mark}", language=None)
    st.markdown(f":red[:material/error: {plain(translated_error(error))}]")


def _width(text: str) -> int:
    """Columns in a face of fixed width, in which East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _suggest(typed: str, codes: Sequence[str]) -> None:
    found = filter_suggestions.suggestions(typed, None, {"error": codes}, discretion.withheld())[:SUGGESTED]
    if not found:
        return
    with st.container(horizontal=True, gap="xsmall"):
        for position, one in enumerate(found):
            _suggestion(position, one)


def _suggestion(position: int, one: Suggestion) -> None:
    st.button(
        one.label,
        key=f"suggestion-{position}",
        on_click=query_text.put,
        args=(one.text,),
        help=one.description or None,
    )


def _widgets(now: Asked, codes: Sequence[str], number: int) -> None:
    wanted, off = now.filter, now.error is not None
    lists = {
        "statuses": (t("Status"), (*OPEN, *FINISHED), wanted.statuses),
        "errors": (t("Error"), codes, wanted.errors),
        "steps": (t("Step"), steps.STEPS, wanted.steps),
        "kinds": (t("Kind of work"), KINDS, wanted.kinds),
    }
    with st.grid(len(lists) + 1, min_column_width=150):
        for field, (label, options, chosen) in lists.items():
            key = f"{KEY}-{field}-{number}"
            st.session_state[key] = list(chosen)
            st.multiselect(
                label,
                list(dict.fromkeys((*options, *chosen))),
                key=key,
                placeholder=t("Any"),
                on_change=lambda field=field, key=key: query_text.put_field(
                    field, tuple(st.session_state[key]), number
                ),
                disabled=off,
            )
        _span(now, number)


def _span(now: Asked, number: int) -> None:
    key = f"{KEY}-since-{number}"
    named = next((name for name, span in SPANS.items() if span == now.filter.since), OTHER)
    st.session_state[key] = named

    def changed() -> None:
        if (chosen := st.session_state[key]) != OTHER:
            query_text.put_field("since", SPANS[chosen], number)

    st.selectbox(
        t("Last change"),
        [*SPANS, OTHER] if named == OTHER else list(SPANS),
        format_func=_span_words,
        key=key,
        on_change=changed,
        disabled=now.error is not None,
        help=t("Of jobs created at most {span} before, since only that is indexed.", span=duration(LOOKBACK)),
    )


def _span_words(name: str) -> str:
    words: dict[str, Callable[[], str]] = {
        "any": lambda: t("Any time"),
        "1h": lambda: t("Last hour"),
        "3h": lambda: t("Last 3 hours"),
        "24h": lambda: t("Last 24 hours"),
        "3d": lambda: t("Last 3 days"),
        "7d": lambda: t("Last 7 days"),
        OTHER: lambda: t("As in the box"),
    }
    return words[name]()
