"""Every page, wide, dark, on a phone, in Korean: a picture for people, and axe for what a tool can find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard import i18n, navigation
from dashboard.navigation import Entry
from demo.parts import ALIAS_KEY
from demo.stack import Stack
from queries.aliases import Aliases
from tests.browser.conftest import SHOTS
from tests.browser.people import settled

pytestmark = pytest.mark.browser

WIDE = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": WIDE, "color_scheme": "light", "locale": "en-US"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "locale": "en-US"},
    "korean": {"viewport": WIDE, "color_scheme": "light", "locale": "ko-KR"},
}
ENTRIES = [entry for section in navigation.CONTENTS.values() for entry in section]
GRAVE = ("serious", "critical")
# The dark theme's background; a page that was opened in the light follows the system into it.
DARK = re.compile(r"rgb\(18, 22, 28\)")


@pytest.fixture(scope="module")
def stack(history: Stack) -> Stack:
    """The stack with some days of history, whose incident gives every page something to show."""
    return history


def faults(page: Page) -> list[str]:
    """What axe calls serious or critical, with the element it means."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def address(stack: Stack, entry: Entry) -> str:
    """Of the page; of a job's page with the newest job that failed, of a user's page with its user."""
    if entry.name not in ("job", "user"):
        return "" if entry.name == navigation.DEFAULT else entry.url_path
    with psycopg.connect(stack.database_url) as connection:
        job, user_key = connection.execute(
            "select id, user_key from jobs where status = 'failed' order by created_at desc limit 1"
        ).fetchall()[0]
    shown = {"job": job, "user": Aliases(ALIAS_KEY).alias(user_key)}
    return f"{entry.url_path}?{entry.name}={shown[entry.name]}"


@pytest.fixture(scope="module")
def looks(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """One browser each, which keeps the scripts that all pages load."""
    contexts = {name: browser.new_context(**look) for name, look in LOOKS.items()}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_page(stack: Stack, looks: dict[str, BrowserContext], entry: Entry, look: str) -> None:
    page = looks[look].new_page()
    page.goto(f"{stack.console_url}/{address(stack, entry)}")
    title = i18n.translation("ko").gettext(entry.title) if look == "korean" else entry.title
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    expect(page.locator(".st-key-verdict")).to_be_visible()
    settled(page)
    judge(page, f"{entry.name}-{look}", LOOKS[look]["viewport"]["width"])
    if look == "wide":
        page.emulate_media(color_scheme="dark")
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", DARK)
        judge(page, f"{entry.name}-dark", WIDE["width"])
    page.close()


def judge(page: Page, name: str, most: int) -> None:
    """Take its picture; no error, nothing grave for axe, and not wider than the screen."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
    assert page.get_by_test_id("stException").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= most, "the page scrolls sideways"
    assert faults(page) == []
