"""Rows, limits and alerts that mean harm, in a real browser on a phone: nothing runs, nothing is torn apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from dashboard import navigation
from dashboard.navigation import Entry
from tests.browser.people import settled
from tests.fuzz import console, hostile, hostile_rows
from tests.fuzz.hostile_rows import ALIASES, BULK, JOB, KEYS
from tests.pages.conftest import migrated_newer_template
from tests.queries.told_rules import telling

__all__ = ["migrated_newer_template"]

pytestmark = pytest.mark.browser

PHONE = 390
ENTRIES = [entry for entries in navigation.CONTENTS.values() for entry in entries]
ASKED = {"job": {"job": JOB}, "user": {"user": ALIASES.alias(KEYS[0])}, "bulks": {"batch": BULK}}
# In the address of pages that need nothing there: what nobody may interpret either.
NONSENSE = {
    "q": hostile.MARKDOWN[0],
    "search": hostile.SCRIPTS[1],
    "span": hostile.SCRIPTS[0],
    "day": "9999-12-31",
}
# What hostile text would have become, had anything interpreted it.
FOREIGN = ", ".join(
    (
        f".{hostile.FOREIGN}",
        f"[src*='{hostile.HOST}']",
        f"[href*='{hostile.HOST}']",
        f"[alt='{hostile.FOREIGN}']",
        "[href^='javascript:']",
        "[aria-label='skull icon']",
        "[alt='Streamlit logo']",
        ".katex",
        *(
            f"{tag}:text-is('{hostile.FOREIGN}')"
            for tag in ("strong", "em", "del", "h1", "li", "th", "td", "span")
        ),
    )
)


@pytest.fixture(scope="module")
def address(
    new_database: Callable[[str], str], migrated_newer_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A console between a hostile database, a hostile service and a hostile Prometheus."""
    url = new_database(migrated_newer_template)
    hostile_rows.fill(url)
    folder: Path = tmp_path_factory.mktemp("hostile")
    with hostile_rows.service() as service, telling(hostile_rows.rules()) as prometheus:
        settings = {
            "OPS_DATABASE_URL": url,
            "OPS_SERVICE_URL": service.url,
            "OPS_SERVICE_ADMIN_KEY": "a-long-admin-key",
            "OPS_PROMETHEUS_URL": prometheus,
            "OPS_ALIAS_KEY": ALIASES.key,
            "OPS_ROLLUP_SECONDS": "3600",
        }
        with console.running(folder, **settings) as running:
            yield running.url
            assert "Traceback" not in running.written()


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": PHONE, "height": 844}, locale="en-US")
    yield context
    context.close()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_page(address: str, phone: BrowserContext, entry: Entry) -> None:
    page = phone.new_page()
    troubles: list[str] = []
    page.on(
        "console", lambda said: troubles.append(f"{said.text} {said.location['url']}") if is_error(said) else None
    )
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(dialog.message) or dialog.dismiss())
    page.on(
        "request", lambda asked: troubles.append(asked.url) if hostile.HOST in asked.url.split("?")[0] else None
    )
    path = "" if entry.name == navigation.DEFAULT else entry.url_path
    page.goto(f"{address}/{path}?{urlencode(ASKED.get(entry.name, NONSENSE))}")
    expect(page.get_by_role("heading", level=1, name=entry.title)).to_be_visible()
    settled(page)
    harmless(page, entry.title)
    assert troubles == []
    page.close()


def test_the_traps_are_sharp(phone: BrowserContext) -> None:
    """What the hostile texts become where a page takes them for HTML is found."""
    page = phone.new_page()
    page.set_content(
        "".join((*hostile.SCRIPTS[:5], hostile.MARKDOWN[12], "<strong>zq</strong><p style='width:999px'>x"))
    )
    assert page.locator(FOREIGN).count() >= 5
    assert page.evaluate(f"window.{hostile.HIT}") == 1
    assert page.evaluate("document.documentElement.scrollWidth") > PHONE
    page.close()


def is_error(said: ConsoleMessage) -> bool:
    """Streamlit first looks for its server below the page's own address, where it is not."""
    return said.type == "error" and "/_stcore/" not in said.location["url"]


def harmless(page: Page, title: str) -> None:
    assert page.evaluate(f"window.{hostile.HIT}") is None
    made = page.locator(FOREIGN)
    assert made.count() == 0, made.first.evaluate("element => element.outerHTML")
    assert page.get_by_test_id("stException").count() == 0
    assert page.title() == f"{title} · Book operations"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, "the page scrolls sideways"
    wide = page.evaluate(
        """width => [...document.querySelectorAll('[data-testid="stMarkdownContainer"], button, [role="tab"]')]
        .filter(one => !one.closest('[data-testid="stDataFrame"]'))
        .filter(one => one.getBoundingClientRect().right > width + 1)
        .map(one => one.outerHTML.slice(0, 300))""",
        PHONE,
    )
    assert wide == []
