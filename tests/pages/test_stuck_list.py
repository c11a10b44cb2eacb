"""The list of stuck jobs: its empty states, its filters, a selection that means the same jobs after a refresh."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.conftest import Configure
from tests.pages.screen import (
    OPERATOR,
    chosen,
    confirm,
    dialogs,
    ended,
    jobs,
    labels,
    opened,
    press,
    refreshed,
    select,
    table,
    words,
)
from tests.queries.conftest import run, set_clock

# Running, without a sign for three hours: worse than anything else in the older deployment's rows.
WORST = """
insert into jobs (id, status, progress, current_step, user_key, created_at, updated_at)
select 'job_worst', 'running', 10, 'generate_story', 'key-of-a-user', at, at
from (select (now() at time zone 'utc') - interval '3 hours' as at) clock
"""
NOTHING, NO_MATCH = "No job is stuck.", "No stuck job matches these filters."
UNAVAILABLE = "The list of stuck jobs cannot be shown now."
NOT_CONFIGURED = "Prometheus is not configured: set OPS_PROMETHEUS_URL."


def states(at: AppTest) -> set[str]:
    return {state for state in (NOTHING, NO_MATCH, UNAVAILABLE) if state in words(at)}


def test_nothing_stuck(migrated_url: str, configure: Configure) -> None:
    set_clock(migrated_url, "2026-11-23 00:13:00")
    configure(database_url=migrated_url)
    assert states(opened("stuck")) == {NOTHING}


@pytest.mark.usefixtures("hanging")
def test_nothing_that_matches() -> None:
    at = opened("stuck", search="no such job")
    assert states(at) == {NO_MATCH}
    assert "6 jobs stuck" in words(at)


def test_unavailable_is_not_empty(configure: Configure) -> None:
    configure(database_url="postgresql://nobody@127.0.0.1:1/none")
    at = opened("stuck")
    assert states(at) == {UNAVAILABLE}
    assert len(at.warning) == 2


@pytest.mark.usefixtures("hanging")
def test_not_configured_is_a_quiet_line_and_no_warning() -> None:
    at = opened()
    assert NOT_CONFIGURED in words(at)
    assert len(at.warning) == 0


@pytest.mark.usefixtures("hanging")
def test_the_address_filters_and_sorts() -> None:
    ids = jobs(opened("stuck"))
    at = opened("stuck", rule="stuck_running", search="E0192", sort="oldest")
    assert jobs(at) == [ids[1]]
    assert jobs(opened("stuck", rule=["stalled", "stuck_queued"])) == ids[:2]
    assert len(at.info) == 0


@pytest.mark.usefixtures("hanging")
def test_filters_go_into_the_address_by_names_that_every_language_knows() -> None:
    at = opened("stuck")
    at.button_group(key="rule").set_value(["stalled", "stuck_running"])
    at.selectbox(key="sort").select("oldest")
    refreshed(at)
    assert at.query_params == {"rule": ["stalled", "stuck_running"], "sort": "oldest"}
    colleague = opened("stuck", lang="ko", **at.query_params)
    assert jobs(colleague) == jobs(at)
    assert len(jobs(at)) == 2
    assert len(colleague.info) == 0
    at.button_group(key="rule").set_value([])
    at.selectbox(key="sort").select("worst")
    refreshed(at)
    assert at.query_params == {}
    assert len(jobs(at)) == 6


def test_sorting_by_spend_and_attempts(newer: str) -> None:
    for name, cents, retries in (("job_little", 14, 2), ("job_much", 47, 0), ("job_some", 28, 1)):
        run(
            newer,
            "insert into jobs (id, status, current_step, retry_count, user_key, created_at, updated_at)"  # noqa: S608
            f" select '{name}', 'running', 'generate_images', {retries}, 'k', at, at"
            " from (select (now() at time zone 'utc') - interval '1 hour' as at) clock",
            "insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step,"  # noqa: S608
            f" outcome, units, cost_usd) values ('{name}', now(), '{name}', 1, 'picture-one', 'image', 'm',"
            f" 'generate_images', 'succeeded', 1, {cents} * 0.01)",
        )
    assert jobs(opened("stuck", sort="spent")) == ["job_much", "job_some", "job_little"]
    at = opened("stuck", sort="attempts")
    assert jobs(at) == ["job_little", "job_some", "job_much"]
    assert [row["retries"] for row in table(at)] == [2, 1, 0]
    assert [row["spent"] for row in table(at)] == ["$0.14", "$0.28", "$0.47"]


def test_rows_stand_still_until_somebody_asks_for_the_new_ones(hanging: str) -> None:
    at = opened("stuck")
    before = jobs(at)
    run(hanging, WORST)
    refreshed(at)
    assert jobs(at) == before
    assert "6 jobs of 7" in words(at)
    assert jobs(press(at, "1 new")) == ["job_worst", *before]
    assert "1 new" not in labels(at)
    assert "7 jobs" in words(at)


def test_a_selection_survives_what_arrives(hanging: str) -> None:
    at = select(opened("stuck"), 0, 2)
    before, ticked = jobs(at), chosen(at)
    assert len(ticked) == 2
    run(hanging, WORST)
    refreshed(at)
    assert jobs(at) == before
    assert chosen(at) == ticked
    assert "Retry 2…" in labels(at)
    press(at, "1 new")
    assert jobs(at) == ["job_worst", *before]
    assert chosen(at) == ticked
    assert chosen(press(at, "Select none")) == []


def test_a_job_that_is_stuck_no_more_says_so_until_it_is_cleared(hanging: str) -> None:
    at = select(opened("stuck"), 1)
    (gone,) = chosen(at)
    run(hanging, f"update jobs set status = 'done' where id = '{gone}'")  # noqa: S608
    refreshed(at)
    assert chosen(at) == [gone]
    assert [(row["job"], row["why"], row["stuck"]) for row in table(at)][1] == (gone, "no longer stuck", "")
    assert "5 jobs" in words(at)
    press(at, "Select none")
    press(at, "Select all 5")
    assert gone not in chosen(at)
    press(at, "Clear 1 no longer stuck")
    assert gone not in jobs(at)
    assert len(chosen(at)) == 5


def test_the_list_is_fresh_whenever_the_page_is_opened(hanging: str) -> None:
    at = opened("stuck")
    before = jobs(at)
    run(hanging, WORST)
    at.switch_page("../pages/overview.py").run()
    at.switch_page("../pages/stuck.py")
    assert jobs(refreshed(at)) == ["job_worst", *before]


def test_an_empty_list_fills_by_itself(migrated_url: str, configure: Configure) -> None:
    set_clock(migrated_url, "2026-11-23 00:13:00")
    configure(database_url=migrated_url)
    at = opened("stuck")
    assert jobs(at) == []
    run(migrated_url, WORST)
    assert jobs(refreshed(at)) == ["job_worst"]


@pytest.mark.usefixtures("hanging")
def test_another_filter_ends_a_selection() -> None:
    at = select(opened("stuck"), 0, 2)
    at.button_group(key="rule").set_value(["stuck_running"])
    refreshed(at)
    assert len(jobs(at)) == 2
    assert "Retry" in labels(at)
    assert chosen(at) == []


@pytest.mark.usefixtures("hanging")
def test_all_that_match_are_selected_at_once() -> None:
    at = press(opened("stuck", rule="stuck_running"), "Select all 2")
    assert chosen(at) == jobs(at)
    assert "Acknowledge 2…" in labels(at)
    assert "2 jobs of 6" in words(at)


def test_nothing_moves_behind_an_open_dialog(hanging: str) -> None:
    at = press(select(opened("stuck"), 0), "Acknowledge 1…")
    assert len(dialogs(at)) == 1
    before = jobs(at)
    run(hanging, WORST)
    refreshed(at)
    assert jobs(at) == before
    assert len(dialogs(at)) == 1


@pytest.mark.usefixtures("hanging")
def test_a_note_is_seen_by_others_and_a_snooze_puts_aside() -> None:
    at = press(select(opened("stuck"), 0), "Acknowledge 1…")
    ended(confirm(at, "Acknowledge 1 job", "the provider knows"))
    noted = table(opened("stuck"))[0]
    assert noted["note"] == f"{OPERATOR}: the provider knows"
    at = press(select(opened("stuck"), 0, 1), "Acknowledge 2…")
    at.selectbox(key="snooze-hours").select(4)
    ended(confirm(at, "Acknowledge 2 jobs", "until lunch"))
    at = opened("stuck")
    assert len(jobs(at)) == 4
    assert "4 jobs stuck for up to 6 min" in words(at)
    assert "2 more are snoozed." in words(at)
    shown = table(opened("stuck", snoozed="true"))
    assert len(shown) == 6
    assert re.fullmatch(rf"snoozed for (4 hr|3 hr 59 min) · {OPERATOR}: until lunch", shown[0]["note"])
