"""What is searched for: read from the address, and written there, without a user's key."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard import discretion, links
from dashboard.components import header
from dashboard.components.filters import looks_like_key
from dashboard.components.notices import guarded, ignored_parameters
from dashboard.connections import aliases
from queries import job_language
from queries.errors import OpsError
from queries.job_filter import JobFilter
from queries.qualifiers import DESCRIPTIONS

# A word on its own or as a user: those of the other qualifiers are no keys, however they look.
_WORD = re.compile(rf'(?<!\S)(user:)?(?!(?:{"|".join(DESCRIPTIONS)}):)("?)([^\s"]+)\2(?!\S)')
_DRAWN = "query-drawn"
BOX, WIDGETS = "box", "widgets"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, as it was typed. text is its one canonical form; error says why there is none."""

    typed: str
    filter: JobFilter
    text: str = ""
    error: OpsError | None = None


def asked() -> Asked:
    """What the address asks for; what is no text is told."""
    ignored_parameters(list(links.text(links.QUERY, most=links.MAX_QUERY).rejected))
    found = _read()
    if isinstance(found, OpsError):
        return Asked(typed(), JobFilter(), error=found)
    return Asked(typed(), found, job_language.printed(found, header.zone().info))


def follow(now: Asked) -> None:
    """In a part of the page that runs on its own: draw the whole page anew where the address asks for another."""
    if typed() != now.typed:
        st.rerun()


def typed() -> str:
    """The address's text as somebody wrote it, but for keys, which somebody may have put there by hand."""
    return without_keys(links.text(links.QUERY, most=links.MAX_QUERY).value)


def generation(part: str) -> int:
    """Rises whenever the text was changed past this part of the search (BOX, WIDGETS); part of its keys.

    A browser that has not heard of a change yet would else send old values back, as if a person had chosen them.
    """
    text, number = _drawn(part)
    if text != typed():
        _remember(part, typed(), number + 1)
    return _drawn(part)[1]


def put(text: str) -> None:
    """Ask for this instead; call from a callback."""
    links.put(links.QUERY, text)
    links.put(links.BEFORE, None)


def put_filter(filter: JobFilter) -> None:
    """Ask for this instead; call from a callback."""
    put(job_language.printed(filter, header.zone().info))


def put_typed(text: str, number: int) -> None:
    """Ask for what was typed into the box of this generation; call from its callback."""
    if number == _drawn(BOX)[1]:
        put(without_keys(text.strip()))
        _keep(BOX, text)


def put_field(field: str, value: object, number: int) -> None:
    """Ask for this value of one field; call from the callback of its widget, which is of this generation.

    A click on a page that has not heard of the new widgets yet brings the former ones' values along.
    """
    found = _read() if number == _drawn(WIDGETS)[1] else None
    if isinstance(found, JobFilter) and with_field(found, field, value) != found:
        put_filter(with_field(found, field, value))
        _keep(WIDGETS, typed())


def with_field(filter: JobFilter, field: str, value: object) -> JobFilter:
    """The filter with this value of one of its fields in place of what it had."""
    changed: dict[str, Any] = {field: value}
    return replace(filter, **changed)


def without_keys(text: str) -> str:
    """The text with an alias for each word that looks like a user's key, which must not reach the address."""

    def hidden(found: re.Match[str]) -> str:
        name, _, word = found.groups()
        names_user = name == "user:" and not word.startswith("user-")
        return f"user:{aliases().alias(word)}" if names_user or looks_like_key(word) else found.group()

    return _WORD.sub(hidden, text)


def _read() -> JobFilter | OpsError:
    return guarded(lambda: job_language.parse(typed(), header.zone().info, discretion.withheld()))


def _keep(part: str, text: str) -> None:
    """The part whose callback this is shows the text already: it may stay, and with it the person's focus."""
    _remember(part, text, _drawn(part)[1])


def _drawn(part: str) -> tuple[str, int]:
    """The text that this part was drawn for, and the generation of its widgets."""
    text, number = st.session_state.get(f"{_DRAWN}-{part}", ("", 0))
    return text, number


def _remember(part: str, text: str, number: int) -> None:
    st.session_state[f"{_DRAWN}-{part}"] = (text, number)
