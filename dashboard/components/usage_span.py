"""Which days the Usage page is about, and in which zone they begin; both live in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import fetch, links, usage_totals
from dashboard.components import filters
from dashboard.components.formatting import Zone
from dashboard.components.notices import guarded, ignored_parameters
from dashboard.connections import settings
from dashboard.i18n import t
from queries import clock
from queries.errors import OpsError
from queries.usage_models import Span

TODAY, YESTERDAY, DATE = "today", "yesterday", "date"
# Days of a range, today included.
RANGES = {"7d": 7, "30d": 30, "90d": 90}
ZONE_PIXELS = 260
ONE_DAY = timedelta(days=1)
# Earlier days are in no roll-up and hardly in any jobs table; reading one live would take long to say so.
OLDEST = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Days:
    """From first to last day, both whole, in zone (IANA name). today is the zone's, now the database's clock."""

    first: date
    last: date
    zone: str
    today: date
    now: datetime

    @property
    def span(self) -> Span:
        return usage_totals.range_span(self.first, self.last, self.zone)

    @property
    def single(self) -> bool:
        return self.first == self.last

    @property
    def unfinished(self) -> bool:
        """Whether the last day goes on."""
        return self.last >= self.today

    @property
    def limited(self) -> bool:
        """Whether this is one day of the service, in which its daily limits count."""
        return self.single and self.zone == settings().service_timezone

    @property
    def named_zone(self) -> Zone:
        return Zone(self.zone, ZoneInfo(self.zone))

    def back(self, days: int) -> Days:
        """As many days up to the last one, at least those that there are."""
        first = min(self.first, self.last - (days - 1) * ONE_DAY)
        return Days(first, self.last, self.zone, self.today, self.now)

    def each(self) -> Sequence[date]:
        """The days, oldest first."""
        return [self.first + number * ONE_DAY for number in range((self.last - self.first).days + 1)]

    def start(self, day: date) -> datetime:
        """The first moment of a day (UTC)."""
        return usage_totals.day_span(day, self.zone).since

    def resets_in(self) -> timedelta | None:
        """Until the limits of the service's day count anew; None unless this is that day."""
        return self.span.until - self.now if self.limited and self.unfinished else None


def asked() -> Days:
    """The days that the address says, now; today in the service's zone where it says nothing."""
    name, day, zone = _address()
    now = moment()
    today = now.astimezone(ZoneInfo(zone)).date()
    if day is not None:
        return Days(day, day, zone, today, now)
    last = today - ONE_DAY if name == YESTERDAY else today
    return Days(last - (RANGES.get(name, 1) - 1) * ONE_DAY, last, zone, today, now)


def lately(number: int) -> Days:
    """So many days of the service up to today, whatever the address says."""
    zone = settings().service_timezone
    now = moment()
    today = now.astimezone(ZoneInfo(zone)).date()
    return Days(today - (number - 1) * ONE_DAY, today, zone, today, now)


def choose() -> None:
    """The choices, and what of the address was not understood."""
    span, day = links.choice(links.SPAN, (TODAY, YESTERDAY, *RANGES), TODAY), _day()
    ignored_parameters([*span.rejected, *day.rejected])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state[links.SPAN] = span.value if day.value is None else DATE
        st.radio(
            t("Days"),
            [TODAY, YESTERDAY, *RANGES, DATE],
            format_func=words,
            key=links.SPAN,
            on_change=_span_into_address,
            horizontal=True,
            label_visibility="collapsed",
        )
        if day.value is not None:
            _choose_date(day.value)
        choose_zone()


def choose_zone() -> None:
    """The choice of the zone in which days begin."""
    with st.container(width=ZONE_PIXELS):
        filters.one(t("Days of"), links.ZONE, zones(), _zone_words)


def words(name: str) -> str:
    """A choice of days as a person says it."""
    known = {TODAY: t("Today"), YESTERDAY: t("Yesterday"), DATE: t("A day")}
    return known.get(name) or t("{n} days", n=RANGES[name])


def zones() -> tuple[str, ...]:
    """The zones to choose from, that of the service's day first."""
    here = settings()
    return tuple(dict.fromkeys((here.service_timezone, here.timezone, "UTC")))


def _zone_words(zone: str) -> str:
    return t("{zone} (the limits' day)", zone=zone) if zone == settings().service_timezone else zone


def _choose_date(day: date) -> None:
    newest = _today(asked_zone())
    st.session_state[links.DAY] = day
    st.date_input(
        t("Day"),
        min_value=newest - OLDEST,
        max_value=newest,
        key=links.DAY,
        on_change=_day_into_address,
        format="YYYY-MM-DD",
        width=150,
    )


def _address() -> tuple[str, date | None, str]:
    return links.choice(links.SPAN, (TODAY, YESTERDAY, *RANGES), TODAY).value, _day().value, asked_zone()


def asked_zone() -> str:
    """The zone that the address says, else the service's."""
    return links.choice(links.ZONE, zones(), settings().service_timezone).value


def _day() -> links.Parameter[date | None]:
    """A day that is not to come."""
    newest = _today(asked_zone())

    def read(text: str) -> date | None:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return day if newest - OLDEST <= day <= newest else None

    return links.parsed(links.DAY, read)


def _today(zone: str) -> date:
    return moment().astimezone(ZoneInfo(zone)).date()


def moment() -> datetime:
    """The database's clock. While it does not answer, what asks it for more says so."""
    answer = guarded(lambda: fetch.database(clock.now))
    return datetime.now(UTC) if isinstance(answer, OpsError) else answer.value


def _span_into_address() -> None:
    picked = st.session_state[links.SPAN]
    links.put(links.DAY, (_today(asked_zone()) - ONE_DAY).isoformat() if picked == DATE else None)
    links.put(links.SPAN, None if picked in {TODAY, DATE} else picked)


def _day_into_address() -> None:
    links.put(links.DAY, st.session_state[links.DAY].isoformat())
