"""Ledger, Prometheus and an uploaded invoice side by side; what is not there says so."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import cost_comparison
from dashboard.components.cost_accounts import Account
from queries.reconciliation import Place
from tests.dashboard.conftest import Configure
from tests.pages.screen import run, table, words
from tests.queries.conftest import run as run_sql
from tests.queries.scraping import remembering

D = Decimal
DAY = (datetime.now(UTC) - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
MONTH = f"{DAY:%Y-%m}"
NOON = f"{DAY:%Y-%m-%d} 12:00Z"
# USD a minute, each from the day's first minute on; the hour from 20:00 on was not scraped.
RATES = {"painter": D("0.1"), "writer": D("0.01"), "idle": D(0)}
PAGE = """
from datetime import UTC, date, datetime, timedelta

from dashboard.components import cost_reconciliation
from dashboard.components.usage_span import Days

day = date.fromisoformat("{day}")
cost_reconciliation.show(Days(day, day, "UTC", day + timedelta(days=2), datetime.fromisoformat("{now}")))
"""


@pytest.fixture(scope="module")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with remembering(_samples(), tmp_path_factory.mktemp("counted")) as url:
        yield url


def _samples() -> Iterator[str]:
    yield "# TYPE bookgen_api_cost_usd counter\n"
    for provider, rate in RATES.items():
        labels = f'provider="{provider}",kind="image",job="bookgen",instance="a"'
        for minute in range(-5, 24 * 60 + 1):
            if not 20 * 60 <= minute < 21 * 60:
                at = round((DAY + timedelta(minutes=minute)).timestamp())
                yield f"bookgen_api_cost_usd_total{{{labels}}} {1000 + rate * max(minute, 0)} {at}\n"


def call(url: str, provider: str, usd: str, at: str = NOON) -> None:
    """A call in the ledger."""
    run_sql(
        url,
        "insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome,"  # noqa: S608
        f" units, cost_usd) values ('{provider} {at}', '{at}', 'job', 1, '{provider}', 'image', 'm', 's',"
        f" 'succeeded', 1, {usd})",
    )


@pytest.fixture
def ledger(newer: str, configure: Configure, prometheus_url: str) -> str:
    """The console before a ledger of that day and its Prometheus."""
    configure(prometheus_url=prometheus_url)
    for provider, usd in (("Painter", "143.20"), ("writer", "20"), ("speaker", "3"), ("idle", "null")):
        call(newer, provider, usd)
    call(newer, "writer", "99", f"{DAY - timedelta(minutes=1):%Y-%m-%d %H:%M}Z")
    return newer


def screen(now: datetime | None = None) -> AppTest:
    page = PAGE.format(day=f"{DAY:%Y-%m-%d}", now=(now or datetime.now(UTC)).isoformat())
    return run(AppTest.from_string(page, default_timeout=60))


def upload(at: AppTest, *lines: str) -> AppTest:
    text = "\n".join(("provider,month,amount", *lines))
    at.file_uploader[0].set_value(("invoice.csv", text.encode(), "text/csv"))
    return run(at)


def rows(at: AppTest, index: int) -> dict[str, tuple[object, ...]]:
    """Amounts, difference, its share and the state by provider."""
    return {
        row["provider"]: tuple(value for name, value in row.items() if name not in {"provider", "month"})
        for row in table(at, index)
    }


def test_ledger_prometheus_and_invoice_by_provider(ledger: str) -> None:
    at = screen()
    told = words(at)
    assert "2 amounts differ: writer: Prometheus :red[$5.60 (28 %)] below Ledger · speaker: Prometheus" in told
    assert rows(at, 0) == {
        "idle": ("$0.00", "$0.00", "$0.00", "–", ["agrees"]),
        "Painter": ("$143.20", "$144.00", "+$0.80", "0.6 %", ["agrees"]),
        "speaker": ("$3.00", "–", "-$3.00", "-100 %", ["not in Prometheus"]),
        "writer": ("$20.00", "$14.40", "-$5.60", "-28 %", ["differs"]),
    }
    assert "1 call unpriced, and missing from it" in told
    assert "scraped for 96.2 % of the time · not for 55 min, of which it may know nothing" in told
    assert "The file is not stored: it is only kept while this page is open" in told

    upload(at, f"PAINTER,{MONTH},143.2", f"newcomer,{MONTH},9", f"writer,{MONTH},119", "old,2001-01,5")
    told = words(at)
    assert "Not compared, since it is too long ago or yet to come: Jan 2001." in told
    found = rows(at, 1)
    assert found["Painter"] == ("$143.20", "$144.00", "$143.20", "$0.00", "0 %", ["agrees"])
    assert found["newcomer"] == ("–", "–", "$9.00", "+$9.00", "–", ["not in Ledger"])
    assert found["speaker"] == ("$3.00", "–", "–", "-$3.00", "-100 %", ["not in Invoice"])
    # The day before is of this month, too, unless it is the month's first.
    spent = 20 if DAY.day == 1 else 119
    assert found["writer"][0] == f"${spent}.00"
    assert {row["month"] for row in table(at, 1)} == {f"{DAY:%b %Y}"}


def test_a_file_that_is_no_invoice_says_how_to_mend_it(ledger: str) -> None:
    at = upload(screen(), "painter,05/11/2026,3")
    assert 'Line 2, column "month": "05/11/2026" is no month. Write it as 2026-11' in words(at)
    at.file_uploader[0].set_value(("invoice.csv", "공급자".encode("cp949"), "text/csv"))
    assert 'The file is not text in UTF-8. Save the table as "CSV UTF-8"' in words(run(at))
    assert len(at.dataframe) == 1


def test_what_a_file_holds_is_text(ledger: str) -> None:
    hostile = "=1+1 **bold** :red[x] $a$ <b>"
    at = upload(screen(), f"{hostile},{MONTH},5000")
    (told,) = [one.value for one in at.markdown if "5,000" in one.value]
    assert r"\=1\+1" in told or r"=1\+1 \*\*bold\*\* \:red\[x\] \$a\$ \<b\>" in told
    assert hostile in rows(at, 1)


def test_estimates_compare_by_their_sum(ledger: str, configure: Configure) -> None:
    run_sql(
        ledger,
        "drop table cost_events",
        "insert into jobs (id, status, user_key, created_at)"  # noqa: S608
        f" select 'job_' || n, 'done', 'u', timestamp '{DAY:%Y-%m-%d} 12:00' from generate_series(1, 300) n",
    )
    configure(price_per_image="0.04", price_per_llm_call="0.01")
    at = upload(screen(), f"painter,{MONTH},144", f"writer,{MONTH},14.40")
    assert "Estimates cannot be told apart by provider: only sums compare." in words(at)
    assert rows(at, 0) == {"All providers": ("$156.00", "$158.40", "+$2.40", "1.5 %", ["agrees"])}
    assert rows(at, 1)["All providers"] == ("$156.00", "$158.40", "$158.40", "+$2.40", "1.5 %", ["agrees"])
    assert rows(at, 2)["writer"] == ("$14.40", "$14.40", "$0.00", "0 %", ["agrees"])


def test_an_invoice_without_prometheus(ledger: str, configure: Configure) -> None:
    configure(prometheus_url="")
    at = upload(screen(), f"painter,{MONTH},143.20")
    assert "Prometheus: Prometheus is not configured: set OPS_PROMETHEUS_URL." in words(at)
    assert rows(at, 0)["Painter"] == ("$143.20", "$143.20", "$0.00", "0 %", ["agrees"])


def test_without_anything_to_compare_with(newer: str) -> None:
    run_sql(newer, "drop table cost_events")
    told = words(upload(screen(), f"painter,{MONTH},143.20"))
    assert "The service keeps no ledger, and no prices are set to estimate by." in told
    assert "There is nothing to compare the invoice with." in told


def test_the_first_hour_of_a_day(ledger: str) -> None:
    assert "The first hour of these days is not over yet." in words(screen(DAY + timedelta(minutes=59)))


def test_the_comparison_as_a_file() -> None:
    accounts = [
        Account("ledger", {Place("=cmd", DAY.date().replace(day=1)): D(10)}),
        Account("invoice", {Place("=cmd", DAY.date().replace(day=1)): D("7.5")}),
    ]
    text = cost_comparison.as_csv(cost_comparison.of(accounts)).decode("utf-8-sig")
    assert list(csv.DictReader(io.StringIO(text))) == [
        {
            "provider": "'=cmd",
            "month": MONTH,
            "ledger_usd": "10",
            "invoice_usd": "7.5",
            "difference_usd": "-2.5",
            "difference_share": "-0.25",
            "state": "differs",
        }
    ]
