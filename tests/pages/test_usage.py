"""The Usage page: near the limit, rotation of keys, shares, zones and days; both deployments; without a store."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import connections
from dashboard.components import usage_now, usage_span, usage_table
from tests.dashboard.conftest import Configure
from tests.pages.screen import labels, markdown, numbers, opened, press, refreshed, run, table, words
from tests.pages.usage_rows import KEYS, add_call, add_jobs, add_rejections
from tests.queries.conftest import run as run_sql
from tests.queries.conftest import set_clock
from tests.service_process import ServiceProcesses

FRESH = "2026-11-23 00:13:00"
LONG_AGO = 40


@pytest.fixture
def service_usage(running: ServiceProcesses) -> Iterator[str]:
    """The running service, whose limit is 20, with no usage at all; its database's address."""
    tables = ("guardrail_rejections", "cost_events")
    run_sql(running.database_url, *(f"delete from {table}" for table in tables))  # noqa: S608
    yield running.database_url
    run_sql(running.database_url, *(f"delete from {table}" for table in tables))  # noqa: S608


def alias(number: int) -> str:
    return connections.aliases().alias(KEYS[number])


def users(at: AppTest) -> list[str]:
    """As the first column shows them."""
    return [row["user"].removeprefix("user?user=").removeprefix("#") for row in table(at, 0)]


def charts(at: AppTest) -> int:
    return len(at.get("plotly_chart"))


def known_users(url: str, *today: int) -> None:
    """Users who were seen before, with their jobs of today."""
    for number, jobs in enumerate(today):
        add_jobs(url, KEYS[number], 1, days=LONG_AGO)
        add_jobs(url, KEYS[number], jobs)


def test_who_is_at_the_limit_comes_first(service_usage: str) -> None:
    known_users(service_usage, 3, 20, 17, 16, 21)
    add_rejections(service_usage, KEYS[1], 30)
    add_rejections(service_usage, KEYS[4], 1)
    at = opened("usage")
    told = words(at)
    assert "2 users have reached the daily limit of 20, 1 more is above 80 %." in told
    assert "31 requests were turned away today. The limit starts anew in" in told
    assert users(at) == [alias(4), alias(1), alias(2), alias(3), alias(0)]
    assert [row["closeness"] for row in table(at, 0)] == [21, 20, 17, 16, 3]
    assert [row["rejected"] for row in table(at, 0)] == [1, 30, 0, 0, 0]
    assert "Look at the limit" in labels(at)
    assert KEYS[1] not in str(table(at, 0)) + told


def test_a_calm_day(service_usage: str) -> None:
    known_users(service_usage, 3, 16, 2)
    told = words(opened("usage"))
    assert "nobody above 80 % of the daily limit of 20 · half of the jobs by 1 of 3 users" in told
    assert "turned away today" not in told
    add_jobs(service_usage, KEYS[5], 17)
    assert "1 user above 80 % of the daily limit of 20, nobody at it" in words(refreshed(opened("usage")))


def test_numbers_shares_and_what_came_of_the_jobs(service_usage: str) -> None:
    add_jobs(service_usage, KEYS[0], 6, failed=2, refused=1)
    add_jobs(service_usage, KEYS[1], 2)
    add_call(service_usage, KEYS[0], 0.004)
    add_call(service_usage, KEYS[1], 1.25)
    add_call(service_usage, None, 2)
    add_call(service_usage, KEYS[1], None)
    at = opened("usage")
    shown = numbers(at)
    # Shares of 3/4 and 1/4: HHI 0.625, as if 1.6 users.
    assert shown == {
        "Users": "2",
        "Jobs": "8",
        "Spend": "$3.25",
        "Requests turned away": "0",
        "Effective users": "2",
    }
    told = words(at)
    for note in ("2 of them new", "5 done, 2 failed", "1 call unpriced", "HHI 0.625"):
        assert note in told
    first, second = table(at, 0)
    assert (first["jobs"], first["done"], first["failed"], first["refused"]) == (6, 3, 2, 1)
    assert (first["spend"], second["spend"]) == ("< $0.01", "$1.25")
    assert (first["share"], first["cumulative"], second["cumulative"]) == (75, 75, 100)
    assert charts(at) == 3


def test_the_rest_stands_in_one_row_with_their_true_number(service_usage: str) -> None:
    for number in range(60):
        add_jobs(service_usage, KEYS[number], 3 if number < usage_table.LISTED else 1)
    at = opened("usage")
    rows = table(at, 0)
    assert len(rows) == 51
    assert rows[-1]["user"] == "#10 others"
    assert (rows[-1]["jobs"], rows[-1]["cumulative"]) == (10, 100)
    assert rows[-1]["closeness"] != rows[-1]["closeness"]  # nothing: others have no limit together
    now = usage_now.ask(usage_span.lately(1))
    names, *lines = list(csv.reader(io.StringIO(usage_table.as_csv(now).decode("utf-8-sig"))))
    assert tuple(names) == usage_table.CSV_NAMES
    assert len(lines) == 60
    assert sum(int(line[names.index("jobs")]) for line in lines) == 160
    assert float(lines[-1][names.index("cumulative_share")]) == 1


def test_rows_stand_still_until_somebody_asks(service_usage: str) -> None:
    known_users(service_usage, 5, 3)
    at = opened("usage")
    assert users(at) == [alias(0), alias(1)]
    add_jobs(service_usage, KEYS[1], 4, kind="series")
    add_jobs(service_usage, KEYS[2], 9)
    at = refreshed(at)
    assert users(at) == [alias(0), alias(1), "1 other"]
    assert [row["jobs"] for row in table(at, 0)] == [5, 7, 9]
    at = press(at, "1 new")
    assert users(at) == [alias(2), alias(1), alias(0)]
    add_jobs(service_usage, KEYS[0], 9, kind="series")
    at = press(refreshed(at), "Sort again")
    assert users(at) == [alias(0), alias(2), alias(1)]


def rotate(url: str, *, overlapping: bool = False) -> None:
    for place, jobs in enumerate((17, 18, 20, 19, 20, 18)):
        begin = 0.3 if overlapping else 0.3 + place * 0.1
        add_jobs(url, KEYS[100 + place], jobs, within=(begin, begin + 0.09))


def test_one_person_who_changes_keys(service_usage: str) -> None:
    known_users(service_usage, *[2] * 20)
    rotate(service_usage)
    at = opened("usage")
    told = words(at)
    assert "6 new users since" in told
    assert "made 17 to 20 jobs each, all of one kind (job), one after the other." in told
    assert "This looks like one person who changes keys" in told
    at = press(at, "Look at their jobs")
    assert sorted(str(at.query_params["q"]).removeprefix("user:").split(",")) == sorted(
        alias(100 + place) for place in range(6)
    )


def test_keys_that_were_used_at_the_same_time(service_usage: str) -> None:
    known_users(service_usage, *[2] * 20)
    rotate(service_usage, overlapping=True)
    told = words(opened("usage"))
    assert "all of one kind (job), at the same time." in told
    assert "or a group that began together" in told


def test_a_class_of_pupils_is_no_rotation(service_usage: str) -> None:
    known_users(service_usage, *[2] * 20)
    for place in range(30):
        add_jobs(service_usage, KEYS[100 + place], 2)
    at = opened("usage")
    assert "new users since" not in words(at)
    assert numbers(at)["Users"] == "50"
    assert "30 of them new" in words(at)


def test_one_user_who_makes_nearly_everything(service_usage: str) -> None:
    known_users(service_usage, 15, *[1] * 10)
    at = opened("usage")
    assert "60 % of the jobs are one user's." in words(at)
    at = press(at, "Look at this user")
    assert at.query_params["user"] == alias(0)


def test_other_days_and_zones_live_in_the_address(service_usage: str) -> None:
    add_jobs(service_usage, KEYS[0], 2)
    add_jobs(service_usage, KEYS[1], 20, days=1)
    add_jobs(service_usage, KEYS[2], 4, days=5)
    assert users(opened("usage", span="yesterday")) == [alias(1)]
    at = opened("usage", span="7d")
    assert users(at) == [alias(1), alias(2), alias(0)]
    assert "closeness" not in table(at, 0)[0]
    assert "Who is near the daily limit shows on one day of the limits' zone; this is from" in words(at)
    past = (datetime.now(UTC) - timedelta(days=5)).date()
    at = opened("usage", day=past.isoformat())
    assert users(at) == [alias(2)]
    at.radio(key="span").set_value("30d")
    at = run(at)
    assert at.query_params["span"] == "30d"
    assert "day" not in at.query_params
    at.radio(key="span").set_value("date")
    assert run(at).query_params["day"] == (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


def test_a_past_day_has_no_end_to_wait_for(service_usage: str) -> None:
    add_jobs(service_usage, KEYS[1], 20, days=1)
    told = words(opened("usage", span="yesterday"))
    assert "1 user has reached the daily limit of 20." in told
    assert "starts anew" not in told


def test_in_another_zone_nobody_is_near_the_limit(service_usage: str, configure: Configure) -> None:
    configure(timezone="Asia/Seoul")
    add_jobs(service_usage, KEYS[1], 20)
    at = opened("usage", zone="Asia/Seoul", span="7d")
    assert "in Asia/Seoul" in words(at)
    assert "closeness" not in table(at, 0)[0]
    assert "Times in Asia/Seoul ·" in words(at)
    assert at.selectbox(key="zone").options == ["UTC (the limits' day)", "Asia/Seoul"]


@pytest.mark.usefixtures("service_usage")
def test_nobody_yet() -> None:
    at = opened("usage")
    told = words(at)
    assert "No job was made today." in told
    assert "Nobody used the service today." in told
    assert numbers(at)["Effective users"] == "–"
    assert not len(at.dataframe)


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "2026-02-30", "0001-01-01", "![x](y)"])
@pytest.mark.usefixtures("service_usage")
def test_nonsense_in_the_address_is_named_and_left_out(day: str) -> None:
    at = opened("usage", day=day, span="![a](b)", zone="Mars/Olympus")
    told = words(at)
    for left_out in (f"day={day}", "span=![a](b)", "zone=Mars/Olympus"):
        assert left_out in told
    assert not any("![" in text for text in markdown(at))
    assert "Nobody used the service today." in told


def test_the_older_deployment(configure: Configure, migrated_url: str) -> None:
    set_clock(migrated_url, FRESH)
    configure(database_url=migrated_url, service_timezone="Etc/GMT-12")
    at = opened("usage", span="7d")
    told = words(at)
    assert numbers(at)["Jobs"] == "58"
    assert numbers(at)["Spend"] == "–"
    assert numbers(at)["Requests turned away"] == "–"
    assert "Whose requests were turned away is not offered by this service." in told
    assert "rejected" not in table(at, 0)[0]
    assert sum(row["jobs"] for row in table(at, 0)) == 58
    today = words(opened("usage"))
    assert "Who is near the daily limit is not known, since the service does not tell its limits." in today


def test_estimates_say_so(configure: Configure, migrated_url: str) -> None:
    set_clock(migrated_url, FRESH)
    configure(database_url=migrated_url, price_per_image="0.04", price_per_llm_call="0.01")
    assert "estimated from the price list" in words(opened("usage", span="7d"))


def test_without_a_store_all_is_read_live(configure: Configure, older_url: str) -> None:
    set_clock(older_url, FRESH)
    configure(database_url=older_url)
    at = opened("usage", span="7d")
    assert "All of this was read live, which takes longer." in words(at)
    assert 'The console\'s own schema "ops" is missing or old.' in words(at)
    assert sum(row["jobs"] for row in table(at, 0)) == 58


def test_without_its_database_the_page_says_so(configure: Configure) -> None:
    configure(database_url="postgresql://somebody:a-password@127.0.0.1:1/none")
    told = words(opened("usage"))
    assert "The list of users cannot be shown now." in told
    assert "a-password" not in told
