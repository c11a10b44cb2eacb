"""One source fails at a time: the page names it once, tells what was before as such, and comes back by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from demo.stack import Stack
from tests.browser.conftest import PATIENCE, SERVICE
from tests.browser.people import open_page

pytestmark = pytest.mark.browser
OUTAGES = ".st-key-outages"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """As ever, but it waits a second for an answer instead of several."""
    impatient = {"OPS_DEADLINE_SECONDS": "1", "OPS_STATEMENT_TIMEOUT_SECONDS": "1"}
    directory = tmp_path_factory.mktemp("faults")
    with Stack(directory, service_env=SERVICE, console_env=PATIENCE | impatient) as running:
        yield running


FAULTS: dict[str, tuple[Callable[[Stack], None], Callable[[Stack], None], str, str]] = {
    "database stopped": (
        Stack.stop_postgres,
        Stack.start_postgres,
        "The service's database has not answered since",
        "providers answering",
    ),
    "database hanging": (
        lambda stack: stack.pause("postgres"),
        lambda stack: stack.resume("postgres"),
        "The service's database has not answered since",
        "",
    ),
    "Prometheus stopped": (
        Stack.stop_prometheus,
        Stack.start_prometheus,
        "Prometheus has not answered since",
        "no job stuck",
    ),
    "Prometheus hanging": (
        lambda stack: stack.pause("prometheus"),
        lambda stack: stack.resume("prometheus"),
        "Prometheus has not answered since",
        "no job stuck",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_source(stack: Stack, page: Page, fault: str) -> None:
    break_it, mend_it, named, alive = FAULTS[fault]
    open_page(page, stack.console_url, "Overview")
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text("no job stuck")
    expect(verdict).to_contain_text(alive)
    break_it(stack)
    try:
        expect(page.locator(OUTAGES)).to_contain_text(named)
        expect(verdict).to_contain_text("not known now:")
        expect(verdict).to_contain_text(alive)
        fresh = page.context.new_page()
        fresh.goto(stack.console_url)  # opened in the middle of the outage
        expect(fresh.locator(OUTAGES)).to_contain_text(named)
        expect(fresh.locator(".st-key-verdict")).to_contain_text("not known now:")
        assert fresh.get_by_test_id("stException").count() == 0
    finally:
        mend_it(stack)
    for shown in (page, fresh):
        expect(shown.locator(OUTAGES)).to_have_count(0)
        expect(shown.locator(".st-key-verdict")).to_contain_text("no job stuck")
        expect(shown.locator(".st-key-verdict")).not_to_contain_text("not known now:")


def test_service_stopped(stack: Stack, page: Page) -> None:
    open_page(page, stack.console_url, "Overview")
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text("queue 0 of 100")
    stack.stop_api()
    try:
        expect(page.locator(OUTAGES)).to_contain_text("The service's control API has not answered since")
        expect(verdict).to_contain_text("not known now: queue 0 of 100")  # its limit is the service's to tell
        expect(verdict).to_contain_text("no job stuck")
    finally:
        stack.start_api()
    expect(page.locator(OUTAGES)).to_have_count(0)
    expect(verdict).to_contain_text("queue 0 of 100")
