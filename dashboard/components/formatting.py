"""Numbers, money, times and foreign text as a person reads them, in the person's language."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from babel.dates import format_datetime, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from actions.reasons import cleaned
from dashboard import discretion
from dashboard.i18n import locale, t

NOTHING = "–"
_CENT = Decimal("0.01")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")
# Where the browser would make icons, emoji, links or arrows of what the backslashes have left as text: nothing at
# all stands in between, which nobody sees and nobody copies.
_LATER = re.compile(
    r"(?<=:)(?=//|material[/_]|[\w+-]+:)|(?<=@)|(?<=www)(?=\.)|(?<=[-<>~])(?=[-=>])", re.IGNORECASE
)
NOTHING_AT_ALL = ":small[]"
MOST_UNITS = 2
SECONDS_MATTER_BELOW = 10  # minutes
_SECONDS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class Zone(NamedTuple):
    """The zone that times are shown in, with the name that stands beside them."""

    name: str
    info: tzinfo


def count(number: int | float | None) -> str:
    """A whole number with the language's grouping; a dash for None."""
    return NOTHING if number is None else str(format_decimal(number, "#,##0", locale=locale()))


def percent(share: float | None, *, digits: int = 1) -> str:
    """A share of 0-1 as a percentage; a dash for None."""
    if share is None:
        return NOTHING
    pattern = "#,##0." + "#" * digits + " %"
    return str(format_percent(share, pattern, locale=locale()))


def money(usd: Decimal | None) -> str:
    """US dollars to the cent; a positive amount below one cent never reads as nothing. A mark in its place where
    amounts are hidden.
    """
    if usd is None:
        return NOTHING
    if not discretion.money_shown():
        return discretion.HIDDEN
    if 0 < usd < _CENT:
        return "< " + str(format_currency(_CENT, "USD", locale=locale()))
    return str(format_currency(usd, "USD", locale=locale()))


def duration(span: timedelta | None) -> str:
    """The two largest units that matter: "41 min", "6 min 10 s", "3 days 4 hr"."""
    if span is None:
        return NOTHING
    left = max(0, round(span.total_seconds()))
    parts: list[str] = []
    for size, unit in _SECONDS:
        amount, left = divmod(left, size)
        if amount:
            parts.append(str(format_unit(amount, f"duration-{unit}", "short", locale=locale())))
            if len(parts) == MOST_UNITS or (unit == "minute" and amount >= SECONDS_MATTER_BELOW):
                break
        elif parts:
            break
    return " ".join(parts) or str(format_unit(0, "duration-second", "short", locale=locale()))


def ago(instant: datetime, now: datetime) -> str:
    """How long before now an instant was: "12 s ago"."""
    if now - instant < timedelta(seconds=2):
        return t("just now")
    return t("{duration} ago", duration=duration(now - instant))


def clock(instant: datetime, zone: Zone, *, now: datetime | None = None) -> str:
    """The time of day in the zone, with the date where it is another day than now's."""
    local = _local(instant, zone)
    same_day = now is not None and now.astimezone(zone.info).date() == local.date()
    time = str(format_datetime(local, "HH:mm", locale=locale()))
    return time if same_day else f"{format_skeleton('MMMd', local, locale=locale())} {time}"


def exact(instant: datetime, zone: Zone) -> str:
    """An instant to the second with its zone's name, for hovers and details."""
    return f"{_local(instant, zone):%Y-%m-%d %H:%M:%S} {zone.name}"


def _local(instant: datetime, zone: Zone) -> datetime:
    """The zone's wall clock; the instant as it is, where that lies beyond the end of the calendar."""
    try:
        return instant.astimezone(zone.info)
    except OverflowError:
        return instant


def plain(text: str) -> str:
    """Text from outside for use inside markdown: one line, not interpreted, without marks that reorder others.

    Also without amounts of money, where those are hidden.
    """
    line = discretion.told(" ".join(cleaned(text).split()))
    return NOTHING_AT_ALL.join(_MARKDOWN.sub(r"\\\1", piece) for piece in _LATER.split(line))
