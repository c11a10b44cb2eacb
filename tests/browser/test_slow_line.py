"""A line on which what the console says comes late: what a person asked for meanwhile is not undone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from demo.stack import Stack
from tests.browser.conftest import Database
from tests.browser.failed_jobs import fail
from tests.browser.people import asked, eventually, open_page, settled

pytestmark = pytest.mark.browser

REFRESHES = 3
FAILED = "q=status%3Afailed+since%3A1h"


class Line:
    """The line of a tab, open before the tab is. What the console says is kept back while it is slow."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._refreshes = 0
        self._late: list[str | bytes] | None = None
        page.route_web_socket("**/_stcore/stream", self._join)

    def slow(self) -> None:
        self._late = []

    def catch_up(self) -> None:
        late, self._late = self._late or [], None
        for message in late:
            self._tab.send(message)

    def wait_for_refreshes(self) -> None:
        """Until the tab has asked by itself some more times."""
        enough = self._refreshes + REFRESHES

        def asked() -> bool:
            self._page.evaluate("1")  # Playwright hears of messages only while it is spoken to
            return self._refreshes >= enough

        eventually(asked)

    def wait_for_answer(self) -> None:
        """Until the console has drawn the page that it was asked for, of which the tab hears nothing yet."""

        def drawn() -> bool:
            self._page.evaluate("1")
            held = [ForwardMsg.FromString(message) for message in self._late or () if isinstance(message, bytes)]
            ended = [message for message in held if message.WhichOneof("type") == "script_finished"]
            return any(not message.metadata.run.fragment_ids for message in ended)

        eventually(drawn)

    def _join(self, tab: WebSocketRoute) -> None:
        self._tab = tab
        console = tab.connect_to_server()

        def up(message: str | bytes) -> None:
            self._refreshes += (
                isinstance(message, bytes) and BackMsg.FromString(message).rerun_script.is_auto_rerun
            )
            console.send(message)

        def down(message: str | bytes) -> None:
            if self._late is None:
                tab.send(message)
            else:
                self._late.append(message)

        tab.on_message(up)
        console.on_message(down)


def ask_for(page: Page, text: str) -> Locator:
    """Type it into the box; answers the box."""
    box = page.get_by_label("Find jobs")
    box.fill(text)
    box.press("Enter")
    return box


def test_a_search_is_not_undone_by_a_refresh_that_was_under_way(stack: Stack, page: Page) -> None:
    line = Line(page)
    open_page(page, f"{stack.console_url}/jobs?{FAILED}", "Jobs")
    line.slow()
    box = ask_for(page, "status:queued")
    line.wait_for_refreshes()
    line.catch_up()
    eventually(lambda: asked(page) == "status:queued")
    line.wait_for_refreshes()
    settled(page)
    assert asked(page) == "status:queued"
    expect(box).to_have_value("status:queued")
    expect(page.locator("[class*='st-key-q-statuses']")).to_contain_text("queued")


def test_nor_by_a_click_on_what_was_listed_before(stack: Stack, database: Database, page: Page) -> None:
    line = Line(page)
    fail(database, "slow", 2)
    open_page(page, f"{stack.console_url}/jobs?{FAILED}", "Jobs")
    line.slow()
    box = ask_for(page, "status:failed")
    line.wait_for_answer()
    page.get_by_role("button", name="Select all 2 on this page").click()
    line.catch_up()
    eventually(lambda: asked(page) == "status:failed")
    line.wait_for_refreshes()
    settled(page)
    assert asked(page) == "status:failed"
    expect(box).to_have_value("status:failed")


def test_the_way_back_is_not_undone_either(stack: Stack, page: Page) -> None:
    line = Line(page)
    open_page(page, f"{stack.console_url}/jobs?{FAILED}", "Jobs")
    box = ask_for(page, "status:queued")
    eventually(lambda: asked(page) == "status:queued")
    settled(page)
    line.slow()
    page.evaluate("history.back()")
    eventually(lambda: asked(page) == "status:failed since:1h")
    line.catch_up()
    line.wait_for_refreshes()
    settled(page)
    assert asked(page) == "status:failed since:1h"
    expect(box).to_have_value("status:failed since:1h")


def test_another_page_is_not_lost_to_a_refresh_of_the_one_before(
    stack: Stack, database: Database, page: Page
) -> None:
    line = Line(page)
    fail(database, "left", 12)
    open_page(page, stack.console_url, "Overview")
    button = page.get_by_role("button", name="Show what failed")
    expect(button).to_be_visible()
    line.slow()
    button.click()
    line.wait_for_answer()
    line.wait_for_refreshes()
    line.catch_up()
    line.wait_for_refreshes()
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    expect(page.get_by_label("Find jobs")).to_have_value("status:failed since:1h")
