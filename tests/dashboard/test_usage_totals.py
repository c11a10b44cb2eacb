"""Whatever is read from where: users, days and the tables themselves agree, in every zone, on every day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from actions import migrations
from dashboard import connections, fetch, usage_totals
from dashboard.settings import Settings
from dashboard.usage_totals import Reading, day_span, range_span
from queries import costs
from queries.aliases import Aliases
from queries.models import MoneySource, Spend
from queries.usage_models import Span, Tally, total
from tests.dashboard.conftest import Configure
from tests.queries.conftest import run
from tests.queries.rolled import roll
from tests.queries.usage_rows import (
    AROUND,
    AUTUMN,
    SHARED_HOURS,
    SPRING,
    ZONES,
    Season,
    database_day,
    fill,
    source,
)

ESTIMATED = MoneySource.ESTIMATED
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Read = Callable[[str, Season], None]


def live(url: str, _: Season) -> None:
    """There is no store."""


def rolled(url: str, season: Season) -> None:
    """Every hour is; that nothing else is read shows when the source is gone."""
    migrations.upgrade(url)
    roll(url, connections.aliases(), _everything(season))


def mixed(url: str, season: Season) -> None:
    """The last third is not, and before that more hours are wrong or missing than there may be runs."""
    rolled(url, season)
    wrong = f"extract(hour from hour) in (3, 4, 11) and hour > '{season.change - 5 * DAY}'"
    missing = f"hour >= '{season.last - 30 * DAY}' or extract(day from hour) = 13"
    run(
        url,
        f"update ops.rolled_hours set dirty = true where {wrong}",  # noqa: S608
        f"update ops.hourly_usage set jobs = jobs + 1000, usd = usd + 1000 where {wrong}",  # noqa: S608
        f"update ops.hourly_kinds set jobs = jobs + 1000, usd = usd + 1000 where {wrong}",  # noqa: S608
        f"delete from ops.rolled_hours where {missing}",  # noqa: S608
        f"delete from ops.hourly_usage where {missing}",  # noqa: S608
        f"delete from ops.hourly_kinds where {missing}",  # noqa: S608
    )


def _everything(season: Season) -> Span:
    return Span(day_span(season.first - AROUND, "UTC").since, day_span(season.last + AROUND, "UTC").until)


@pytest.mark.parametrize("read", [live, rolled, mixed])
@pytest.mark.parametrize("season", [SPRING, AUTUMN])
def test_users_and_days_and_source_agree(configure: Configure, newer_url: str, season: Season, read: Read) -> None:
    configure(database_url=newer_url)
    fill(newer_url, season, newer=True)
    read(newer_url, season)
    for zone in (*ZONES, SHARED_HOURS[0]):
        _agree(newer_url, season, zone, newer=True)


@pytest.mark.parametrize("read", [live, rolled, mixed])
def test_they_agree_on_the_older_deployment_too(configure: Configure, older_url: str, read: Read) -> None:
    configure(database_url=older_url)
    fill(older_url, AUTUMN, newer=False)
    read(older_url, AUTUMN)
    for zone in ZONES:
        _agree(older_url, AUTUMN, zone, newer=False)


def _agree(url: str, season: Season, zone: str, *, newer: bool) -> None:
    span = range_span(season.first, season.last, zone)
    usage = usage_totals.by_user(span)
    days = usage_totals.by_user_and_day(span, zone).days
    kinds = usage_totals.by_kind_and_day(span, zone).days
    assert usage.total == total(one.tally for one in usage.users) == total(one.tally for one in days)
    assert _of_source(usage.total) == source(url, span, newer=newer)
    assert total(one.tally for one in kinds) == _without_rejections(usage.total)
    assert {one.day for one in days} == {season.first + number * DAY for number in range(90)}
    for day in (season.first, season.change - DAY, season.change, season.change + DAY, season.last):
        single = usage_totals.by_user(day_span(day, zone))
        assert {one.digest: one.tally for one in single.users} == {
            one.digest: one.tally for one in days if one.day == day
        }
        assert _of_source(single.total) == source(url, database_day(url, day, zone), newer=newer)
        assert total(one.tally for one in kinds if one.day == day) == _without_rejections(single.total)


def _of_source(tally: Tally) -> Tally:
    """Without the shares of books, which plain SQL does not know."""
    return Tally(
        tally.jobs,
        tally.done,
        tally.failed,
        tally.refused,
        tally.cancelled,
        tally.rejected,
        tally.unpriced,
        tally.usd,
    )


def _without_rejections(tally: Tally) -> Tally:
    return tally + Tally(rejected=-tally.rejected)


@pytest.mark.parametrize(("zone", "read"), [(zone, rolled) for zone in ZONES])
def test_rolled_hours_need_no_source(configure: Configure, newer_url: str, zone: str, read: Read) -> None:
    configure(database_url=newer_url)
    fill(newer_url, AUTUMN, newer=True)
    span = range_span(AUTUMN.first, AUTUMN.last, zone)
    before = usage_totals.by_user(span)
    assert before.reading.problem is not None
    assert (before.reading.rolled, before.reading.live) == (timedelta(0), span.until - span.since)
    new = usage_totals.new_users(span).users
    assert len(new) > 1
    read(newer_url, AUTUMN)
    run(newer_url, "truncate jobs, cost_events, guardrail_rejections")
    fetch.clear()
    after = usage_totals.by_user(span)
    assert (after.users, after.total) == (before.users, before.total)
    assert after.reading == Reading(after.reading.at, rolled=span.until - span.since, live=timedelta(0))
    assert total(one.tally for one in usage_totals.by_user_and_day(span, zone).days) == before.total
    assert usage_totals.new_users(span).users == new


@pytest.mark.parametrize("zone", SHARED_HOURS)
def test_days_that_share_an_hour_are_read_live(configure: Configure, newer_url: str, zone: str) -> None:
    configure(database_url=newer_url)
    fill(newer_url, AUTUMN, newer=True)
    rolled(newer_url, AUTUMN)
    span = range_span(AUTUMN.first, AUTUMN.last, zone)
    days = usage_totals.by_user_and_day(span, zone)
    assert (days.reading.rolled, days.reading.problem) == (timedelta(0), None)
    assert usage_totals.by_user(span).reading.live < 2 * HOUR


def test_the_current_day_is_read_live_from_the_last_rolled_hour_on(configure: Configure, newer_url: str) -> None:
    configure(database_url=newer_url)
    fill(newer_url, AUTUMN, newer=True)
    migrations.upgrade(newer_url)
    middle = day_span(AUTUMN.change, "UTC")
    roll(newer_url, connections.aliases(), Span(middle.since, middle.since + 9 * HOUR))
    found = usage_totals.by_user(middle)
    assert (found.reading.rolled, found.reading.live) == (9 * HOUR, 15 * HOUR)
    assert _of_source(found.total) == source(newer_url, middle)


def test_the_time_before_the_first_job_is_nobodys(configure: Configure, newer_url: str) -> None:
    configure(database_url=newer_url)
    fill(newer_url, AUTUMN, newer=True)
    migrations.upgrade(newer_url)
    middle = day_span(AUTUMN.change, "UTC")
    roll(newer_url, connections.aliases(), middle)
    found = usage_totals.by_user(Span(middle.since - 48 * HOUR, middle.until + 2 * HOUR))
    assert (found.reading.rolled, found.reading.live) == (24 * HOUR, 2 * HOUR)


def test_only_some_users(configure: Configure, newer_url: str) -> None:
    configure(database_url=newer_url)
    fill(newer_url, AUTUMN, newer=True)
    mixed(newer_url, AUTUMN)
    span = range_span(AUTUMN.first, AUTUMN.last, "Asia/Seoul")
    users = {one.digest: one.tally for one in usage_totals.by_user(span).users}
    wanted = tuple(users)[3:7]
    days = usage_totals.by_user_and_day(span, "Asia/Seoul", wanted).days
    for one in wanted:
        assert total(day.tally for day in days if day.digest == one) == users[one]
    assert {day.digest for day in days} == set(wanted)


def test_another_key_of_the_aliases_knows_nothing_of_the_old_hours(configure: Configure, newer_url: str) -> None:
    configure(database_url=newer_url)
    fill(newer_url, AUTUMN, newer=True)
    rolled(newer_url, AUTUMN)
    span = day_span(AUTUMN.change, "UTC")
    assert usage_totals.by_user(span).reading.live == timedelta(0)
    configure(alias_key="another key, with which every digest is another")
    found = usage_totals.by_user(span)
    assert found.reading.rolled == timedelta(0)
    aliases = Aliases("another key, with which every digest is another")
    assert found.users[0].digest in {aliases.digest(f"key-{number}") for number in range(41)} | {
        aliases.digest("edge")
    }


def test_money_is_the_ledgers_or_estimated_or_unknown(
    configure: Configure, newer_url: str, older_url: str
) -> None:
    tally = Tally(jobs=2, unpriced=3, usd=Decimal("1.5"))
    configure(database_url=newer_url)
    assert usage_totals.usd(tally) == Spend(Decimal("1.5"), 3, MoneySource.LEDGER)
    configure(database_url=older_url)
    assert usage_totals.usd(tally) == Spend(None, 0, MoneySource.NONE)
    configure(price_per_image="0.04")
    assert usage_totals.usd(tally) == Spend(Decimal("1.5"), 3, MoneySource.ESTIMATED)


# In the midst of days of every other zone; before the first price calls are unpriced.
PRICES_CHANGED = [
    {"since": "2026-09-01", "per_llm_call": "0.01", "per_image": "0.04"},
    {"since": "2026-11-01", "per_image": "0.05", "images_per_book": 10},
]


def test_estimates_across_changes_of_the_prices_are_the_sums_of_their_days(
    configure: Configure, older_url: str
) -> None:
    here = configure(
        database_url=older_url, service_timezone="Asia/Kathmandu", price_versions=json.dumps(PRICES_CHANGED)
    )
    fill(older_url, AUTUMN, newer=False)
    mixed(older_url, AUTUMN)
    for zone in ("America/New_York", "Asia/Kathmandu"):
        first, last = date(2026, 8, 29), date(2026, 11, 2)
        span = range_span(first, last, zone)
        found = usage_totals.by_user(span)
        days = usage_totals.by_user_and_day(span, zone).days
        kinds = usage_totals.by_kind_and_day(span, zone).days
        each = [
            usage_totals.by_user(range_span(*ends, zone)).total
            for ends in (
                (first, date(2026, 8, 31)),
                (date(2026, 9, 1), date(2026, 9, 1)),
                (date(2026, 9, 2), last),
            )
        ]
        sums = [total(one.tally for one in rows).usd for rows in (found.users, days, kinds)]
        assert sums == [found.total.usd] * 3 == [total(each).usd] * 3
        assert usage_totals.usd(found.total) == Spend(_by_jobs(span, here), found.total.unpriced, ESTIMATED)
        assert found.reading.rolled + found.reading.live == span.until - span.since
        assert found.total.unpriced > each[-1].unpriced == 0


def _by_jobs(span: Span, here: Settings) -> Decimal:
    """The same job by job."""
    created = f"created_at >= '{span.since:%Y-%m-%d %H:%M}' and created_at < '{span.until:%Y-%m-%d %H:%M}'"
    with connections.jobs().connect() as connection:
        ids = connection.exec_driver_sql(f"select id from jobs where {created}").scalars().all()  # noqa: S608
    spent = fetch.database(costs.spent_by_job, here.price_history, tuple(ids)).value
    assert len(spent) == len(ids) > 2_000
    return sum((one.usd for one in spent.values() if one.usd is not None), Decimal(0))


def test_a_range_of_days_is_its_days(configure: Configure) -> None:
    configure(database_url="postgresql://nobody@127.0.0.1:1/none")
    span = day_span(date(2026, 11, 1), "America/New_York")
    assert span.until - span.since == 25 * HOUR
    assert range_span(date(2026, 11, 1), date(2026, 11, 1), "America/New_York") == span
