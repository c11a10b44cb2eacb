"""The keyboard alone: from page to page, to the search, through a retry; and never where somebody types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from demo.stack import Stack
from tests.browser.conftest import Database
from tests.browser.people import eventually, listening, open_page, settled, sign_in, tables
from tests.browser.test_live import add_stuck, full_pages

pytestmark = pytest.mark.browser

RETRIED = """
select count(*) from jobs
 where id like 'job_20261101%' and status in ('queued', 'running') and retry_count > 0
"""
JOBS = ("job_20261101_000000_0000000a", "job_20261101_000000_0000000b", "job_20261101_000000_0000000c")
# What a Korean keyboard says when its keys G and S are pressed.
KOREAN = """() => {
  for (const [key, code] of [["ㅎ", "KeyG"], ["ㄴ", "KeyS"]])
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key, code, bubbles: true}));
}"""


@pytest.fixture(autouse=True)
def stuck_jobs(stack: Stack, database: Database) -> Iterator[None]:
    stack.stop_monitor()
    for job in JOBS:
        add_stuck(database, job, age="1 hour")
    yield
    eventually(
        lambda: database.execute(RETRIED).fetchone() == (0,)
    )  # else a worker would end the next test's, too
    database.execute("delete from jobs where id like 'job_20261101%'")


def open_listening(page: Page, stack: Stack, path: str = "stuck", title: str = "Stuck jobs") -> None:
    """Open a page and wait until its script listens to the keyboard."""
    open_page(page, f"{stack.console_url}/{path}", title)
    listening(page)


def on_page(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    settled(page)


def type_keys(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_retry_by_keyboard_alone(stack: Stack, database: Database, page: Page) -> None:
    open_listening(page, stack, "", "Overview")
    type_keys(page, "gs")
    on_page(page, "Stuck jobs")
    expect(tables(page)).to_have_count(1)
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Retry 3…")).to_be_visible()
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("all good again, see gs?")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Retry 3 jobs")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-batch")).to_contain_text("3 done")
    reasons = database.execute("select distinct reason from ops.audit_log where action = 'job.retry'").fetchall()
    assert reasons == [("all good again, see gs?",)]

    type_keys(page, "ga")
    on_page(page, "Audit log")
    type_keys(page, "go")
    on_page(page, "Overview")


def test_rows_are_chosen_by_keyboard(stack: Stack, page: Page) -> None:
    open_listening(page, stack)
    table = tables(page).first
    page.get_by_role("button", name="Select all 3").focus()
    canvas = table.locator("canvas").first

    def inside() -> bool:
        page.keyboard.press("Tab")
        return bool(canvas.evaluate("canvas => canvas.contains(document.activeElement)"))

    eventually(inside)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.get_by_role("button", name="Retry 1…")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.get_by_role("button", name="Retry 2…")).to_be_visible()
    settled(page)
    page.keyboard.press("x")  # with the table's cell in focus
    expect(page.get_by_role("dialog", name="Cancel 2 jobs?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_search_takes_the_focus_and_the_keys(stack: Stack, page: Page) -> None:
    open_listening(page, stack)
    page.keyboard.press("/")
    search = page.get_by_label("Job, user or step")
    expect(search).to_be_focused()
    page.keyboard.type("gs?/rl")
    expect(search).to_have_value("gs?/rl")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(f"{stack.console_url}/stuck")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No stuck job matches these filters.")).to_be_visible()


def test_search_leads_to_all_jobs_from_a_page_without_a_search(stack: Stack, page: Page) -> None:
    open_listening(page, stack, "", "Overview")
    page.keyboard.press("/")
    on_page(page, "Jobs")
    search = page.get_by_role("searchbox", name="Find jobs")
    expect(search).to_be_focused()
    page.keyboard.type("gs")
    expect(search).to_have_value("gs")


def test_the_overlay_lists_what_there_is(stack: Stack, page: Page) -> None:
    open_listening(page, stack, "", "Overview")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_role("row", name="g s Stuck jobs")).to_be_visible()
    expect(dialog.get_by_role("row", name="r Retry what is selected")).to_be_visible()
    expect(dialog).to_contain_text("Shift + Space")
    grave = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert grave == []
    type_keys(page, "gs")  # an open dialog has the keyboard for itself
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    on_page(page, "Overview")


def test_they_can_be_switched_off(stack: Stack, page: Page) -> None:
    open_listening(page, stack, "", "Overview")
    overlay, dialog = page.get_by_role("button", name="Keyboard shortcuts"), page.get_by_role("dialog")
    overlay.click()
    dialog.get_by_text("They work wherever you are not typing").click()
    expect(dialog).to_have_count(0)
    settled(page)
    type_keys(page, "gs?")
    overlay.click()
    on_page(page, "Overview")
    dialog.get_by_text("They work wherever you are not typing").click()
    expect(dialog).to_have_count(0)
    settled(page)
    type_keys(page, "gs")
    on_page(page, "Stuck jobs")


def test_live_and_new_ones(stack: Stack, database: Database, page: Page) -> None:
    open_listening(page, stack)
    add_stuck(database, "job_20261101_000000_0000000d", age="2 hours")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="1 new")).to_have_count(0)
    expect(page.get_by_role("button", name="Select all 4")).to_be_visible()
    page.keyboard.press("l")
    expect(page).to_have_url(f"{stack.console_url}/stuck?live=false")
    page.keyboard.press("l")
    expect(page).to_have_url(f"{stack.console_url}/stuck")


def test_a_viewer_may_look_and_the_session_goes_along(stack: Stack, page: Page) -> None:
    open_listening(page, stack)
    sign_in(page, "Jon Weber")
    page.get_by_role("heading", level=1).click()
    before = full_pages(stack)
    type_keys(page, "srxan")
    # Streamlit's own R would have run the whole page once more.
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert _runs(full_pages(stack)) == _runs(before) + 1
    type_keys(page, "go")
    on_page(page, "Overview")
    expect(page.get_by_role("combobox", name="Signed in as")).to_have_value("Jon Weber (viewer)")


def _runs(metrics: str) -> float:
    return sum(float(line.split()[-1]) for line in metrics.splitlines())


def test_letters_count_by_their_place_where_they_are_other_letters(stack: Stack, page: Page) -> None:
    open_listening(page, stack, "", "Overview")
    page.evaluate(KOREAN)
    on_page(page, "Stuck jobs")


def test_keys_with_modifiers_are_the_browsers(stack: Stack, page: Page) -> None:
    open_listening(page, stack, "", "Overview")
    for keys in ("Control+g", "Shift+G", "Alt+g"):
        page.keyboard.press(keys)
        page.keyboard.press("a")
        settled(page)
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
