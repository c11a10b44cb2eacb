"""Where usage was read from, what it cost, and which days it is of, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from babel.dates import format_skeleton

from dashboard import usage_totals
from dashboard.components import staleness
from dashboard.components.formatting import ago, duration, money, plain
from dashboard.components.usage_span import Days
from dashboard.components.verdicts import State, Verdict
from dashboard.i18n import locale, t, tn, translated_error
from dashboard.usage_totals import Reading
from queries.models import MoneySource
from queries.usage_models import Tally


def source(reading: Reading) -> str:
    """Freshness and origin: "3 s ago · roll-up, the other 40 min live", "stale: 7 min old (02:13) · database"."""
    if reading.stale:
        return t("{when} · database", when=staleness.old(reading.at))
    when = ago(reading.at, datetime.now(UTC))
    if reading.rolled <= timedelta(0):
        return t("{when} · database, live", when=when)
    if reading.live <= timedelta(0):
        return t("{when} · roll-up", when=when)
    return t("{when} · roll-up, the other {live} live", when=when, live=duration(reading.live))


def unrolled(reading: Reading) -> list[Verdict]:
    """A quiet word where the roll-up could not be read, so that everything took longer."""
    if reading.problem is None:
        return []
    why = plain(translated_error(reading.problem))
    return [Verdict(State.NO_DATA, t("All of this was read live, which takes longer."), why)]


def spent(tally: Tally) -> tuple[str, str]:
    """What it cost, and what there is to know of that. Raises DatabaseError."""
    found = usage_totals.usd(tally)
    if found.usd is None:
        return money(None), t("not offered by this service")
    notes = [t("estimated from the price list")] if found.source is MoneySource.ESTIMATED else []
    if found.unpriced:
        notes.append(tn("{n} call unpriced", "{n} calls unpriced", found.unpriced))
    return money(found.usd), " · ".join(notes)


def day(one: date) -> str:
    """A day of the year: "Nov 23"."""
    return str(format_skeleton("MMMd", datetime(one.year, one.month, one.day), locale=locale()))  # noqa: DTZ001


def days(chosen: Days) -> str:
    """The days as part of a sentence: "today", "on Nov 21", "from Nov 17 to Nov 23"."""
    if not chosen.single:
        return t("from {first} to {last}", first=day(chosen.first), last=day(chosen.last))
    return t("today") if chosen.unfinished else t("on {day}", day=day(chosen.first))
