"""A thousand stuck jobs, retried at once from the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from demo.stack import Stack
from tests.browser.conftest import PATIENCE, SERVICE, Database
from tests.browser.people import eventually, open_page, tables

pytestmark = pytest.mark.browser

JOBS = 1_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """As ever, but a busy machine has time to draw a thousand rows before it draws them anew."""
    unhurried = PATIENCE | {"OPS_REFRESH_SECONDS": "3"}
    with Stack(tmp_path_factory.mktemp("stack"), service_env=SERVICE, console_env=unhurried) as running:
        yield running


@pytest.mark.timeout(300)
def test_a_thousand_jobs_each_once(stack: Stack, database: Database, page: Page, context: BrowserContext) -> None:
    stack.stop_monitor()
    database.execute(
        "insert into jobs (id, status, current_step, user_key, created_at, updated_at)"
        " select format('job_20261101_000000_%%s', to_hex(268435456 + n)), 'running', 'generate_story',"
        "        format('00000000-0000-4000-8000-%%s', lpad(n::text, 12, '0')), past, past"
        "   from generate_series(1, %s) n, lateral (select now() at time zone 'utc' - interval '1 hour') p(past)",
        [JOBS],
    )
    open_page(page, f"{stack.console_url}/stuck", "Stuck jobs")
    page.get_by_role("button", name="Select all 1,000").click()
    page.get_by_role("button", name="Retry 1,000…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1,000 of 1,000")
    dialog.get_by_text("All at once").click()
    dialog.get_by_label("Reason").fill("all of them")
    dialog.get_by_label("Type 1000 to confirm").fill("1000")
    dialog.get_by_role("button", name="Retry 1,000 jobs").click()

    panel = page.locator(".st-key-batch")
    expect(panel.get_by_role("progressbar")).to_be_visible()
    # The page stays usable meanwhile, for this person and for others.
    page.get_by_label("Job, user or step").fill("job_20261101")
    page.get_by_label("Job, user or step").press("Enter")
    other = context.new_page()
    open_page(other, stack.console_url, "Overview")

    expect(panel).to_contain_text("1,000 jobs · 1,000 done", timeout=90_000)
    (row,) = database.execute(
        "select count(*), count(distinct job_id) from job_events"
        " where event = 'retried' and job_id like 'job_20261101%%'"
    )
    assert row == (JOBS, JOBS)
    (rows,) = database.execute(
        "select count(*), count(distinct request_id) from ops.audit_log where target_kind = 'job'"
    )
    assert rows == (2 * JOBS, JOBS)
    panel.get_by_role("link", name="Open its page").click()
    expect(page.locator(".st-key-verdict")).to_contain_text("All done: 1,000 jobs")
    eventually(lambda: tables(page).count() > 0)
