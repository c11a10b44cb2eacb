"""Find jobs, see what fails, act on all that match: one search means the same jobs everywhere."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import job_list, query_box
from dashboard.components.confirm import PENDING
from dashboard.components.query_text import Asked
from dashboard.connections import aliases
from queries import job_language
from tests.dashboard.conftest import Configure
from tests.pages.screen import VIEWER, labels, opened, press, refreshed, run, words
from tests.service_process import ServiceProcesses

WINDOWS = ("1h", "3h", "24h", "3d", "7d")
FAILED = "status:failed"
# So many jobs whose last change was so long ago, each a second older than the one before.
ADD = """
insert into jobs (id, status, progress, current_step, error_code, error_message, user_key, created_at, updated_at)
select %(kind)s || to_char(at, '_YYYYMMDD_HH24MISS_') || lpad(to_hex(n + %(first)s), 8, '0'),
       %(status)s, 45, 'generate_images', %(code)s, %(message)s, 'key-of-user-' || n %% 3,
       at - interval '1 minute', at
  from generate_series(1, %(number)s) n,
       lateral (select (now() at time zone 'utc') - %(age)s::interval - n * interval '1 second') clock(at)
"""


class Jobs:
    """The service's jobs, past the console."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.made = 0

    def add(self, number: int, code: str | None = "IMAGE_FAILED", **values: Any) -> None:
        given = {"status": "failed", "kind": "job", "message": "boom", "age": "50 minutes"} | values
        self.connection.execute(ADD, given | {"number": number, "code": code, "first": self.made})
        self.made += number


@pytest.fixture
def console(service: ServiceProcesses, configure: Configure) -> Callable[..., None]:
    """Point the console at the running service; more settings may be given."""

    def pointed(**settings: str) -> None:
        configure(
            database_url=service.database_url,
            service_url=service.url,
            service_admin_key=service.admin_key,
            **settings,
        )

    return pointed


@pytest.fixture
def made(service: ServiceProcesses, console: Callable[..., None]) -> Iterator[Jobs]:
    """Failures of the last hour, hours and days, and books that were done."""
    console()
    with psycopg.connect(service.database_url, autocommit=True) as connection:
        connection.execute("delete from jobs")
        found = Jobs(connection)
        found.add(7, "IMAGE_FAILED")
        found.add(3, "IMAGE_TIMEOUT", age="2 hours")
        found.add(2, None, age="2 days")
        found.add(1, "SAFETY_INPUT")
        found.add(60, None, status="done", age="10 minutes")
        yield found


def searched(query: str, **address: Any) -> AppTest:
    return opened("jobs", q=query, **address)


def rows_of(at: AppTest, column: str) -> list[dict[str, Any]]:
    """The rows of the first table with such a column; none where there is none."""
    found = next((one.value for one in at.dataframe if column in one.value.columns), None)
    if found is None:
        return []
    found = found.astype(object).where(found.notna(), "")
    return [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]


def asked(at: AppTest) -> str:
    """What the address asks for."""
    given = at.query_params["q"]
    return given if isinstance(given, str) else given[0]


def widget(at: AppTest, kind: str, name: str) -> Any:
    """The one of this kind and name; its key also says how often the text was changed past the widgets."""
    (found,) = [one for one in getattr(at, kind) if str(one.key).rpartition("-")[0] == name]
    return found


def listed(at: AppTest) -> list[str]:
    """The ids of the list of jobs."""
    return [str(row["job"]).rpartition("job=")[2] for row in rows_of(at, "message")]


def cell(at: AppTest, code: str, window: str) -> int:
    (number,) = [row[window] for row in rows_of(at, "7d") if row["code"] == code]
    return int(number or 0)


def count(at: AppTest) -> str:
    """How many match, as the line above the list says it."""
    return next(one.value for one in at.caption if " match" in one.value).partition(" · ")[0]


def select(at: AppTest, *positions: int) -> AppTest:
    at.session_state[job_list.KEY] = {"selection": {"rows": list(positions), "columns": [], "cells": []}}
    return run(at)


def exported(query: str) -> list[dict[str, str]]:
    """The lines of the file that the page offers for this search."""
    text = job_list.as_csv(Asked(query, job_language.parse(query, ZoneInfo("UTC")))).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(
    ("code", "named", "window", "number"),
    [
        ("IMAGE_FAILED", "IMAGE_FAILED", "1h", 7),
        ("IMAGE_TIMEOUT", "IMAGE_TIMEOUT", "3h", 3),
        ("none", "no code", "7d", 2),
        ("SAFETY_INPUT", "SAFETY_INPUT", "24h", 1),
    ],
)
def test_one_search_means_the_same_jobs_everywhere(
    made: Jobs, code: str, named: str, window: str, number: int
) -> None:
    query = f"{FAILED} error:{code} since:{window}"
    at = searched(query)
    assert cell(at, named, window) == number
    assert count(at) == ("1 job matches" if number == 1 else f"{number} jobs match")
    assert len(listed(at)) == number
    assert {line["id"] for line in exported(query)} == set(listed(at))
    at = press(at, "Select the one on this page" if number == 1 else f"Select all {number} on this page")
    at = press(at, f"Retry {number}…")
    assert {job.id for job in at.session_state[PENDING].jobs} == set(listed(at))


def test_the_matrix_counts_what_changed_within_each_window(made: Jobs) -> None:
    at = opened("jobs")
    assert [cell(at, "IMAGE_FAILED", one) for one in WINDOWS] == [7] * 5
    assert [cell(at, "IMAGE_TIMEOUT", one) for one in WINDOWS] == [0, 3, 3, 3, 3]
    assert [cell(at, "no code", one) for one in WINDOWS] == [0, 0, 0, 2, 2]


def test_what_is_new_leads_the_page_and_links_to_its_jobs(made: Jobs) -> None:
    at = opened("jobs")
    assert "IMAGE_FAILED is new: 7 failures in 24 hours." in words(at)
    assert "SAFETY_INPUT is" not in words(at)  # a refusal is not a fault
    made.add(2, "DB_WRITE_FAILED")
    assert "DB_WRITE_FAILED is" not in words(refreshed(at))  # as yet it may be chance
    at = press(at, "Show 7 jobs")
    assert asked(at) == f"{FAILED} error:IMAGE_FAILED since:1d"


def test_what_the_jobs_of_a_search_have_in_common(made: Jobs) -> None:
    at = searched(FAILED)
    assert "13 jobs found: IMAGE_FAILED (7), IMAGE_TIMEOUT (3), no code (2)." in words(at)
    assert "At generate_images (all)." in words(at)


def test_box_widgets_and_address_say_the_same(made: Jobs) -> None:
    at = searched("error:IMAGE_* status:failed since:1h")
    assert widget(at, "multiselect", "q-statuses").value == ["failed"]
    assert widget(at, "multiselect", "q-errors").value == ["IMAGE_*"]
    assert widget(at, "selectbox", "q-since").value == "1h"
    widget(at, "multiselect", "q-errors").set_value(["IMAGE_TIMEOUT"])
    at = run(at)
    widget(at, "selectbox", "q-since").set_value("24h")
    at = run(at)
    assert asked(at) == f"{FAILED} error:IMAGE_TIMEOUT since:1d"
    assert widget(at, "text_input", "q").value == f"{FAILED} error:IMAGE_TIMEOUT since:1d"
    widget(at, "text_input", "q").set_value("status:done since:30m")
    at = run(at)
    assert widget(at, "multiselect", "q-statuses").value == ["done"]
    assert widget(at, "multiselect", "q-errors").value == []
    assert widget(at, "selectbox", "q-since").value == query_box.OTHER


def test_an_error_points_at_its_place_and_offers_what_is_meant(made: Jobs) -> None:
    at = searched("status:failed eror:IMAGE_*")
    assert next(one.value for one in at.code) == "status:failed eror:IMAGE_*\n              ^^^^"
    assert "eror" in words(at)
    assert listed(at) == []
    assert all(widget.disabled for widget in at.multiselect)
    at.button(key="suggestion-0").click()
    at = run(at)
    assert asked(at) == "status:failed error:IMAGE_*"
    assert count(at) == "10 jobs match"


def test_a_name_without_a_value_offers_those_that_there_are(made: Jobs) -> None:
    at = searched("status:")
    (failed,) = [one for one in at.button if one.label == "failed"]
    failed.click()
    at = run(at)
    assert asked(at) == FAILED


@pytest.mark.parametrize("typed", ["{key}", "user:{key}", 'user:"{key}"', "status:failed user:{key}"])
def test_a_pasted_key_becomes_an_alias_before_it_reaches_the_address(made: Jobs, typed: str) -> None:
    key = "0b6f9c1e-5d2a-4c3b-8f7e-1a2b3c4d5e6f"
    made.connection.execute("update jobs set user_key = %s where user_key = 'key-of-user-1'", [key])
    at = opened("jobs")
    widget(at, "text_input", "q").set_value(typed.format(key=key))
    at = run(at)
    assert f"user:{aliases().alias(key)}" in asked(at)
    assert key not in str(at.query_params) + words(at) + widget(at, "text_input", "q").value
    assert listed(at)


@pytest.mark.parametrize(
    "typed",
    ["id:job_20261101_abc_*", "job_20261101_120000_0a1b2c3d", "text:0b6f9c1e-5d2a-4c3b", "user:user-0a1b2c3d"],
)
def test_what_is_no_key_stays_as_it_was_typed(made: Jobs, typed: str) -> None:
    at = opened("jobs")
    widget(at, "text_input", "q").set_value(typed)
    assert asked(run(at)) == typed


def test_rows_stand_still_until_somebody_asks_for_the_new_ones(made: Jobs) -> None:
    at = searched("error:IMAGE_FAILED")
    before = listed(at)
    made.add(2, "IMAGE_FAILED", age="1 second")
    made.connection.execute("update jobs set status = 'running' where id = %s", [before[3]])
    at = refreshed(at)
    assert listed(at) == before
    assert rows_of(at, "message")[3]["status"] == "running"
    assert "2 new" in labels(at)
    at = press(at, "2 new")
    assert listed(at)[2:] == before
    assert "2 new" not in labels(at)


def test_a_selection_keeps_its_jobs_when_new_ones_arrive(made: Jobs) -> None:
    at = select(searched("error:IMAGE_FAILED"), 1)
    chosen = listed(at)[1]
    made.add(5, "IMAGE_FAILED", age="1 second")
    at = press(refreshed(at), "Retry 1…")
    assert [job.id for job in at.session_state[PENDING].jobs] == [chosen]


def test_from_the_page_to_all_that_match(made: Jobs) -> None:
    made.add(80, "LLM_TIMEOUT")
    at = press(searched("error:LLM_TIMEOUT"), "Select all 50 on this page")
    assert "Retry 50…" in labels(at)
    at = press(at, "Select all 80 that match")
    at = press(at, "Retry 80…")
    pending = at.session_state[PENDING]
    assert len(pending.jobs) == 80
    assert pending.filter == "error:LLM_TIMEOUT"
    assert "error:LLM_TIMEOUT" in [one.value for one in at.code]


def test_more_than_one_action_may_take_is_not_taken(made: Jobs, console: Callable[..., None]) -> None:
    console(bulk_limit="60")
    made.add(80, "LLM_TIMEOUT")
    at = press(searched("error:LLM_TIMEOUT"), "Select all 50 on this page")
    (button,) = [one for one in at.button if one.label == "Select all 80 that match"]
    assert button.disabled
    assert "OPS_BULK_LIMIT" in str(button.help)


def test_pages_go_back_in_time_and_join_without_a_gap(made: Jobs) -> None:
    at = searched("status:done")
    first = listed(at)
    made.add(5, None, status="done", age="1 second")
    at = press(at, "Older")
    assert len(set(first + listed(at))) == len(first) + len(listed(at)) == 60
    assert "Older" not in labels(at)
    assert len(listed(press(at, "Newest"))) == 50


def test_a_link_to_a_page_shows_a_colleague_the_same_rows(made: Jobs) -> None:
    at = press(searched("status:done"), "Older")
    before = at.query_params["before"]
    made.add(5, None, status="done", age="1 second")
    assert listed(searched("status:done", before=before)) == listed(at)


@pytest.mark.parametrize("before", ["x", "2026-99-99T00:00:00.000000Z_job", "1", "\u202e", "a" * 5000])
def test_a_place_that_is_none_is_named_and_ignored(made: Jobs, before: str) -> None:
    at = searched("status:done", before=before)
    assert len(listed(at)) == 50
    assert "does not know and left out: before=" in words(at)


def test_who_may_only_look_finds_no_buttons(made: Jobs) -> None:
    at = opened("jobs", person=VIEWER, q=FAILED)
    assert len(listed(at)) == 13
    assert not [one for one in labels(at) if one.startswith(("Retry", "Cancel", "Select"))]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "**bold** [x](javascript:alert(1))",
        "\u202egnp",
        "x" * 300,
        "'; drop table jobs",
        "%",
    ],
)
def test_text_of_the_database_and_of_the_box_stays_text(made: Jobs, hostile: str) -> None:
    made.add(1, "HOSTILE", message=hostile[:300])
    made.add(1, hostile[:60])
    at = searched("error:HOSTILE")
    assert rows_of(at, "message")[0]["message"] == hostile[:300]
    widget(at, "text_input", "q").set_value(hostile)
    run(at)
    assert len(listed(opened("jobs"))) == 50


def views(at: AppTest) -> dict[str, str]:
    """The saved views of the menu: what each asks for, by its name."""
    links = [one.proto for one in at.get("page_link")]
    return {one.label: one.query_string for one in links if one.query_string}


def test_a_view_is_kept_for_everybody_and_taken_away_again(made: Jobs) -> None:
    at = searched("error:IMAGE_* status:failed")
    at.text_input(key="view-name").set_value("Image failures")
    press(at, "Save")
    assert views(opened("jobs", person=VIEWER)) == {"Image failures": "q=status%3Afailed+error%3AIMAGE_%2A"}
    at = searched("status:done")
    at.text_input(key="view-name").set_value("image FAILURES")
    at = press(at, "Save")
    assert "image FAILURES" in words(at)  # the name is taken
    at = press(at, "Remove Image failures")
    assert views(at) == {}


def test_nothing_there_no_match_and_not_offered_look_different(newer: str) -> None:
    assert "There is no job yet." in words(opened("jobs"))
    assert "No job matches this search." in words(searched("status:failed"))


def test_an_older_deployment_is_searched_alike(hanging: str) -> None:
    at = searched("status:running")
    assert len(listed(at)) == 2
    assert "attempts" in words(searched("attempts:>1"))
    assert listed(searched("attempts:>1")) == []
