"""What refreshes by itself: not where nobody looks, without flicker, and no row moves under the pointer."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from demo.stack import Stack
from tests.browser.conftest import Database
from tests.browser.people import cell_texts, choose_rows, eventually, open_page, settled, tables

pytestmark = pytest.mark.browser

# A browser that is driven by a test shows every tab; so the tab is told what a hidden one is told.
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# Each frame: how long a part has been asked for anew, and how pale that made anything.
WATCH_GREYING = """() => {
  window.palest = 1;
  window.longest = 0;
  let begun = performance.now();
  const look = now => {
    const stale = [...document.querySelectorAll('[data-stale="true"]')];
    if (!stale.length) begun = now;
    window.longest = Math.max(window.longest, now - begun);
    for (const one of stale) window.palest = Math.min(window.palest, Number(getComputedStyle(one).opacity));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
GREY_MS = 1_500
TICKS, MOMENT_TICKS = 3, 13


class Asking:
    """A tab on the list of stuck jobs, and how often it has asked the server for something."""

    def __init__(self, context: BrowserContext, stack: Stack) -> None:
        self.times = 0
        self.page = context.new_page()
        self.page.on("websocket", self._listen)
        open_page(self.page, f"{stack.console_url}/stuck", "Stuck jobs")

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._count)

    def _count(self, _: object) -> None:
        self.times += 1

    def wait(self, times: int) -> None:
        """Until it has asked so many times more."""
        enough = self.times + times

        def asked() -> bool:
            self.page.evaluate("1")  # Playwright hears of frames only while it is spoken to
            return self.times >= enough

        eventually(asked)


def add_stuck(database: Database, job: str, *, age: str) -> None:
    """A job that has been running for so long without a sign."""
    database.execute(
        "insert into jobs (id, status, current_step, user_key, created_at, updated_at)"
        " select %s, 'running', 'generate_story', 'nobody', past, past"
        " from (select now() at time zone 'utc' - %s::interval as past) clock",
        [job, age],
    )


def full_pages(stack: Stack) -> str:
    """The console's own count of full runs, for each page."""
    lines = httpx.get(f"{stack.console_url}/metrics").text.splitlines()
    return "\n".join(line for line in lines if line.startswith("ops_page_renders_total"))


@pytest.fixture(autouse=True)
def two_jobs(stack: Stack, database: Database) -> Iterator[None]:
    stack.stop_monitor()
    add_stuck(database, "job_20261101_000000_0000000a", age="1 hour")
    add_stuck(database, "job_20261101_000000_0000000b", age="50 minutes")
    yield
    database.execute("delete from jobs where id like 'job_20261101%'")


def test_a_hidden_tab_asks_for_nothing(stack: Stack, database: Database, context: BrowserContext) -> None:
    colleague, hidden = Asking(context, stack), Asking(context, stack)
    hidden.wait(TICKS)
    hidden.page.evaluate(HIDE, True)
    expect(hidden.page.locator(".st-key-tab-hidden input")).to_be_checked()
    settled(hidden.page)
    asked = hidden.times
    colleague.wait(TICKS)
    add_stuck(database, "job_20261101_000000_0000000c", age="40 minutes")
    expect(colleague.page.get_by_role("button", name="1 new")).to_be_visible()
    hidden.page.evaluate("1")
    assert hidden.times == asked
    expect(hidden.page.get_by_role("button", name="1 new")).to_have_count(0)

    hidden.page.evaluate(HIDE, False)
    expect(hidden.page.get_by_role("button", name="1 new")).to_be_visible()
    hidden.wait(TICKS)


def test_a_moment_away_costs_no_full_page(stack: Stack, context: BrowserContext) -> None:
    tab = Asking(context, stack)
    before = full_pages(stack)
    tab.page.evaluate(HIDE, True)
    tab.wait(TICKS)
    tab.page.evaluate(HIDE, False)
    tab.wait(TICKS)
    assert full_pages(stack) == before


def test_what_is_typed_into_a_dialog_outlives_a_hidden_tab(stack: Stack, context: BrowserContext) -> None:
    colleague, tab = Asking(context, stack), Asking(context, stack)
    choose_rows(tables(tab.page).first, 0)
    tab.page.get_by_role("button", name="Acknowledge 1…").click()
    reason = tab.page.get_by_role("dialog").get_by_label("Reason")
    reason.fill("half a sen")
    settled(tab.page)
    asked = tab.times
    tab.page.evaluate(HIDE, True)
    colleague.wait(MOMENT_TICKS)
    tab.page.evaluate(HIDE, False)
    colleague.wait(TICKS)
    tab.page.evaluate("1")
    assert tab.times == asked  # it refreshes nothing while somebody confirms
    expect(reason).to_have_value("half a sen")
    tab.page.keyboard.press("Escape")
    expect(reason).to_have_count(0)
    tab.wait(TICKS)


def test_a_slow_answer_greys_nothing(stack: Stack, context: BrowserContext) -> None:
    page = Asking(context, stack).page
    page.evaluate(WATCH_GREYING)
    with psycopg.connect(stack.database_url) as slow:
        slow.execute("lock table jobs in access exclusive mode")
        eventually(lambda: page.evaluate("window.longest") > GREY_MS)
    settled(page)
    assert page.evaluate("window.palest") == 1


def test_no_row_moves_until_somebody_asks(stack: Stack, database: Database, page: Page) -> None:
    open_page(page, f"{stack.console_url}/stuck", "Stuck jobs")
    table = tables(page).first
    first, second = "job_20261101_000000_0000000a", "job_20261101_000000_0000000b"
    eventually(lambda: cell_texts(table, "Job") == [first, second])
    choose_rows(table, 1)
    expect(page.get_by_role("button", name="Retry 1…")).to_be_visible()

    older = "job_20261101_000000_0000000d"
    add_stuck(database, older, age="2 hours")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    database.execute("update jobs set status = 'done' where id = %s", [first])
    eventually(lambda: "no longer stuck" in cell_texts(table, "Why"))
    assert cell_texts(table, "Job") == [first, second]

    page.get_by_role("button", name="1 new").click()
    eventually(lambda: cell_texts(table, "Job") == [older, second])
    page.get_by_role("button", name="Acknowledge 1…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("the very same job")
    dialog.get_by_role("button", name="Acknowledge 1 job").click()
    expect(page.locator(".st-key-batch")).to_contain_text("1 done")
    noted = database.execute("select job_id from ops.acknowledgements").fetchall()
    assert noted == [(second,)]
