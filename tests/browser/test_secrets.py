"""A user key is a user's only credential: nothing that reaches the browser may hold one, on any page."""

from __future__ import annotations

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from dashboard import navigation
from demo.stack import Stack
from tests.browser.people import Readers, choose_rows, eventually, open_page, settled, tables

pytestmark = pytest.mark.browser


class Wiretap:
    """All bytes that the browser gets: bodies of responses, frames of WebSockets, downloaded files."""

    def __init__(self, context: BrowserContext) -> None:
        self.heard: list[bytes] = []
        self._requests: list[str] = []
        context.on("response", lambda response: self._requests.append(response.url))
        context.on("page", lambda page: page.on("websocket", self._listen))

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._frame)

    def _frame(self, payload: str | bytes) -> None:
        self.heard.append(payload.encode() if isinstance(payload, str) else payload)

    def addresses(self) -> list[str]:
        return self._requests

    def holds(self, text: str) -> bool:
        return any(text.encode() in part for part in self.heard)


def test_no_user_key_reaches_the_browser(
    stack: Stack,
    readers: Readers,
    database: psycopg.Connection[tuple[object, ...]],
    context: BrowserContext,
) -> None:
    readers.set_provider("picture-one", "hanging")
    jobs = [readers.ask_for_book() for _ in range(3)]
    hostile = f"{readers.keys[0]} <script>alert(1)</script>"
    stack.stop_monitor()
    eventually(lambda: _drawing(database, jobs))
    database.execute("update jobs set updated_at = updated_at - interval '1 hour' where id = any(%s)", [jobs])
    wiretap = Wiretap(context)
    page = context.new_page()
    for section in navigation.CONTENTS.values():
        for entry in section:
            path = "" if entry.name == navigation.DEFAULT else entry.url_path
            open_page(page, f"{stack.console_url}/{path}", entry.title)
    _act(page, stack)
    _find_by_key(page, stack, hostile)
    assert wiretap.holds(jobs[0])  # the wiretap works: what is shown is heard
    for key in (*readers.keys, stack.admin_key):
        assert not wiretap.holds(key)
        assert not any(key in address for address in wiretap.addresses())


def _drawing(database: psycopg.Connection[tuple[object, ...]], jobs: list[str]) -> bool:
    statement = "select count(*) from jobs where id = any(%s) and current_step = 'generate_images'"
    return database.execute(statement, [jobs]).fetchone() == (len(jobs),)


def _act(page: Page, stack: Stack) -> None:
    """Through the dialog, the result and the log's story, with a download."""
    open_page(page, f"{stack.console_url}/stuck", "Stuck jobs")
    choose_rows(tables(page).first, 0)
    page.get_by_role("button", name="Acknowledge 1…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("looking")
    dialog.get_by_role("button", name="Acknowledge 1 job").click()
    expect(page.locator(".st-key-batch")).to_contain_text("1 done")
    open_page(page, f"{stack.console_url}/audit-log", "Audit log")
    choose_rows(tables(page).first, 0)
    expect(page.locator(".st-key-act")).to_contain_text("looking")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert "looking" in download.value.path().read_text()


def _find_by_key(page: Page, stack: Stack, key: str) -> None:
    """A key that somebody pastes into the search box is not echoed back."""
    open_page(page, f"{stack.console_url}/stuck", "Stuck jobs")
    page.get_by_label("Job, user or step").fill(key)
    page.keyboard.press("Enter")
    settled(page)
