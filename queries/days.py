"""Days of a time zone: when they begin, which may be 23 or 25 hours before the next one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def midnight(day: date, timezone: str) -> datetime:
    """When the day begins in timezone (IANA name), as a UTC instant; its first moment where there is no 00:00."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


def days(timezone: str, since: datetime, until: datetime) -> tuple[date, ...]:
    """The days of timezone that [since, until) touches, oldest first."""
    first = since.astimezone(ZoneInfo(timezone)).date()
    last = (until - timedelta.resolution).astimezone(ZoneInfo(timezone)).date()
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))
