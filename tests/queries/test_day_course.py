"""The course of a day: shares, wall-clock times across changes of the clock, and sums that lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.cost_models import DayUsd, HourUsd
from queries.day_course import SHARE_LEAST, projected, share_by_now, up_to_now, weekday_median
from queries.days import midnight

NEW_YORK, SEOUL, KOLKATA = "America/New_York", "Asia/Seoul", "Asia/Kolkata"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Amounts = Callable[[datetime], int]


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hours(since: datetime, until: datetime, usd: Amounts | int = 1) -> list[HourUsd]:
    """Of all hours that begin before until; its own may be unfinished."""
    first = since.replace(minute=0)
    number = -((first - until) // HOUR)
    each = [first + at * HOUR for at in range(number)]
    return [HourUsd(hour, Decimal(usd(hour) if callable(usd) else usd)) for hour in each]


def by_now(found: tuple[DayUsd, ...]) -> dict[str, Decimal]:
    return {one.day.isoformat(): one.usd for one in found}


def test_each_day_up_to_the_wall_clock_when_the_clock_falls_back() -> None:
    # New York, 1 November 2026 has 25 hours: 01:00 comes twice.
    now = local("2026-11-03T12:00", NEW_YORK)
    found = up_to_now(hours(local("2026-10-30T00:00", NEW_YORK), now), now, NEW_YORK)
    assert by_now(found) == {"2026-10-30": 12, "2026-10-31": 12, "2026-11-01": 13, "2026-11-02": 12}


def test_each_day_up_to_the_wall_clock_when_the_clock_springs_forward() -> None:
    # New York, 8 March 2026 has 23 hours: there is no 02:00.
    now = local("2026-03-09T12:00", NEW_YORK)
    found = up_to_now(hours(local("2026-03-07T00:00", NEW_YORK), now), now, NEW_YORK)
    assert by_now(found) == {"2026-03-07": 12, "2026-03-08": 11}


def test_an_unfinished_hour_is_held_against_as_much_of_the_others() -> None:
    now = local("2026-11-23T09:15", SEOUL)
    found = up_to_now(hours(local("2026-11-20T00:00", SEOUL), now, 4), now, SEOUL)
    assert by_now(found) == {"2026-11-20": 37, "2026-11-21": 37, "2026-11-22": 37}


def test_a_day_begins_within_an_hour_where_the_zone_says_so() -> None:
    # 00:00 in Kolkata is 18:30 UTC.
    now = local("2026-11-23T06:00", KOLKATA)
    found = up_to_now(hours(local("2026-11-20T00:00", KOLKATA) - HOUR, now, 2), now, KOLKATA)
    assert by_now(found) == {"2026-11-20": 12, "2026-11-21": 12, "2026-11-22": 12}


def test_the_unfinished_hour_that_a_midnight_cut_belongs_to_both_by_the_time_that_is_over() -> None:
    # 18:45 UTC: of what 18:00 to 18:45 spent, two thirds were yesterday's.
    now = local("2026-11-23T00:15", KOLKATA)
    spent = hours(local("2026-11-22T00:00", KOLKATA) - HOUR, now, lambda hour: 9 if now - hour < HOUR else 0)
    assert [float(one.usd) for one in up_to_now(spent, now, KOLKATA)] == [0]
    assert share_by_now(spent, now, KOLKATA) == pytest.approx(15 / 1440)


def test_days_that_began_before_the_hours_are_left_out() -> None:
    now = local("2026-11-23T09:00", SEOUL)
    assert [one.day.day for one in up_to_now(hours(now - 50 * HOUR, now), now, SEOUL)] == [22]
    assert up_to_now(hours(now - 5 * HOUR, now), now, SEOUL) == ()
    assert up_to_now([], now, SEOUL) == ()


def test_hours_that_are_left_out_spent_nothing() -> None:
    now = local("2026-11-23T12:00", SEOUL)
    every = hours(local("2026-11-01T00:00", SEOUL), now, lambda hour: hour.hour % 3)
    assert up_to_now([one for one in every if one.usd], now, SEOUL) == up_to_now(every, now, SEOUL)[1:]


def test_the_share_is_that_of_the_days_before() -> None:
    # All is spent between 09:00 and 17:00.
    now = local("2026-11-23T11:00", SEOUL)

    def office(hour: datetime) -> int:
        return 5 if 9 <= hour.astimezone(ZoneInfo(SEOUL)).hour < 17 else 0

    assert share_by_now(hours(now - 20 * DAY, now, office), now, SEOUL) == pytest.approx(0.25)
    late = local("2026-11-23T18:00", SEOUL)
    assert share_by_now(hours(now - 20 * DAY, late, office), late, SEOUL) == 1


def test_one_dear_day_counts_as_one() -> None:
    now = local("2026-11-23T12:00", "UTC")
    spent = hours(now - 10 * DAY, now, lambda hour: 10_000 if hour == local("2026-11-20T20:00", "UTC") else 1)
    assert 0.4 < share_by_now(spent, now, "UTC") < 0.5


def test_a_weekday_of_its_own_once_there_are_enough() -> None:
    now = local("2026-11-23T12:00", "UTC")

    def usd(hour: datetime) -> int:
        """Mondays spend all before noon, other days all after it."""
        return 1 if (hour.weekday() == 0) == (hour.hour < 12) else 0

    assert share_by_now(hours(now - 45 * DAY, now, usd), now, "UTC") == 1
    assert share_by_now(hours(now - 40 * DAY, now, usd), now, "UTC") == pytest.approx(4 / 28)


@pytest.mark.parametrize(
    ("at", "share"),
    [("2026-11-23T06:00", 6 / 24), ("2026-11-01T12:00", 13 / 25), ("2026-03-08T12:00", 11 / 23)],
)
def test_too_few_days_leave_the_time_that_is_over(at: str, share: float) -> None:
    now = local(at, NEW_YORK)
    for spent in ([], hours(now - 2 * DAY, now), hours(now - 9 * DAY, now, 0)):
        assert share_by_now(spent, now, NEW_YORK) == pytest.approx(share)


def test_a_projection_needs_some_of_the_day() -> None:
    assert projected(Decimal(30), 0.25) == 120
    assert projected(Decimal(30), 1) == 30
    assert projected(Decimal(0), 0.5) == 0
    assert projected(Decimal(30), SHARE_LEAST) is not None
    assert projected(Decimal(30), SHARE_LEAST - 0.001) is None
    assert projected(Decimal(30), 0) is None


def test_the_median_of_the_weekday() -> None:
    monday = date(2026, 11, 23)
    days = [DayUsd(monday - ago * DAY, Decimal(ago)) for ago in range(100)]
    assert weekday_median(days, monday) == Decimal("31.5")
    assert weekday_median(days[:15], monday) == Decimal("10.5")
    assert weekday_median(days[:7], monday) is None


instants = st.datetimes(datetime(2026, 1, 20), datetime(2026, 12, 20)).map(  # noqa: DTZ001 given a zone at once
    lambda at: at.replace(tzinfo=UTC)
)


@settings(max_examples=60, deadline=None)
@given(
    instants,
    st.integers(1, 12),
    st.sampled_from([NEW_YORK, SEOUL, KOLKATA, "UTC", "Australia/Lord_Howe"]),
    st.integers(1, 97),
)
def test_whatever_the_moment(now: datetime, number: int, zone: str, seed: int) -> None:
    spent = hours(now - number * DAY, now, lambda hour: int(hour.timestamp() // 3600) * seed % 101)
    found = up_to_now(spent, now, zone)
    today = now.astimezone(ZoneInfo(zone)).date()
    assert [one.day for one in found] == [today - ago * DAY for ago in range(len(found), 0, -1)]
    assert len(found) in {number - 1, number}
    assert all(one.usd >= 0 for one in found)
    assert 0 <= share_by_now(spent, now, zone) <= 1


@settings(max_examples=60, deadline=None)
@given(
    instants, st.integers(2, 12), st.sampled_from([NEW_YORK, SEOUL, "Europe/Berlin", "UTC"]), st.integers(1, 97)
)
def test_whole_days_add_up_to_the_hours_between_their_midnights(
    at: datetime, number: int, zone: str, seed: int
) -> None:
    day = at.astimezone(ZoneInfo(zone)).date()
    first, today, end = (midnight(day + ahead * DAY, zone) for ahead in (-number, 0, 1))
    spent = hours(first, end, lambda hour: int(hour.timestamp() // 3600) * seed % 101)
    found = up_to_now(spent, end - timedelta.resolution, zone)
    assert [one.day for one in found] == [day - ago * DAY for ago in range(number, 0, -1)]
    between = sum(one.usd for one in spent if first <= one.hour < today)
    # But for the last microsecond of each day.
    assert sum(one.usd for one in found) == pytest.approx(between, abs=Decimal("0.001"))
