"""What an address may say: the names of its parameters, links that carry them, and reading them without trust."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

import streamlit as st

T = TypeVar("T")

LIVE = "live"
RULE = "rule"
SEARCH = "search"
SORT = "sort"
SNOOZED = "snoozed"
ACTOR = "who"
ACTION = "action"
RESULT = "outcome"
SPAN = "span"
FIND = "find"
BATCH = "batch"
BEFORE = "before"
AFTER = "after"
QUERY = "q"
JOB = "job"
LIMIT = "limit"
VALUE = "value"
USER = "user"
DAY = "day"
ZONE = "zone"
BY = "by"
WEEK = "week"

# More ids than this do not fit into an address that every proxy lets through (8 KB).
MAX_IDS = 100
MAX_TEXT = 200
MAX_QUERY = 1_000
_TOLD = 60


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """What a parameter says, its default where that is nonsense; rejected tells the person what was left out."""

    value: T
    rejected: tuple[str, ...] = ()


def to(url_path: str, **parameters: str | int | Sequence[str] | None) -> str:
    """A relative link to a page with its filters; empty and None parameters are left out."""
    kept = {name: value for name, value in parameters.items() if value not in (None, "", (), [])}
    query = urlencode(kept, doseq=True)
    return f"{url_path or './'}?{query}" if query else url_path or "./"


def to_job(job_id: str) -> str:
    """A relative link to a job's page, which ends in the id."""
    return to("job", **{JOB: job_id})


def put(name: str, value: str | Sequence[str] | None) -> None:
    """Make the address say this, or nothing of that name where the value is empty; call from a callback."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def choice(name: str, options: Sequence[str], default: str) -> Parameter[str]:
    """One of the options."""
    asked = st.query_params.get(name, "")
    if not asked or asked in options:
        return Parameter(asked or default)
    return Parameter(default, (_told(name, asked),))


def several(name: str, options: Sequence[str]) -> Parameter[tuple[str, ...]]:
    """Any of the options, in their order."""
    asked = st.query_params.get_all(name)
    unknown = tuple(_told(name, one) for one in asked if one and one not in options)
    return Parameter(tuple(option for option in options if option in asked), unknown)


def number(name: str, default: int | None, *, least: int = 0, most: int = 2**63 - 1) -> Parameter[int | None]:
    """A whole number within bounds."""
    asked = st.query_params.get(name, "")
    if not asked:
        return Parameter(default)
    # isdecimal: also digits of other scripts, which int() reads; the length keeps int() cheap.
    if asked.isdecimal() and len(asked) <= len(str(most)) and least <= int(asked) <= most:
        return Parameter(int(asked))
    return Parameter(default, (_told(name, asked),))


def parsed(name: str, read: Callable[[str], T | None]) -> Parameter[T | None]:
    """What read makes of the text; None where there is none, or it is nonsense to read."""
    asked = st.query_params.get(name, "")
    value = read(asked) if asked else None
    return Parameter(value, (_told(name, asked),) if asked and value is None else ())


def text(name: str, *, most: int = MAX_TEXT) -> Parameter[str]:
    """Free text, trimmed; without control characters, and not longer than anybody types."""
    asked = st.query_params.get(name, "").strip()
    if len(asked) <= most and asked.isprintable():
        return Parameter(asked)
    return Parameter("", (_told(name, asked),))


def ids(name: str) -> Parameter[tuple[str, ...]]:
    """Up to MAX_IDS different ids, in the address's order, each a repeated parameter."""
    good: dict[str, None] = {}
    rejected: list[str] = []
    for asked in st.query_params.get_all(name):
        if asked.isprintable() and 0 < len(asked) <= _TOLD and len(good) < MAX_IDS:
            good[asked] = None
        elif asked:
            rejected.append(_told(name, asked))
    return Parameter(tuple(good), tuple(rejected))


def _told(name: str, asked: str) -> str:
    printable = "".join(sign if sign.isprintable() else "?" for sign in asked[:_TOLD])
    return f"{name}={printable}{'…' if len(asked) > _TOLD else ''}"
