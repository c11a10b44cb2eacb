"""What a book costs, what is wasted and why it changed, beside sums that SQL alone makes of the same rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import cost_change, cost_units, cost_waste, usage_span
from tests.dashboard.conftest import Configure
from tests.pages.screen import run, table, words

# Noon of a day so many days ago, UTC.
NOON = "date_trunc('day', timezone('utc', now())) + interval '12 h' - %(days)s * interval '1 day'"
JOB = f"""
insert into jobs (id, status, progress, current_step, error_code, user_key, created_at, updated_at)
select %(id)s, %(status)s, 100, 'done', %(code)s, 'sk_live_1', {NOON}, {NOON} + interval '2 min'
"""
CALLS = f"""
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select md5(random()::text), timezone('utc', {NOON} + interval '1 min'), %(job)s, %(attempt)s, 'sk_live_1',
    %(provider)s, %(kind)s, 'm', %(step)s, %(outcome)s, 1, %(usd)s from generate_series(1, %(number)s)
"""  # noqa: S608
IN_DAYS = "between timezone('utc', now())::date - %s and timezone('utc', now())::date - %s"
SPENT = f"select sum(cost_usd) from cost_events where timezone('utc', occurred_at)::date {IN_DAYS}"  # noqa: S608
MADE = f"select count(*) from jobs where created_at::date {IN_DAYS}"  # noqa: S608
UNITS = """
select sum(cost_usd) / (select count(*) from jobs where status = 'done'),
    sum(cost_usd) filter (where status = 'done' and outcome = 'succeeded')
        / (select count(*) from jobs where status = 'done')
from cost_events left join jobs on id = job_id
"""
LOST = """
select case when status = 'failed' then error_code else 'failed calls' end, sum(cost_usd), count(*)
from cost_events left join jobs on id = job_id where status = 'failed' or outcome = 'failed'
group by 1 order by 2 desc
"""


def call(connection: psycopg.Connection[Any], days: int, job: str | None, number: int, **other: Any) -> None:
    image = {"provider": "picture-one", "kind": "image", "step": "generate_images"}
    named = {"attempt": 1, "outcome": "succeeded", "usd": "0.04", **image, **other}
    connection.execute(CALLS, {"days": days, "job": job, "number": number, **named})


def book(
    connection: psycopg.Connection[Any], days: int, name: str, *, images: int, usd: str, code: str | None = None
) -> None:
    """A book with so many images at a price, and two texts; failed where it has a code."""
    status = "failed" if code else "done"
    connection.execute(JOB, {"days": days, "id": f"job_{name}", "status": status, "code": code})
    text = {"provider": "word-one", "kind": "llm", "step": "generate_story"}
    call(connection, days, f"job_{name}", 2, **text, usd="0.013")
    call(connection, days, f"job_{name}", images, usd=usd)


@pytest.fixture
def two_weeks(newer: str) -> str:
    """Eight books a week ago, ten lately, of which one failed and one was refused; one call has no price."""
    with psycopg.connect(newer) as connection:
        for number in range(8):
            book(connection, 8 + number % 7, f"before{number}", images=10, usd="0.04")
        for number in range(8):
            book(connection, 1 + number % 2, f"after{number}", images=12, usd="0.035")
        book(connection, 2, "failed", images=7, usd="0.035", code="IMAGE_FAILED")
        book(connection, 3, "refused", images=0, usd="0", code="SAFETY_INPUT")
        call(connection, 2, "job_after1", 2, usd="0.035", outcome="failed")
        call(connection, 2, None, 1, usd="0.5")
        call(connection, 3, "job_after2", 1, usd=None)
    return newer


def parts(**query: str) -> AppTest:
    """The three parts below each other, for the last fifteen days."""

    def page(shown, lately):  # type: ignore[no-untyped-def]  # runs apart from this module's names
        for show in shown:
            show(lately(15))

    shown = [cost_units.show, cost_waste.show, cost_change.show]
    at = AppTest.from_function(page, args=(shown, usage_span.lately), default_timeout=60)
    at.query_params.update(query)
    return run(at)


def usd(told: str) -> Decimal:
    return Decimal(told.replace("$", "").replace("−", "-").replace("+", ""))


def test_every_number_is_what_sql_makes_of_the_rows(two_weeks: str) -> None:
    at = parts()
    fates, kinds, by_code, by_provider, by_step, change = (table(at, place) for place in range(6))
    with psycopg.connect(two_weeks) as connection:
        [(loaded, direct)] = connection.execute(UNITS).fetchall()
        lost = connection.execute(LOST).fetchall()
        before, after = (connection.execute(SPENT, days).fetchall()[0][0] for days in ((14, 8), (7, 1)))
        jobs = [connection.execute(MADE, days).fetchall()[0][0] for days in ((14, 8), (7, 1))]
    told = words(at)
    assert f"One finished book costs ${loaded:.3f}: ${direct:.3f} went into it" in told
    assert fates[0]["each"] == f"${direct:.3f}"
    books = [(row["kind"], row["jobs"], row["done"]) for row in kinds]
    assert (books, usd(kinds[1]["usd"])) == ([("job", 18, 16), ("no job", 0, 0)], Decimal("0.50"))
    assert {row["what"] for row in fates} == {
        "in finished books", "no job", "failed", "failed calls", "refused by safety",
    }  # fmt: skip
    assert [(row["name"], usd(row["usd"]), row["calls"]) for row in by_code] == [
        (name, round(amount, 2), calls) for name, amount, calls in lost
    ]
    wasted = sum(amount for _, amount, _ in lost)
    for rows in (by_code, by_provider, by_step):
        assert sum(row["share"] for row in rows) == pytest.approx(100)
    assert f"${wasted:.2f} bought nothing: {100 * wasted / (before + after):.1f} % of what was spent" in told
    assert "$0.03 of it was refused by safety" in told
    assert by_code[0]["jobs"].startswith("jobs?q=status%3Afailed+error%3AIMAGE_FAILED+created")
    assert "1 call unpriced" in told
    first, *effects, last = (usd(row["usd"]) for row in change)
    assert (first, last) == (round(before, 2), round(after, 2))
    assert first + sum(effects) == last
    assert (change[1]["what"], change[1]["before"], change[1]["after"]) == ("Jobs", *map(str, jobs))
    assert f"${last - first} more than in the 7 days before: 25 % more jobs" in told


def test_a_week_of_the_address_is_explained(two_weeks: str) -> None:
    assert "week=1999-W01" in words(parts(week="1999-W01"))
    newest = cost_change.weeks(usage_span.lately(1).today)[0]
    at = parts(week=newest)
    assert at.selectbox[0].value == newest
    assert "beside the 7 days before" in words(at)


def test_nothing_was_spent_yet(newer: str) -> None:
    told = words(parts())
    assert told.count("Nothing was spent from") == 2
    assert "Nothing was spent in these 14 days." in told


def test_without_a_ledger_what_is_not_known_is_said(configure: Configure, migrated_url: str) -> None:
    configure(database_url=migrated_url, price_per_image="0.04", price_per_llm_call="0.01")
    with psycopg.connect(migrated_url) as connection:
        moved = "timezone('utc', now()) - interval '2 days'"
        connection.execute(f"update jobs set created_at = {moved}, updated_at = {moved}")  # noqa: S608
        done, failed = connection.execute(
            "select count(*) filter (where status = 'done'), count(*) filter (where status = 'failed') from jobs"
        ).fetchall()[0]
    at = parts()
    told = words(at)
    assert told.count("estimated from the price list") == 3
    assert "By provider and step: not told without a ledger." in told
    assert f"on average of {done}" in told
    assert table(at, 0)[0]["each"] == "$0.520"
    assert failed and "bought nothing" in told
    assert "there was nothing to compare it with" in told


def test_without_ledger_and_prices_nothing_is_made_up(configure: Configure, migrated_url: str) -> None:
    configure(database_url=migrated_url)
    at = parts()
    assert words(at).count("no prices are set to estimate it by") == 3
    assert len(at.dataframe) == 0
