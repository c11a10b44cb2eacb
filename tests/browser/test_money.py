"""Whoever may not see amounts of money, in a real browser: nothing is on the wire or in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from dashboard import navigation
from dashboard.navigation import Entry
from demo.stack import Stack
from tests.browser.conftest import SHOTS
from tests.browser.people import open_page, settled
from tests.browser.test_look import WIDE, address

pytestmark = pytest.mark.browser

ENTRIES = [one for section in navigation.CONTENTS.values() for one in section if one.name != "costs"]
# Not the 36 ("$") that tells the length of a UUID.
DOLLARS = re.compile(rb"\$\\?\d[\d,]*(?:\\?\.\d+)?(?![\w-])")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with some history, whose operators may not see amounts."""
    environment = {"OPS_ENVIRONMENT": "production", "OPS_MONEY_FOR": "admin"}
    with Stack(tmp_path_factory.mktemp("money"), history_days=3, console_env=environment) as running:
        yield running


def listened(page: Page) -> list[bytes]:
    """Every message that the browser gets from now on."""
    frames: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on(
            "framereceived", lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode())
        )

    page.on("websocket", listen)
    return frames


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[BrowserContext]:
    """One browser, which keeps the scripts that all pages load."""
    context = browser.new_context(viewport=WIDE, locale="en-US")
    yield context
    context.close()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_no_amount_is_sent(stack: Stack, tab: BrowserContext, entry: Entry) -> None:
    """What is sent is the same whatever the screen."""
    page = tab.new_page()
    frames = listened(page)
    open_page(page, f"{stack.console_url}/{address(stack, entry)}", entry.title)
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{entry.name}-without-money.png", full_page=True)
    assert len(frames) > 1
    assert [hit.group() for frame in frames for hit in DOLLARS.finditer(frame)] == []
    page.close()


def test_the_address_of_the_costs_is_refused(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.console_url}/costs")
    expect(page.get_by_text("Mina Park is operator and may not do this")).to_be_visible()
    settled(page)
    assert page.get_by_test_id("stSidebar").get_by_role("link", name="Costs").count() == 0


def test_a_file_holds_no_amount(stack: Stack, page: Page) -> None:
    """It is made outside of any run, where nobody is signed in."""
    open_page(page, f"{stack.console_url}/usage", "Usage")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as CSV", exact=True).click()
    content = Path(download.value.path()).read_text(encoding="utf-8-sig")
    names, *lines = content.splitlines()
    assert names.split(",")[-2:] == ["share_of_jobs", "cumulative_share"]
    assert len(lines) > 1
    assert "usd" not in content
    assert "money" not in content
