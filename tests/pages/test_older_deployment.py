"""The 58 real rows of an older deployment on the pages: these numbers were counted by hand in the file."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboard import fetch, settings
from tests.dashboard.conftest import Configure
from tests.pages.conftest import HANGING
from tests.pages.screen import button, jobs, markdown, midday_zone, numbers, opened, select, table, words
from tests.queries.conftest import run, set_clock

FRESH, ABANDONED = "2026-11-23 00:13:00", "2026-11-23 00:41:30"
STUCK = [
    "job_20261123_001048_19a1d681",
    "job_20261123_001048_e0192e4c",
    "job_20261123_001054_1f193fa2",
    "job_20261123_001225_4e6e8449",
    "job_20261123_001225_83997e46",
    "job_20261123_001225_729922e4",
]


@pytest.fixture
def older(configure: Configure, older_url: str) -> str:
    """Without the console's own schema, without a service, without Prometheus."""
    configure(database_url=older_url)
    return older_url


def test_the_overview_in_numbers(older: str) -> None:
    set_clock(older, FRESH)
    at = opened()
    assert numbers(at) == {
        "Stuck": "0",
        "Queued": "4",
        "Success, last hour": "63 %",  # 17 of 27: the 25 refusals are not counted
        "Spend today": "–",
        "Provider failures": "–",
        "95 % of books within": "29 sec",  # of 17 books the slowest took 28.62 s and 28.64 s
    }
    told = words(at)
    for note in ("2 running", "Critical: 27 finished, 25 refused", "not offered by this service"):
        assert note in told


def test_the_overview_in_words(older: str) -> None:
    set_clock(older, FRESH)
    told = words(opened())
    assert "Only 63 % of 27 books succeeded in the last hour." in told
    assert "Most failed by SLA_BREACH (3), UNKNOWN (3), no error code (2)." in told
    assert "no job stuck · queue 4" in told
    assert "Spend: not offered by this service, which keeps no ledger." in told
    assert "Providers: not known. Prometheus is not configured: set OPS_PROMETHEUS_URL." in told


def test_nothing_is_stuck_while_the_rows_are_fresh(older: str) -> None:
    set_clock(older, FRESH)
    at = opened("stuck")
    assert len(at.dataframe) == 0
    assert "No job is stuck." in words(at)
    assert "Job monitor: no sign of it, and nothing that it should have ended." in words(at)


def test_the_list_when_the_running_ones_hang(older: str) -> None:
    set_clock(older, HANGING)
    at = opened("stuck")
    rows = table(at)
    assert [row["job"] for row in rows] == STUCK
    assert [row["why"] for row in rows] == ["no update · slow step · over time"] * 2 + ["over time"] * 4
    assert [row["step"] for row in rows] == ["표지 그리는 중..."] * 2 + ["대기 중"] * 4
    assert [row["progress"] for row in rows] == [55, 55, 0, 0, 0, 0]
    assert [row["stuck"].split(" min")[0] for row in rows] == ["11", "11", "6", "4", "4", "4"]
    assert {row["spent"] for row in rows} == {"–"}
    assert all(row["user"].startswith("user-") for row in rows)
    assert "retries" not in rows[0]
    assert "6 jobs stuck for up to 11 min." in words(at)
    assert "Whether the job monitor runs is not known." in words(at)


def test_the_list_when_the_monitor_is_dead(older: str) -> None:
    set_clock(older, ABANDONED)
    at = opened("stuck")
    assert jobs(at) == STUCK
    why = ["no update · slow step · over time"] * 2 + ["waits too long · over time"] + ["over time"] * 3
    assert [row["why"] for row in table(at)] == why
    assert all("left by the monitor" in row["rules"] for row in table(at))
    assert "The job monitor seems dead: it left jobs that it should have ended." in words(at)
    assert "Nothing recovers by itself." in words(at)
    verdict = words(opened())
    assert "6 jobs stuck for up to 25 min. The job monitor seems dead" in verdict


def test_without_own_schema_and_service_nothing_can_be_done(older: str) -> None:
    set_clock(older, HANGING)
    at = select(opened("stuck"), 0, 1)
    for label in ("Retry 2…", "Cancel 2…", "Acknowledge 2…"):
        assert button(at, label).disabled
    assert "Nothing can be done from here, since it could not be recorded." in words(at)
    assert 'The console\'s own schema "ops" is missing or old. Run: ops-dashboard migrate' in words(at)


@pytest.mark.usefixtures("hanging")
def test_without_a_service_only_notes_can_be_left() -> None:
    at = select(opened("stuck"), 0, 1)
    assert [button(at, label).disabled for label in ("Retry 2…", "Cancel 2…")] == [True, True]
    assert not button(at, "Acknowledge 2…").disabled
    sentence = "The service's control API is not configured: set OPS_SERVICE_URL."
    assert [one.value.replace("\\", "") for one in at.caption].count(sentence) == 1


FRESHNESS = re.compile(r"just now|\d+ sec ago")


def everything() -> dict[str, Any]:
    """What both pages tell, but for what moves with the seconds."""
    settings.load.cache_clear()
    fetch.clear()
    overview, stuck = opened(), opened("stuck")
    rows = [{name: value for name, value in row.items() if name != "stuck"} for row in table(stuck)]
    told = {name: FRESHNESS.sub("now", words(at)) for name, at in (("overview", overview), ("stuck", stuck))}
    return {"numbers": numbers(overview), "rows": rows, **told}


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_every_number_is_the_same_in_any_zone_of_the_database(older: str, configure: Configure, zone: str) -> None:
    set_clock(older, HANGING)
    prices = {"price_per_image": "0.04", "price_per_llm_call": "0.01", "images_per_book": 10}
    configure(service_timezone=midday_zone(), alias_key="key", **prices)
    expected = everything()
    run(older, f"alter database {older.rsplit('/', 1)[1]} set timezone to '{zone}'")
    configure(database_url=f"{older}?application_name={zone}")  # new connections, which see the new zone
    assert everything() == expected
    assert expected["numbers"]["Spend today"] == "$9.27"
    assert [row["job"] for row in expected["rows"]] == STUCK


def test_with_prices_spend_is_estimated(older: str, configure: Configure) -> None:
    set_clock(older, FRESH)
    configure(
        price_per_image="0.04", price_per_llm_call="0.01", images_per_book=10, service_timezone=midday_zone()
    )
    at = opened()
    # A book is $0.44: 17 done; 25 refused at one call; shares of 4 × 55 %, 4 × 30 % and 10 %.
    assert numbers(at)["Spend today"] == "$9.27"
    assert ":gray[warns at $100.00 · estimated from the price list]" in markdown(at)
    assert "$9.27 estimated spent today" in words(at)
