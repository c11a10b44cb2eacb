"""Money by day, hour and part, read from wherever, is what pandas makes of the raw rows, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from actions import migrations
from dashboard import connections, cost_totals, fetch
from dashboard.usage_totals import day_span, range_span
from queries import costs
from queries.cost_models import CostDay, CostPart, CostTally, Fate, total
from queries.models import MoneySource
from queries.usage_models import Span
from tests.dashboard.conftest import Configure
from tests.queries import cost_rows, usage_rows
from tests.queries.conftest import run
from tests.queries.rolled import roll
from tests.queries.usage_rows import AROUND, SHARED_HOURS, ZONES, Season

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Over before any clock under which these tests may run.
SPRING = Season(date(2025, 1, 25), date(2025, 3, 9))
AUTUMN = Season(date(2025, 8, 20), date(2025, 11, 2))
Parts = dict[tuple[date, CostPart], CostTally]
Read = Callable[[str, Season], None]


def live(url: str, _: Season) -> None:
    """There is no store."""


def rolled(url: str, season: Season) -> None:
    """Every hour is; what is read of the calls after that is none."""
    migrations.upgrade(url)
    span = Span(day_span(season.first - AROUND, "UTC").since, day_span(season.last + 3 * AROUND, "UTC").until)
    roll(url, connections.aliases(), span)
    run(url, "update cost_events set cost_usd = cost_usd + 1")


def mixed(url: str, season: Season) -> None:
    """Some hours are missing, and some are wrong and known to be."""
    rolled(url, season)
    run(url, "update cost_events set cost_usd = cost_usd - 1")
    wrong = f"extract(hour from hour) in (3, 4, 11) and hour > '{season.change - 5 * DAY}'"
    missing = f"hour >= '{season.last - 30 * DAY}' or extract(day from hour) = 13"
    run(
        url,
        f"update ops.rolled_hours set dirty = true where {wrong}",  # noqa: S608
        f"update ops.hourly_costs set usd = usd + 1000, failed = failed + 1 where {wrong}",  # noqa: S608
        f"delete from ops.rolled_hours where {missing}",  # noqa: S608
        f"delete from ops.hourly_costs where {missing}",  # noqa: S608
    )


@pytest.mark.parametrize(("season", "read"), [(AUTUMN, live), (SPRING, mixed), (AUTUMN, rolled)])
def test_days_hours_and_parts_are_those_of_the_raw_rows(
    configure: Configure, newer_url: str, season: Season, read: Read
) -> None:
    configure(database_url=newer_url)
    cost_rows.fill(newer_url, season)
    calls = cost_rows.fated(newer_url)
    assert set(calls["fate"]) == set(Fate)
    read(newer_url, season)
    for zone in (*ZONES, SHARED_HOURS[0]) if read is live else ZONES:
        _agree(calls, season, zone)


def _agree(calls: pd.DataFrame, season: Season, zone: str) -> None:
    span = range_span(season.first, season.last, zone)
    by_day = cost_totals.by_day(span, zone)
    expected = _by_part(calls, zone, season.first, season.last)
    assert {(one.day, one.part): one.tally for one in by_day.days} == expected
    assert by_day.source is MoneySource.LEDGER
    totals = cost_totals.total_by_day(span, zone)
    summed = {day: total(tally for (on, _), tally in expected.items() if on == day).usd for day in _days(season)}
    assert {one.day: one.usd for one in totals.days} == summed
    assert [one.day for one in totals.days] == _days(season)
    assert totals.unpriced == total(expected.values()).unpriced
    hours = cost_totals.by_hour(span).hours
    assert sum(one.usd for one in hours) == sum(summed.values())
    for day in (season.change, season.last):
        alone = day_span(day, zone)
        assert _usd(cost_totals.by_day(alone, zone).days) == summed[day]
        assert len(cost_totals.by_hour(alone).hours) == -(-(alone.until - alone.since) // HOUR) + _cut(alone)
        if not _cut(alone):
            assert summed[day] == sum(one.usd for one in hours if alone.since <= one.hour < alone.until)


def _by_part(calls: pd.DataFrame, zone: str, first: date, last: date) -> Parts:
    found = calls.assign(day=pd.to_datetime(calls["occurred_at"], utc=True).dt.tz_convert(zone).dt.date)
    found = found[(found["day"] >= first) & (found["day"] <= last)]
    parts: Parts = {}
    groups: Any = found.groupby(["day", "provider", "kind", "step", "fate", "code"])
    for (day, *part), own in groups:
        priced = own["cost_usd"].dropna()
        failed, unpriced = int((~own["succeeded"].astype(bool)).sum()), len(own) - len(priced)
        tally = CostTally(Decimal(len(own)), failed, unpriced, sum(priced, Decimal(0)))
        provider, kind, step, fate, code = part
        parts[day, CostPart(provider, kind, step, Fate(fate), code)] = tally
    return parts


def _days(season: Season) -> list[date]:
    return [season.first + number * DAY for number in range(90)]


def _cut(span: Span) -> bool:
    return bool(span.since.minute)


def _usd(days: tuple[CostDay, ...]) -> Decimal:
    return total(one.tally for one in days).usd


def test_a_day_without_money_is_one_of_nothing_and_before_the_first_call_there_is_none(
    configure: Configure, newer_url: str
) -> None:
    configure(database_url=newer_url)
    for number, price in (("1", "0.25"), ("4", "null")):
        run(newer_url, _CALL.format(number=number, usd=price))
    found = cost_totals.total_by_day(range_span(date(2025, 5, 1), date(2025, 5, 6), "UTC"), "UTC")
    assert [(one.day.day, float(one.usd)) for one in found.days] == [(2, 0.25), (3, 0), (4, 0), (5, 0), (6, 0)]
    assert found.unpriced == 1
    until = datetime.now(UTC)
    hours = cost_totals.by_hour(Span(until - HOUR, until + DAY)).hours
    assert 1 <= len(hours) <= 2 + 1, "those to come are not there"


_CALL = """
insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome, units,
                         cost_usd)
values ('{number}', timestamptz '2025-05-01 10:00Z' + {number} * interval '1 day', null, 1, 'p', 'llm', 'm', 's',
        'succeeded', 1, {usd})
"""
PRICES_CHANGED = [
    {"since": "2025-09-01", "per_llm_call": "0.01", "per_image": "0.04"},
    {"since": "2025-11-02", "per_llm_call": "0.02", "images_per_book": 10},
]


def test_without_a_ledger_it_is_estimated_by_the_prices_of_the_day(configure: Configure, older_url: str) -> None:
    here = configure(database_url=older_url, price_versions=json.dumps(PRICES_CHANGED))
    usage_rows.fill(older_url, AUTUMN, newer=False)
    migrations.upgrade(older_url)
    aside = Span(*(datetime(2025, month, 1, tzinfo=UTC) for month in (9, 11)))
    roll(older_url, connections.aliases(), aside)
    zone = "America/New_York"
    span = range_span(date(2025, 8, 29), date(2025, 11, 4), zone)
    found = cost_totals.by_day(span, zone)
    assert found.source is MoneySource.ESTIMATED
    assert found.reading.rolled > 60 * DAY
    with connections.jobs().connect() as connection:
        statement = "select id, status, error_code from jobs where created_at >= %s and created_at < %s"
        rows = connection.exec_driver_sql(statement, (span.since, span.until)).all()
    spent = fetch.database(costs.spent_by_job, here.price_history, tuple(row.id for row in rows)).value
    by_fate = {fate: Decimal(0) for fate in Fate}
    for job, status, code in rows:
        by_fate[_fate(status, code or "")] += spent[job].usd or Decimal(0)
    told = {fate: _usd(tuple(one for one in found.days if one.part.fate is fate)) for fate in Fate}
    assert told == by_fate
    assert min(told[fate] for fate in (Fate.USED, Fate.FAILED, Fate.REFUSED, Fate.CANCELLED, Fate.OPEN)) > 0
    assert {(one.part.provider, one.part.kind, one.part.step) for one in found.days} == {
        ("", "llm", ""),
        ("", "image", ""),
    }
    assert {one.part.error_code for one in found.days} >= {"", "SAFETY_INPUT", "IMAGE_FAILED"}
    before = total(one.tally for one in found.days if one.day < date(2025, 8, 31))
    assert before.usd == 0 < before.unpriced
    totals = cost_totals.total_by_day(span, zone)
    assert sum(one.usd for one in totals.days) == sum(told.values())
    assert sum(one.usd for one in cost_totals.by_hour(span).hours) == sum(told.values())


def _fate(status: str, code: str) -> Fate:
    if status == "failed":
        return Fate.REFUSED if code.startswith("SAFETY_") else Fate.FAILED
    return {"done": Fate.USED, "cancelled": Fate.CANCELLED}.get(status, Fate.OPEN)


def test_without_ledger_and_prices_nothing_is_told(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url)
    span = day_span(date(2026, 11, 22), "UTC")
    assert cost_totals.source() is MoneySource.NONE
    assert cost_totals.by_day(span, "UTC").days == ()
    assert cost_totals.total_by_day(span, "UTC").days == ()
    assert cost_totals.by_hour(span).hours == ()
