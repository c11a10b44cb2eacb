"""The change of a limit that somebody thinks about: limit and value in the address, reason and duration beside."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import uuid4

import streamlit as st

from actions.answers import Guardrail, Guardrails
from dashboard import links
from dashboard.components import guardrail_now
from dashboard.components.guardrail_words import is_money
from dashboard.components.notices import ignored_parameters
from dashboard.i18n import t, tn

REASON, LASTS = "guardrail-reason", "guardrail-lasts"
DAY = "day"
# For good, for hours, until the end of the service's day.
DURATIONS = ("", "1", "4", "8", "24", DAY)
# More digits than any limit has; fewer than a float keeps apart.
MOST_DIGITS = 12
_SEEN, _OPENED = "guardrail-seen", "guardrail-opened"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the editor shows. now: the limits as they are; seen: as they were when the editing began.

    value is None where nothing is typed. lasts is one of DURATIONS.
    """

    limit: str
    now: Guardrails
    seen: Guardrails
    value: Decimal | None
    lasts: str = ""

    @property
    def rail(self) -> Guardrail:
        return self.now.limits[self.limit]

    @property
    def out_of_bounds(self) -> bool:
        least, most, value = self.rail.min, self.rail.max, self.value
        return value is not None and ((least is not None and value < least) or (most is not None and value > most))

    @property
    def nothing_new(self) -> bool:
        """Whether it is what holds already."""
        return self.value == self.rail.value and not self.lasts and self.rail.expires_at is None

    @property
    def moved(self) -> tuple[str, ...]:
        """The limits that somebody changed since the editing began."""
        before, after = self.seen.limits, self.now.limits
        return tuple(name for name in after if _held(before.get(name)) != _held(after[name]))


def _held(rail: Guardrail | None) -> tuple[object, ...] | None:
    return None if rail is None else (rail.value, rail.expires_at)


def open(limit: str, value: Decimal | None = None, reason: str = "") -> None:
    """Have the editor open for this limit; for a button's callback."""
    links.put(links.LIMIT, limit)
    links.put(links.VALUE, _plain(value))
    for kept in (_SEEN, LASTS, value_key(limit)):
        st.session_state.pop(kept, None)
    st.session_state[REASON] = reason
    st.session_state[_OPENED] = str(uuid4())


def close() -> None:
    """Forget what was thought about; for a button's callback."""
    for name in (links.LIMIT, links.VALUE):
        links.put(name, None)
    for kept in (_SEEN, LASTS, REASON):
        st.session_state.pop(kept, None)


def occasion(limit: str) -> str:
    """Differs each time the editor is opened."""
    return str(st.session_state.get(_OPENED, f"link to {limit}"))


def asked(limits: Collection[str]) -> str:
    """The limit that the address names; "" where it names none of these."""
    said = links.choice(links.LIMIT, [*limits], "")
    ignored_parameters(list(said.rejected))
    return said.value


def value_key(limit: str) -> str:
    """The widget that holds the value."""
    return f"guardrail-value-{limit}"


def value(limit: str, now: Guardrails) -> Decimal | None:
    """The number that is thought about: what is typed, at first the address's, else the one that holds."""
    rail, key = now.limits[limit], value_key(limit)
    whole = is_whole(limit, rail)
    kind = int if whole else float
    if key not in st.session_state:  # nothing is typed, or not on this visit: what is seen now counts
        said = links.parsed(links.VALUE, lambda text: _read(text, whole=whole))
        ignored_parameters(list(said.rejected))
        st.session_state[_SEEN] = now
        st.session_state[key] = kind(rail.value if said.value is None else said.value)
    # Without the bounds, which would drop what is out of them without a word.
    number = st.number_input(t("Proposed"), value=None, step=kind(1), key=key, width=200)
    typed = None if number is None else Decimal(str(number))
    # Not in a callback: what is typed and pressed in one go brings along an address that is older than both.
    links.put(links.VALUE, None if typed == rail.value else _plain(typed))
    return typed


def seen(now: Guardrails) -> Guardrails:
    """The limits as they were when the editing began."""
    found: Guardrails = st.session_state.setdefault(_SEEN, now)
    return found


def duration() -> str:
    """How long the value shall hold."""
    return str(st.selectbox(t("How long"), DURATIONS, format_func=duration_words, key=LASTS, width=260))


def duration_words(lasts: str) -> str:
    if not lasts:
        return t("For good")
    return t("Until the end of the service's day") if lasts == DAY else tn("{n} hour", "{n} hours", int(lasts))


def ends(lasts: str, now: datetime) -> datetime | None:
    """When a value that holds from now on runs out; None for good."""
    if not lasts:
        return None
    return guardrail_now.day_ends(now) if lasts == DAY else now + timedelta(hours=int(lasts))


def is_whole(limit: str, rail: Guardrail) -> bool:
    """Whether only whole numbers make sense."""
    known = (number for number in (rail.value, rail.min, rail.max, rail.default) if number is not None)
    return not is_money(limit, rail) and all(number == number.to_integral_value() for number in known)


def _read(text: str, *, whole: bool) -> Decimal | None:
    try:
        number = Decimal(text) if len(text) <= MOST_DIGITS and text.isascii() else Decimal("nan")
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= 10**MOST_DIGITS:
        return None
    return None if whole and number != number.to_integral_value() else number


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"
