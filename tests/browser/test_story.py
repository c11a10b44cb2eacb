"""The main story on the running stack: jobs get stuck, somebody sees it, repairs just those; it is on record."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from demo.stack import Stack
from tests.browser.conftest import STUCK_JOBS, Database
from tests.browser.people import cell_texts, choose_rows, eventually, open_page, settled, tables

pytestmark = pytest.mark.browser

REASON = "worker died, see incident 42"


def statuses(database: Database, jobs: list[str]) -> dict[str, str]:
    rows = database.execute("select id, status from jobs where id = any(%s)", [jobs]).fetchall()
    return {str(job): str(status) for job, status in rows}


def audit(database: Database, job: str) -> list[tuple[str, str, str | None]]:
    """(phase, request id, result) of every retry of the job."""
    rows = database.execute(
        "select phase, request_id, result from ops.audit_log"
        " where target_id = %s and action = 'job.retry' order by id",
        [job],
    )
    return [(str(phase), str(request), result) for phase, request, result in rows]


def test_from_stuck_to_repaired(stack: Stack, stuck: list[str], database: Database, page: Page) -> None:
    open_page(page, stack.console_url, "Overview")
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text(f"{STUCK_JOBS} jobs stuck for up to")
    expect(verdict).to_contain_text("The job monitor has not run since")

    verdict.get_by_role("button", name=f"Review {STUCK_JOBS} jobs").click()
    expect(page.get_by_role("heading", level=1, name="Stuck jobs")).to_be_visible()
    table = tables(page).first
    expect(table).to_be_visible()
    eventually(lambda: sorted(cell_texts(table, "Job")) == sorted(stuck))
    listed = cell_texts(table, "Job")

    choose_rows(table, 0, 2)
    chosen, left_alone = [listed[0], listed[2]], listed[1]
    page.get_by_role("button", name="Retry 2…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 of 2 jobs will be retried for an estimated")
    dialog.get_by_label("Reason").fill(REASON)
    # A person who doubts clicks twice; a network that doubts sends twice.
    dialog.get_by_role("button", name="Retry 2 jobs").dblclick()

    result = page.locator(".st-key-batch")
    expect(result).to_contain_text("Retry · 2 jobs · 2 done")
    eventually(lambda: statuses(database, chosen) == dict.fromkeys(chosen, "done"))
    eventually(lambda: cell_texts(tables(page).first, "Job now") == ["done", "done"])
    assert statuses(database, [left_alone]) == {left_alone: "running"}
    expect(verdict).to_contain_text("1 job stuck for up to")

    for job in chosen:
        (intent, request, _), (outcome, same_request, done) = audit(database, job)
        assert (intent, outcome, done) == ("intent", "outcome", "done")
        assert request == same_request
        retried = database.execute(
            "select count(*) from job_events where job_id = %s and event = 'retried'", [job]
        ).fetchone()
        assert retried == (1,)

    page.get_by_test_id("stSidebar").get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", level=1, name="Audit log")).to_be_visible()
    # The two retries, and the order that they were taken by.
    expect(page.locator(".st-key-verdict")).to_contain_text("3 acts by 1 person")
    log = tables(page).first
    eventually(lambda: set(chosen) <= set(cell_texts(log, "On")))
    newest = next(target for target in cell_texts(log, "On") if target in chosen)
    choose_rows(log, cell_texts(log, "On").index(newest))
    story = page.locator(".st-key-act")
    expect(story).to_contain_text(newest)
    expect(story).to_contain_text(audit(database, newest)[0][1])
    expect(story).to_contain_text(REASON)


def test_a_link_shows_the_same_result_to_a_colleague(
    stack: Stack, stuck: list[str], database: Database, context: BrowserContext
) -> None:
    row = database.execute("select id from ops.bulks order by created_at limit 1").fetchone()
    assert row is not None
    page = context.new_page()
    open_page(page, f"{stack.console_url}/stuck?batch={row[0]}", "Stuck jobs")
    expect(page.locator(".st-key-batch")).to_contain_text("Retry · 2 jobs · 2 done")


def test_two_operators_on_the_same_job(
    stack: Stack, stuck: list[str], database: Database, context: BrowserContext
) -> None:
    (job,) = [job for job, status in statuses(database, stuck).items() if status == "running"]
    dialogs = []
    for page in (context.new_page(), context.new_page()):
        open_page(page, f"{stack.console_url}/stuck", "Stuck jobs")
        choose_rows(tables(page).first, 0)
        page.get_by_role("button", name="Retry 1…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("me first")
        dialogs.append((page, dialog))
    for page, dialog in dialogs:
        dialog.get_by_role("button", name="Retry 1 job").click()
        expect(page.locator(".st-key-batch")).to_contain_text("Retry · 1 job · ")
        settled(page)
    first, second = (page.locator(".st-key-batch") for page, _ in dialogs)
    expect(first).to_contain_text("1 done")
    expect(second).to_contain_text("1 skipped")
    table = tables(dialogs[1][0]).first
    eventually(lambda: "changed this job meanwhile" in "".join(cell_texts(table, "What happened")))
    eventually(lambda: statuses(database, [job]) == {job: "done"})
    (row,) = database.execute("select count(*) from job_events where job_id = %s and event = 'retried'", [job])
    assert row == (1,)
