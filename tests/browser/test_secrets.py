"""A user key is a user's only credential: nothing that reaches the browser may hold one, on any page."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from dashboard import navigation
from demo.stack import Stack
from tests.browser.people import Readers, cell_texts, choose_rows, eventually, open_page, tables

pytestmark = pytest.mark.browser


class Wiretap:
    """What the browser gets: frames of WebSockets, addresses, downloaded files, and the plain HTTP answers."""

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
    stuck: list[str],
    context: BrowserContext,
) -> None:
    wiretap = Wiretap(context)
    page = context.new_page()
    for section in navigation.CONTENTS.values():
        for entry in section:
            path = "" if entry.name == navigation.DEFAULT else entry.url_path
            open_page(page, f"{stack.console_url}/{path}", entry.title)
    wiretap.heard.append(_act(page, stack))
    for path in ("", "stuck", "audit-log", "metrics", "healthz", "readyz"):
        wiretap.heard.append(httpx.get(f"{stack.console_url}/{path}").content)
    _find_by_key(page, stack, readers.keys[0])
    assert wiretap.holds(stuck[0])  # the wiretap works: what is shown is heard
    assert wiretap.holds("ops_page_renders_total")
    for key in (*readers.keys, stack.admin_key):
        assert not wiretap.holds(key)
        assert not any(key in address for address in wiretap.addresses())


def _act(page: Page, stack: Stack) -> bytes:
    """Through the dialog, the result and the log's story; answers the log's file."""
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
        page.get_by_role("button", name="Download all as CSV").click()
    file = download.value.path().read_bytes()
    assert b"looking" in file
    return file


def _find_by_key(page: Page, stack: Stack, key: str) -> None:
    """A key that somebody pastes into a search finds its user by the alias, and is not echoed."""
    open_page(page, f"{stack.console_url}/stuck", "Stuck jobs")
    search = page.get_by_label("Job, user or step")
    search.fill(key)
    search.press("Enter")
    expect(search).to_have_value(re.compile("^user-[0-9a-f]{8}$"))
    expect(page).to_have_url(re.compile(r"search=user-[0-9a-f]{8}$"))
    expect(tables(page)).to_have_count(1)
    eventually(lambda: len(cell_texts(tables(page).first, "Job")) == 1)
