"""What people do: readers ask for books, operators click; and how a test waits for what follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from playwright.sync_api import Locator, Page, expect

T = TypeVar("T")
KEYBOARD_LOADED = 'document.documentElement.dataset.keyboard === "listening"'
# Glide's canvas has no elements to click: rows are reached by their place in it.
HEADER, ROW, CHECKBOX = 34, 36, 17


def eventually(question: Callable[[], T | None], *, seconds: float = 30) -> T:
    """The first answer that is neither None nor False; what was last seen is in the failure."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {question}"
        time.sleep(0.1)


@dataclass
class Readers:
    """Users of the service. keys are their secret user keys, which nobody else may ever see."""

    client: httpx.Client
    admin_key: str
    keys: list[str] = field(default_factory=list)

    def ask_for_book(self, title: str = "The kind whale") -> str:
        """A new user asks for one book; answers the job's id."""
        key = str(uuid4())
        self.keys.append(key)
        answer = self.client.post("/v1/books", json={"title": title}, headers={"X-User-Key": key})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def set_provider(self, name: str, mode: str) -> None:
        """Switch a simulated provider's failure mode; its breaker forgets what was."""
        answer = self.client.put(
            f"/v1/simulator/providers/{name}",
            json={"mode": mode, "reset_breaker": True},
            headers={"X-Admin-Key": self.admin_key},
        )
        assert answer.is_success, answer.text


def open_page(page: Page, url: str, title: str) -> None:
    """Go to a page and wait until its script has run through."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Wait until Streamlit says that no script of this page runs, and every part of it is drawn."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def listening(page: Page) -> None:
    """Wait until the page's script listens to the keyboard."""
    eventually(lambda: page.evaluate(KEYBOARD_LOADED))


def asked(page: Page) -> str:
    """What the address asks for."""
    return parse_qs(urlsplit(str(page.evaluate("location.href"))).query).get("q", [""])[0]


def tables(page: Page) -> Locator:
    return page.get_by_test_id("stDataFrame")


def choose_rows(table: Locator, *rows: int) -> None:
    """Tick the checkboxes of these rows of a table."""
    canvas = table.locator("canvas").first  # glide lays a scroller over it, hence force
    for row in rows:
        canvas.click(position={"x": CHECKBOX, "y": HEADER + ROW * row + ROW // 2}, force=True)


def cell_texts(table: Locator, column: str) -> list[str]:
    """The texts of the column of this title, from the table that glide keeps for screen readers."""
    titles = table.locator('canvas [role="columnheader"]').all_text_contents()
    if column not in titles:
        return []
    cells = table.locator(f'canvas [role="gridcell"][aria-colindex="{titles.index(column) + 1}"]')
    return [text.strip() for text in cells.all_text_contents()]


def sign_in(page: Page, name: str) -> None:
    """Be another of the demo's people."""
    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Signed in as").click()
    page.get_by_role("option", name=name).click()
    settled(page)
