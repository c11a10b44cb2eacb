"""The User page: one user's story, their notes, aliases that are nobody's; both deployments; without a store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from actions.reasons import REASON_LIMIT
from dashboard import connections
from tests.dashboard.conftest import Configure
from tests.pages.screen import VIEWER, jobs, labels, markdown, numbers, opened, press, refreshed, run, words
from tests.pages.usage_rows import KEYS, add_call, add_jobs, add_rejections
from tests.queries.conftest import run as run_sql
from tests.queries.conftest import set_clock
from tests.service_process import ServiceProcesses

FRESH = "2026-11-23 00:13:00"
KEY = KEYS[0]


@pytest.fixture
def url(running: ServiceProcesses) -> Iterator[str]:
    """The running service, whose limit is 20, with no usage at all; its database's address."""
    tables = ("guardrail_rejections", "cost_events")
    run_sql(running.database_url, *(f"delete from {table}" for table in tables))  # noqa: S608
    yield running.database_url
    run_sql(running.database_url, *(f"delete from {table}" for table in tables))  # noqa: S608


def alias(key: str = KEY) -> str:
    return connections.aliases().alias(key)


def page(key: str = KEY, **query: str) -> AppTest:
    return opened("user", user=alias(key), **query)


def charts(at: AppTest) -> int:
    return len(at.get("plotly_chart"))


def noted(at: AppTest, note: str) -> AppTest:
    at.text_area(key="user-note").set_value(note)
    return press(at, "Add")


def test_a_user_at_the_limit(url: str) -> None:
    add_jobs(url, KEY, 20, failed=3, refused=1)
    add_jobs(url, KEY, 4, days=3)
    add_jobs(url, KEYS[1], 24)
    add_rejections(url, KEY, 7)
    add_call(url, KEY, 1.5)
    at = page()
    told = words(at)
    assert "At the daily limit: 20 of 20 jobs today." in told
    assert "7 requests were turned away. The limit starts anew in" in told
    assert "24 jobs ever · 50 % of all jobs of the last 30 days" in told
    assert "first seen" in told
    assert numbers(at) == {
        "Jobs today": "20",
        "Jobs, 30 days": "24",
        "Spend, 30 days": "$1.50",
        "Requests turned away": "7",
    }
    assert "20 done, 3 failed, 1 refused" in told
    assert "a day, by Jobs a day per user" in told
    assert charts(at) == 3
    assert len(jobs(at)) == 24
    assert KEY not in told + str(at.query_params)


def test_a_quiet_user(url: str) -> None:
    add_jobs(url, KEY, 2)
    at = page()
    assert "2 of 20 jobs today · first seen" in words(at)
    assert "Nothing in these days." in words(at)
    assert "At the daily limit" not in words(at)


def test_close_to_the_limit(url: str) -> None:
    add_jobs(url, KEY, 16)
    at = page()
    assert "16 of 20 jobs today. The limit starts anew in" in words(at)
    at = press(at, "Look at the limit")
    assert at.query_params["limit"] == "daily_job_limit_per_user"


def test_new_jobs_wait_until_somebody_asks(url: str) -> None:
    add_jobs(url, KEY, 2)
    at = page()
    add_jobs(url, KEY, 3, kind="series", within=(0.9, 0.99))
    at = refreshed(at)
    assert len(jobs(at)) == 2
    at = press(at, "3 new")
    assert len(jobs(at)) == 5


def test_notes_are_kept_for_everybody(url: str) -> None:
    add_jobs(url, KEY, 1)
    at = page()
    assert "Nobody wrote anything down about this user." in words(at)
    at = noted(at, "a school: may have 40 a day")
    at = noted(at, "![x](http://127.0.0.1/x) <b>")
    assert at.text_area(key="user-note").value == ""
    other = page(person=VIEWER)
    texts = [one.value for one in other.text]
    assert texts[:2] == ["![x](http://127.0.0.1/x) <b>", "a school: may have 40 a day"]
    assert "Mina Park ·" in words(other)
    assert not any("![x](" in text for text in markdown(other))
    assert "Add" not in labels(other)
    assert "a school" not in str([one.value for one in page(KEYS[1], person=VIEWER).text])


@pytest.mark.parametrize(
    ("note", "problem"),
    [(" ", "Give a reason"), ("x" * (REASON_LIMIT + 1), f"has {REASON_LIMIT + 1} characters and may have 2000")],
)
def test_a_note_that_does_not_fit_stays_in_the_box(url: str, note: str, problem: str) -> None:
    add_jobs(url, KEYS[7], 1)
    at = noted(page(KEYS[7]), note)
    assert problem in words(at)
    assert at.text_area(key="user-note").value == note
    assert "Nobody wrote anything down about this user." in words(at)


def test_a_read_only_console_takes_no_notes(url: str, configure: Configure) -> None:
    configure(read_only="true")
    add_jobs(url, KEY, 1)
    at = page()
    assert "Add" not in labels(at)
    assert "This console is read-only" in words(at)


@pytest.mark.parametrize("asked", ["user-00000000", "user-7f3", "![x](y)", "' or 1=1 --", "x" * 300])
@pytest.mark.usefixtures("url")
def test_an_alias_that_is_nobodys(asked: str) -> None:
    at = opened("user", user=asked)
    told = words(at)
    expected = "Nobody has this alias." if asked == "user-00000000" else "An alias looks like user-7f3a9c01."
    assert (expected in told) == (len(asked) <= 200)
    assert not any("![x](" in text for text in markdown(at))
    assert at.text_input(key="user-typed").label.startswith("Alias, or a user's key")
    assert charts(at) == 0


def test_a_pasted_key_becomes_its_alias_at_once(url: str) -> None:
    add_jobs(url, KEY, 3)
    at = opened("user")
    at.text_input(key="user-typed").set_value(f" {KEY} ")
    at = run(at)
    assert at.query_params["user"] == alias()
    assert numbers(at)["Jobs today"] == "3"
    assert KEY not in words(at) + str(at.query_params)


def test_a_pasted_key_of_which_there_is_no_job(url: str) -> None:
    at = opened("user")
    at.text_input(key="user-typed").set_value("secret")
    at = run(at)
    assert "This user never made a job here." in words(at)
    assert "secret" not in words(at) + str(at.query_params)


def test_two_users_who_share_an_alias(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queries.aliases.DIGITS", 0)
    monkeypatch.setattr("dashboard.components.user_find.is_alias", lambda _: True)
    add_jobs(url, KEYS[1], 2)
    add_jobs(url, KEYS[2], 3)
    at = opened("user", user="user-")
    assert "2 users share this alias: what follows is of all of them." in words(at)
    assert numbers(at)["Jobs today"] == "5"


def test_the_older_deployment(configure: Configure, migrated_url: str) -> None:
    set_clock(migrated_url, FRESH)
    configure(database_url=migrated_url)
    row = next(iter(opened("usage", span="7d").dataframe[0].value.to_dict("records")))
    at = opened("user", user=row["user"].removeprefix("user?user="))
    told = words(at)
    assert "the limit is not known" in told
    assert "Not offered by this service, which keeps no ledger." in told
    assert numbers(at)["Requests turned away"] == "–"
    assert numbers(at)["Jobs, 30 days"] == str(row["jobs"])
    assert len(jobs(at)) == min(int(row["jobs"]), 50)


def test_without_a_store_only_the_notes_are_missing(configure: Configure, older_url: str) -> None:
    set_clock(older_url, FRESH)
    configure(database_url=older_url)
    row = next(iter(opened("usage", span="7d").dataframe[0].value.to_dict("records")))
    told = words(opened("user", user=row["user"].removeprefix("user?user=")))
    assert "The notes cannot be shown now." in told
    assert "All of this was read live, which takes longer." in told
    assert "first seen" in told


def test_without_its_database_the_page_says_so(configure: Configure) -> None:
    configure(database_url="postgresql://somebody:a-password@127.0.0.1:1/none")
    told = words(opened("user", user="user-00000000"))
    assert "The user cannot be shown now." in told
    assert "a-password" not in told
