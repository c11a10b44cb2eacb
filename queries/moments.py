"""Moments as a filter writes them: 2h (ago), 12:00 (today), 2026-11-23, 2026-11-23T09:00 (the reader's zone)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from queries.job_filter import Moment

# PostgreSQL's clock less a century is still a time that it can tell.
LONGEST_AGO = timedelta(days=36_525)

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_MICROSECOND = timedelta(microseconds=1)
_AGO = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,6})?)([wdhms])")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(rf"{_DATE.pattern}[Tt ]{_TIME.pattern}(?:[Zz]|[+-][0-9]{{2}}:?[0-9]{{2}})?")


def parse_moment(text: str, zone: tzinfo) -> Moment | None:
    """None where the text is no moment. Instants without an offset are the zone's, a day is its first moment."""
    try:
        if found := _AGO.fullmatch(text):
            return _ago(Decimal(found[1]), _UNITS[found[2]])
        if _TIME.fullmatch(text):
            return time.fromisoformat(text.zfill(len(text) + (text.index(":") == 1)))
        if _DATE.fullmatch(text):
            return _instant(datetime.fromisoformat(text), zone)
        if _INSTANT.fullmatch(text):
            return _instant(datetime.fromisoformat(text.upper()), zone)
    except (ValueError, OverflowError):  # no such day or hour, or one outside of the calendar in UTC
        return None
    return None


def parse_day(text: str, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """The first moment of the zone's day and of the day after it; None where the text is no day."""
    if not _DATE.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
        starts = (datetime.combine(one, time.min) for one in (day, day + timedelta(days=1)))
        first, after = (_instant(start, zone) for start in starts)
    except (ValueError, OverflowError):
        return None
    return first, after


def printed_moment(moment: Moment, zone: tzinfo) -> str:
    """What parse_moment() reads as the same moment."""
    if isinstance(moment, timedelta):
        return _printed_ago(moment)
    if isinstance(moment, time):
        return _printed_time(moment)
    local = _local(moment, zone)
    if local is None:
        utc = moment.astimezone(UTC)
        return f"{utc.date().isoformat()}T{_printed_time(utc.time())}Z"
    if local.time() == time.min:
        return local.date().isoformat()
    return f"{local.date().isoformat()}T{_printed_time(local.time())}"


def _ago(number: Decimal, unit: timedelta) -> timedelta:
    ago = int(number * (unit // _MICROSECOND)) * _MICROSECOND
    if ago > LONGEST_AGO:
        raise OverflowError
    return ago


def _instant(moment: datetime, zone: tzinfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _local(instant: datetime, zone: tzinfo) -> datetime | None:
    """The zone's wall clock, None where it shows this time twice and means the other one, or has no such year."""
    try:
        local = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        return local if _instant(local, zone) == instant else None
    except OverflowError:
        return None


def _printed_ago(ago: timedelta) -> str:
    for name, unit in _UNITS.items():
        if name != "w" and ago and not ago % unit:
            return f"{ago // unit}{name}"
    return f"{_seconds(ago)}s"


def _seconds(ago: timedelta) -> str:
    whole, part = divmod(ago // _MICROSECOND, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0") if part else str(whole)


def _printed_time(clock: time) -> str:
    return clock.isoformat("auto" if clock.second or clock.microsecond else "minutes")
