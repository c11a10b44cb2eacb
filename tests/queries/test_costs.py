"""Money to the ninth decimal: what the ledger says, what is estimated, what nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from queries import costs
from queries.errors import DatabaseError
from queries.models import MoneySource, PriceList, Spend
from queries.price_history import PriceHistory, PricesFrom
from tests.queries.conftest import connect, run

D = Decimal
NONE = PriceList()
PRICES = PriceList(D("0.01"), D("0.04"), images_per_book=10, llm_calls_per_book=4, tts_per_book=D("0.5"))
NEVER, ALWAYS = PriceHistory(), PriceHistory.always(PRICES)
STEPS = (
    "queued", "normalize", "moderate_input", "generate_story", "generate_character_sheet",
    "generate_image_prompts", "generate_images", "moderate_output", "package", "done",
)  # fmt: skip
_count = iter(range(1_000_000))


def spend(url: str, usd: str | None, at: str = "now()", **more: str | int) -> None:
    """One provider call; at is SQL."""
    row = {"job_id": "job", "attempt": 1, "provider": "p", "kind": "llm", "model": "m", "step": "generate_story"}
    row |= {"outcome": "succeeded", "units": 1, "event_id": f"e{next(_count)}"} | more
    values = ", ".join(f"'{value}'" for value in row.values())
    run(
        url,
        f"insert into cost_events ({', '.join(row)}, cost_usd, occurred_at)"  # noqa: S608
        f" values ({values}, {usd or 'null'}, {at})",
    )


def add_job(url: str, name: str, step: str, status: str = "failed", progress: int = 0) -> None:
    run(
        url,
        "insert into jobs (id, status, user_key, current_step, progress, created_at)"  # noqa: S608
        f" values ('{name}', '{status}', 'u', '{step}', {progress}, timezone('utc', now()))",
    )


def midnight(zone: str) -> str:
    return f"date_trunc('day', now(), '{zone}')"


def test_an_empty_ledger_is_zero_and_not_unknown(newer_url: str) -> None:
    with connect(newer_url) as (connection, schema):
        assert costs.spent_today(connection, schema, NONE, "UTC") == Spend(D(0), 0, MoneySource.LEDGER)
        assert costs.spent_by_job(connection, schema, NEVER, ["job"]) == {
            "job": Spend(D(0), 0, MoneySource.LEDGER)
        }


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "America/New_York", "Asia/Kathmandu"])
def test_today_begins_at_the_zones_midnight(newer_url: str, zone: str) -> None:
    spend(newer_url, "0.000000001", midnight(zone))
    spend(newer_url, "0.2", f"{midnight(zone)} + interval '1 microsecond'", outcome="failed")
    spend(newer_url, "99", f"{midnight(zone)} - interval '1 microsecond'")
    spend(newer_url, None, midnight(zone))
    with connect(newer_url) as (connection, schema):
        answer = costs.spent_today(connection, schema, NONE, zone)
    assert answer == Spend(D("0.200000001"), 1, MoneySource.LEDGER)


def test_day_starts_are_true_where_clocks_change(newer_url: str) -> None:
    """PostgreSQL's own arithmetic, with the functions that day_start uses."""
    cases = {
        ("2026-03-08 20:00Z", "America/New_York"): "2026-03-08 05:00Z",
        ("2026-11-01 20:00Z", "America/New_York"): "2026-11-01 04:00Z",
        ("2026-03-29 12:00Z", "Europe/Berlin"): "2026-03-28 23:00Z",
        ("2018-11-04 12:00Z", "America/Sao_Paulo"): "2018-11-04 03:00Z",  # this day began at 01:00
    }
    with connect(newer_url) as (connection, schema):
        statement = str(costs.day_start(schema, "x").compile(connection.engine))
        assert statement.startswith("date_trunc(")
        for (instant, zone), expected in cases.items():
            found = connection.exec_driver_sql(
                "select date_trunc('day', %s::timestamptz, %s) = %s::timestamptz", (instant, zone, expected)
            ).scalar()
            assert found, (instant, zone)


def test_a_zone_that_is_none(newer_url: str) -> None:
    with pytest.raises(DatabaseError, match="time zone"), connect(newer_url) as (connection, schema):
        costs.spent_today(connection, schema, NONE, "Mars/Olympus")


def test_by_hour_without_holes(newer_url: str) -> None:
    hour = "date_trunc('hour', now())"
    spend(newer_url, "1.5", hour)
    spend(newer_url, None, hour)
    spend(newer_url, "2", f"{hour} - interval '2 hours'")
    spend(newer_url, "3", f"{hour} - interval '1 hour 1 microsecond'")
    spend(newer_url, "99", f"{hour} - interval '3 hours 1 microsecond'")
    with connect(newer_url) as (connection, schema):
        found = costs.spent_by_hour(connection, schema, NEVER, 4)
    this = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    assert [usd for _, usd in found] == [D(0), D(5), D(0), D("1.5")]
    assert [start for start, _ in found][-1] in (this, this - timedelta(hours=1))
    assert all(isinstance(usd, Decimal) for _, usd in found)


def test_by_job_over_all_attempts(newer_url: str) -> None:
    spend(newer_url, "0.1", attempt=1, outcome="failed")
    spend(newer_url, "0.2", attempt=2)
    spend(newer_url, None, attempt=2)
    spend(newer_url, "7", job_id="other")
    with connect(newer_url) as (connection, schema):
        found = costs.spent_by_job(connection, schema, NEVER, ["job", "none"])
    assert found["job"] == Spend(D("0.3"), 1, MoneySource.LEDGER)
    assert found["none"] == Spend(D(0), 0, MoneySource.LEDGER)
    assert set(found) == {"job", "none"}


def week(weeks: int, zone: str = "Asia/Seoul") -> str:
    """This weekday's midnight some weeks ago, by the calendar of zone."""
    return f"(date_trunc('day', now() at time zone '{zone}') - interval '{weeks} weeks') at time zone '{zone}'"


def test_the_usual_spend_by_now(newer_url: str) -> None:
    for weeks, usd in ((1, "1"), (2, "2"), (3, "30")):
        spend(newer_url, usd, week(weeks))
        spend(newer_url, "500", f"{week(weeks)} - interval '1 minute'")
        spend(newer_url, "500", f"now() - interval '{weeks} weeks' + interval '3 hours'")
    with connect(newer_url) as (connection, schema):
        found = costs.usual_spend_by_now(connection, schema, "Asia/Seoul")
    assert found == D(2)
    spend(newer_url, "500", f"{week(4)} - interval '1 hour'")  # the ledger goes back far enough: a day of $0
    with connect(newer_url) as (connection, schema):
        assert costs.usual_spend_by_now(connection, schema, "Asia/Seoul") == D("1.5")


def test_one_day_is_no_habit(newer_url: str) -> None:
    spend(newer_url, "1", week(1))
    with connect(newer_url) as (connection, schema):
        assert costs.usual_spend_by_now(connection, schema, "Asia/Seoul") is None


@pytest.fixture
def no_ledger_url(newer_url: str) -> str:
    run(newer_url, "drop table cost_events")
    return newer_url


def test_estimates_by_step_and_by_progress(no_ledger_url: str) -> None:
    expected = {
        "queued": D(0), "normalize": D(0), "moderate_input": D("0.01"), "generate_story": D("0.02"),
        "generate_character_sheet": D("0.03"), "generate_image_prompts": D("0.04"),
        "generate_images": D("0.24"), "moderate_output": D("0.44"), "package": D("0.94"), "done": D("0.94"),
    }  # fmt: skip
    for step in STEPS:
        add_job(no_ledger_url, step, step, progress=50)
    add_job(no_ledger_url, "prose", "표지 그리는 중...", progress=50)
    add_job(no_ledger_url, "odd", "표지 그리는 중...", progress=900)
    with connect(no_ledger_url) as (connection, schema):
        found = costs.spent_by_job(connection, schema, ALWAYS, [*STEPS, "prose", "odd", "nowhere"])
        today = costs.spent_today(connection, schema, PRICES, "Pacific/Kiritimati")
        hours = costs.spent_by_hour(connection, schema, ALWAYS, 2)
    assert {job: spent.usd for job, spent in found.items()} == expected | {"prose": D("0.47"), "odd": D("0.94")}
    assert {spent.source for spent in found.values()} == {MoneySource.ESTIMATED}
    assert today.source is MoneySource.ESTIMATED
    assert sum(usd for _, usd in hours) == sum(expected.values()) + D("1.41")


def test_half_a_price_list_counts_what_it_cannot_price(no_ledger_url: str) -> None:
    add_job(no_ledger_url, "job", "done", "done")
    with connect(no_ledger_url) as (connection, schema):
        half = PriceHistory.always(PriceList(per_image=D("0.04"), images_per_book=10))
        found = costs.spent_by_job(connection, schema, half, ["job"])
        none = costs.spent_today(connection, schema, NONE, "UTC")
    assert found["job"] == Spend(D("0.4"), 4, MoneySource.ESTIMATED)
    assert none == Spend(None, 0, MoneySource.NONE)


def test_an_estimate_takes_the_prices_of_its_day(no_ledger_url: str) -> None:
    """A day is one of the price list's zone; before the first price nobody knows."""
    zone = "Asia/Seoul"
    for name, days in (("before", 2), ("first", 1), ("second", 0)):
        at = f"timezone('utc', {midnight(zone)} - interval '{days} days')"
        run(
            no_ledger_url,
            "insert into jobs (id, status, user_key, current_step, progress, created_at)"  # noqa: S608
            f" values ('{name}', 'done', 'u', 'done', 100, {at})",
        )
    with connect(no_ledger_url) as (connection, schema):
        today = connection.exec_driver_sql(f"select timezone('{zone}', now())::date").scalar_one()
        dear = replace(PRICES, per_image=D("0.05"))
        versions = (PricesFrom(None, NONE), PricesFrom(today - timedelta(days=1), PRICES), PricesFrom(today, dear))
        history = PriceHistory(versions, zone)
        found = costs.spent_by_job(connection, schema, history, ["before", "first", "second"])
        hours = costs.spent_by_hour(connection, schema, history, 72)
        spent = costs.spent_today(connection, schema, history.on(today), zone)
    assert [found[name].usd for name in ("before", "first", "second")] == [None, D("0.94"), D("1.04")]
    assert [usd for _, usd in hours if usd] == [D("0.94"), D("1.04")]
    assert spent.usd == D("1.04")


def book(url: str, name: str, images: int, usd: str = "0.04", attempt: int = 1) -> None:
    """The ledger of a book: three texts at $0.01 and so many images."""
    for step in ("moderate_input", "generate_story", "generate_image_prompts"):
        spend(url, "0.01", "now() - interval '1 day'", job_id=name, step=step)
    for _ in range(images):
        spend(
            url,
            usd,
            "now() - interval '1 day'",
            job_id=name,
            step="generate_images",
            kind="image",
            attempt=attempt,
        )


def test_what_a_retry_costs_by_the_ledger(newer_url: str) -> None:
    for name in ("a", "b", "c"):
        book(newer_url, name, 5)
    book(newer_url, "half", 2)
    spend(newer_url, "9", step="generate_images", kind="image", job_id="half", outcome="failed")
    add_job(newer_url, "half", "generate_images", progress=55)
    add_job(newer_url, "early", "generate_story")
    add_job(newer_url, "late", "package")
    add_job(newer_url, "prose", "이야기 쓰는 중...", progress=30)
    ids = ["half", "early", "late", "prose", "nowhere"]
    with connect(newer_url) as (connection, schema):
        resumed = costs.retry_estimates(connection, schema, NONE, ids, "failed_step")
        anew = costs.retry_estimates(connection, schema, NONE, ids, "start")
        priced = costs.retry_estimates(connection, schema, PRICES, ids, "failed_step")
    # Three of five images are missing; a story, its prompts and five images; nothing; nobody can tell.
    assert resumed == {"half": D("0.12"), "early": D("0.22"), "late": D(0), "prose": None}
    assert anew == dict.fromkeys(("half", "early", "late", "prose"), D("0.23"))
    assert priced["prose"] == D("0.658")  # the price list speaks where the ledger cannot: 70 % of $0.94


def test_what_a_retry_costs_by_the_price_list(no_ledger_url: str) -> None:
    add_job(no_ledger_url, "images", "generate_images", progress=50)
    add_job(no_ledger_url, "story", "generate_story")
    add_job(no_ledger_url, "package", "package")
    ids = ["images", "story", "package"]
    with connect(no_ledger_url) as (connection, schema):
        resumed = costs.retry_estimates(connection, schema, PRICES, ids, "failed_step")
        anew = costs.retry_estimates(connection, schema, PRICES, ids, "start")
        unknown = costs.retry_estimates(connection, schema, NONE, ids, "start")
    assert resumed == {"images": D("0.7"), "story": D("0.93"), "package": D("0.5")}
    assert anew == dict.fromkeys(ids, D("0.94"))
    assert unknown == dict.fromkeys(ids, None)
