"""A real browser before the running stack: the very one that `make demo` starts, with shorter patience."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from demo.stack import Stack
from tests.browser.people import Readers, eventually

SHOTS = Path(__file__).parents[2] / ".screenshots"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A job is stuck after seconds instead of minutes; a step is never slow by itself.
PATIENCE = {
    "OPS_STUCK_RUNNING_MINUTES": "0.1",
    "OPS_STUCK_QUEUED_MINUTES": "600",
    "OPS_STALLED_FALLBACK_MINUTES": "600",
    "OPS_STALLED_FACTOR": "10000",
    "OPS_MONITOR_TICK_MINUTES": "0.2",
    "OPS_REFRESH_SECONDS": "1",
    "OPS_ROLLUP_SECONDS": "2",
    "OPS_ENVIRONMENT": "production",
    "OPS_TIMEZONE": "Asia/Seoul",
}
SERVICE = {
    "BOOKGEN_SPEED": "40",
    "BOOKGEN_MONITOR_TICK_SECONDS": "2",
    "BOOKGEN_WORKER_TIMEOUT_SECONDS": "2",
    "BOOKGEN_BREAKER_RESET_SECONDS": "1",
}
WAIT_MS = 30_000
STUCK_JOBS = 3

Database = psycopg.Connection[tuple[Any, ...]]

expect.set_options(timeout=WAIT_MS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed tells what its page showed in the end."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None and not page.is_closed():
        with suppress(PlaywrightError):  # a page that hangs tells nothing
            told = page.locator("body").aria_snapshot()
            report.sections.append(("The page in the end", f"{page.url}\n{told}"))
    return report


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with an empty history, for one file of tests."""
    with Stack(tmp_path_factory.mktemp("stack"), service_env=SERVICE, console_env=PATIENCE) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = next(path for name in CHROMIUM if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US")
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="module")
def readers(stack: Stack) -> Iterator[Readers]:
    """Who ask the service for books."""
    with httpx.Client(base_url=stack.service_url, timeout=10) as client:
        yield Readers(client, stack.admin_key)


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Database]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def stuck(stack: Stack, readers: Readers, database: Database) -> list[str]:
    """Jobs whose worker was killed with -9 in the middle of an image, with no monitor left to notice."""
    readers.set_provider("picture-one", "hanging")
    jobs = [readers.ask_for_book() for _ in range(STUCK_JOBS)]

    def drawing() -> bool:
        rows = database.execute(
            "select count(*) from jobs"
            " where id = any(%s) and status = 'running' and current_step = 'generate_images'",
            [jobs],
        ).fetchone()
        return rows is not None and rows[0] == STUCK_JOBS

    eventually(drawing)
    stack.stop_monitor()
    for worker in range(stack.workers):
        stack.kill_worker(worker)
    readers.set_provider("picture-one", "ok")
    for worker in range(stack.workers):
        stack.restart_worker(worker)
    return jobs


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with some days of history, ending in the demo's incident."""
    directory = tmp_path_factory.mktemp("history")
    with Stack(directory, history_days=3, console_env={"OPS_ENVIRONMENT": "production"}) as running:
        yield running
