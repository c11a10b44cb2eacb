"""From "some books fail" to repaired; the view that a colleague gets; a release that goes on whatever ends."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from demo.stack import Stack
from tests.browser.conftest import Database
from tests.browser.failed_jobs import fail
from tests.browser.people import (
    HEADER,
    ROW,
    Readers,
    asked,
    cell_texts,
    choose_rows,
    eventually,
    listening,
    open_page,
    settled,
)

pytestmark = pytest.mark.browser

BOOKS = 4
REASON = "the provider is back"
# Presses the button of these words as soon as the page has it, quicker than any person.
PRESS_AT_ONCE = """
words => new MutationObserver((_, observer) => {
  const button = [...document.querySelectorAll('button:enabled')].find(one => one.innerText.includes(words));
  if (button) { observer.disconnect(); button.click(); }
}).observe(document.body, {childList: true, subtree: true, characterData: true, attributes: true})
"""


def retries(database: Database, batch: str) -> list[int]:
    """How often each retried job of the batch was retried, by the service's own record."""
    rows = database.execute(
        "select count(*) from job_events where event = 'retried' and job_id like %s group by job_id",
        [f"job_20261101_{batch}_%"],
    )
    return [int(number) for (number,) in rows.fetchall()]


def breaker_open(stack: Stack) -> bool:
    """Whether Prometheus, and so the console, still takes a provider for down."""
    query = {"query": 'sum(bookgen_circuit_breaker_state{state="open"})'}
    found = httpx.get(f"{stack.prometheus_url}/api/v1/query", params=query).json()["data"]["result"]
    return any(float(one["value"][1]) for one in found)


def table(page: Page) -> Locator:
    # Its name grows by a number when rows are selected by a button.
    return page.locator("[class*='st-key-jobs']").get_by_test_id("stDataFrame")


def listed(page: Page) -> list[str]:
    """The ids in the list of jobs, top down, from the links that its first column holds."""
    return [text.rpartition("job=")[2] for text in cell_texts(table(page), "Job")]


def search(page: Page, text: str) -> None:
    box = page.get_by_label("Find jobs")
    box.fill(text)
    box.press("Enter")
    eventually(lambda: asked(page) == text)
    settled(page)


def retry_all(page: Page, number: int, *, per_minute: int | None = None) -> None:
    """Retry all that match, which the page holds: select, press, give a reason, confirm."""
    page.get_by_role("button", name=f"Select all {number} on this page").click()
    page.get_by_role("button", name=f"Retry {number}…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{number} of {number} jobs will be retried")
    if per_minute is not None:
        dialog.get_by_text("Paced", exact=True).click()
        pace = dialog.get_by_label("Jobs a minute")
        pace.fill(str(per_minute))
        pace.press("Enter")
        expect(dialog).to_contain_text("It goes on when this tab is closed")
    dialog.get_by_label("Reason").fill(REASON)
    dialog.get_by_role("button", name=f"Retry {number} jobs").click()
    expect(page.locator(".st-key-batch")).to_be_visible()


@pytest.fixture(scope="module")
def failing(stack: Stack, readers: Readers, database: Database) -> list[str]:
    """Books that failed because the image provider did; it is back now."""
    readers.set_provider("picture-one", "down")
    books = [readers.ask_for_book() for _ in range(BOOKS)]

    def all_failed() -> bool:
        rows = database.execute("select count(*) from jobs where id = any(%s) and status = 'failed'", [books])
        return rows.fetchone() == (BOOKS,)

    eventually(all_failed, seconds=60)
    readers.set_provider("picture-one", "ok")
    eventually(lambda: not breaker_open(stack))
    # Enough that ended for a rate of success, and for a rise.
    fail(database, "noise", 12, code="IMAGE_FAILED", age="20 minutes")
    return books


def test_from_some_books_fail_to_repaired(
    stack: Stack, failing: list[str], database: Database, page: Page, context: BrowserContext
) -> None:
    open_page(page, stack.console_url, "Overview")
    page.get_by_role("button", name="Show what failed").click()
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()
    assert asked(page) == "status:failed since:1h"
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text("At generate_images (all)")
    expect(verdict).to_contain_text("Failed calls at picture-one (")

    search(page, f"status:failed id:{','.join(failing)}")
    eventually(lambda: sorted(listed(page)) == sorted(failing))
    retry_all(page, BOOKS)
    result = page.locator(".st-key-batch")
    expect(result).to_contain_text(f"{BOOKS} jobs · {BOOKS} done")

    def statuses() -> set[str]:
        rows = database.execute("select distinct status from jobs where id = any(%s)", [failing])
        return {str(status) for (status,) in rows.fetchall()}

    eventually(lambda: statuses() == {"done"}, seconds=60)
    expect(page.get_by_text("No job matches this search.")).to_be_visible()
    search(page, f"id:{','.join(failing)}")
    eventually(lambda: cell_texts(table(page), "Status") == ["done"] * BOOKS)

    canvas, row = table(page).locator("canvas").first, HEADER + ROW // 2
    # The canvas takes the first click for itself, as it does when a mouse comes in.
    canvas.click(position={"x": 90, "y": row}, force=True)
    with context.expect_page() as opened:
        canvas.click(position={"x": 90, "y": row}, force=True)
    story = opened.value
    expect(story.get_by_role("heading", level=1)).to_be_visible()
    expect(story.locator(".st-key-verdict")).to_contain_text("Done")


def test_the_same_story_by_keyboard(stack: Stack, database: Database, page: Page) -> None:
    fail(database, "keys", 3)
    open_page(page, stack.console_url, "Overview")
    listening(page)
    page.keyboard.type("gj")
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()
    settled(page)
    page.keyboard.press("/")
    expect(page.get_by_label("Find jobs")).to_be_focused()
    page.keyboard.type("id:job_20261101_keys_*")
    page.keyboard.press("Enter")
    eventually(lambda: len(listed(page)) == 3)
    # Out of the box, where letters are text.
    page.keyboard.press("Tab")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Retry 3…")).to_be_enabled()
    settled(page)
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 of 3 jobs will be retried")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type(REASON)
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Retry 3 jobs")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-batch")).to_contain_text("3 jobs · 3 done")
    assert retries(database, "keys") == [1, 1, 1]


def test_a_link_shows_a_colleague_the_same_view(
    stack: Stack, database: Database, page: Page, context: BrowserContext
) -> None:
    fail(database, "link", 60, code="LLM_TIMEOUT", age="3 hours")
    open_page(page, f"{stack.console_url}/jobs", "Jobs")
    search(page, "error:LLM_TIMEOUT id:job_20261101_link_*")
    page.get_by_role("button", name="Older").click()
    eventually(lambda: len(listed(page)) == 10)
    fail(database, "link2", 5, code="LLM_TIMEOUT")
    other = context.new_page()
    open_page(other, page.url, "Jobs")
    eventually(lambda: listed(other) == listed(page))
    expect(other.get_by_label("Find jobs")).to_have_value(asked(page))


def test_a_selection_outlives_refreshes_and_new_arrivals(stack: Stack, database: Database, page: Page) -> None:
    fail(database, "still", 6, age="1 minute")
    open_page(page, f"{stack.console_url}/jobs?q=id:job_20261101_still*", "Jobs")
    eventually(lambda: len(listed(page)) == 6)
    before = listed(page)
    choose_rows(table(page), 1, 4)
    expect(page.get_by_role("button", name="Retry 2…")).to_be_enabled()
    fail(database, "still_new", 3)
    expect(page.get_by_role("button", name="3 new")).to_be_visible()
    assert listed(page) == before
    page.get_by_role("button", name="Retry 2…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(REASON)
    dialog.get_by_role("button", name="Retry 2 jobs").click()
    expect(page.locator(".st-key-batch")).to_contain_text("2 jobs · 2 done")
    rows = database.execute("select job_id from job_events where event = 'retried' and job_id like '%%_still_%%'")
    assert sorted(str(job) for (job,) in rows.fetchall()) == sorted([before[1], before[4]])


def test_a_click_in_the_very_moment_that_the_button_appears_counts(
    stack: Stack, database: Database, page: Page
) -> None:
    fail(database, "quick", 30)
    open_page(page, f"{stack.console_url}/jobs?q=id:job_20261101_quick_*", "Jobs")
    page.evaluate(PRESS_AT_ONCE, "Retry 30…")
    page.get_by_role("button", name="Select all 30 on this page").click()
    expect(page.get_by_role("dialog")).to_contain_text("30 of 30 jobs will be retried")


def test_a_release_goes_on_when_its_tab_is_closed(stack: Stack, database: Database, page: Page) -> None:
    fail(database, "closed", 20)
    open_page(page, f"{stack.console_url}/jobs?q=id:job_20261101_closed_*", "Jobs")
    retry_all(page, 20, per_minute=240)
    eventually(lambda: len(retries(database, "closed")) > 1)
    page.close()
    eventually(lambda: retries(database, "closed") == [1] * 20)


def test_a_release_goes_on_after_the_console_was_killed(
    stack: Stack, database: Database, page: Page, context: BrowserContext
) -> None:
    fail(database, "killed", 30)
    open_page(page, f"{stack.console_url}/jobs?q=id:job_20261101_killed_*", "Jobs")
    retry_all(page, 30, per_minute=240)
    address = page.url
    eventually(lambda: len(retries(database, "killed")) > 4)
    stack.supervisor.kill("console")
    before = len(retries(database, "killed"))
    assert before < 30
    stack.revive("console")
    eventually(lambda: retries(database, "killed") == [1] * 30, seconds=90)
    # Whoever comes back to the address of then finds what came of it.
    other = context.new_page()
    open_page(other, address, "Jobs")
    expect(other.locator(".st-key-batch")).to_contain_text("30 jobs · 30 done")
