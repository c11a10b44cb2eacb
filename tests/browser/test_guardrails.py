"""A limit is turned with open eyes: it holds at once, runs out by itself, and two who turn it see each other."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.stack import Stack
from tests.browser.conftest import Database
from tests.browser.people import Readers, cell_texts, eventually, open_page, settled, sign_in, tables

pytestmark = pytest.mark.browser

LIMIT = "daily_job_limit_per_user"
MADE = 3


def order(readers: Readers, user: str) -> httpx.Response:
    return readers.client.post("/v1/books", json={"title": "The kind whale"}, headers={"X-User-Key": user})


def in_force(readers: Readers) -> int:
    answer = readers.client.get("/v1/admin/guardrails", headers={"X-Admin-Key": readers.admin_key})
    return int(answer.json()[LIMIT]["value"])


def watched(stack: Stack) -> bool:
    """Whether Prometheus tells what is refused: the page keeps for a minute what it first heard."""
    query = {"query": "count(increase(bookgen_guardrail_rejections_total[1m]))"}
    answer = httpx.get(f"{stack.prometheus_url}/api/v1/query", params=query, trust_env=False)
    return bool(answer.json()["data"]["result"])


def editing(page: Page, stack: Stack, value: int) -> Locator:
    """The editor of the limit, as a link to a proposal opens it, in the hands of an admin."""
    open_page(page, f"{stack.console_url}/guardrails?limit={LIMIT}&value={value}", "Guardrails")
    sign_in(page, "Ada Mensah")
    editor = page.locator(".st-key-guardrail-editor")
    expect(editor.get_by_label("Proposed")).to_have_value(str(value))
    return editor


def press(editor: Locator, words: str) -> None:
    editor.get_by_role("button", name=words, exact=True).click()


def test_holds_at_once_and_runs_out(stack: Stack, readers: Readers, database: Database, page: Page) -> None:
    user = str(uuid4())
    readers.keys.append(user)
    eventually(lambda: watched(stack))
    assert [order(readers, user).status_code for _ in range(MADE)] == [202] * MADE

    editor = editing(page, stack, MADE)
    expect(editor).to_contain_text("1 user at or above 3 today: refused at once.")
    expect(editor).to_contain_text("In the last 30 days, 3 instead of 20 would have blocked no job")
    editor.get_by_role("combobox", name="How long").click()
    page.get_by_role("option", name="1 hour").click()
    editor.get_by_label("Reason").fill("somebody tries what they can get")
    press(editor, "Set to 3 (1 hour)")
    expect(page.locator(".st-key-verdict")).to_contain_text("Jobs a day per user")

    refused = order(readers, user)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "daily_limit_exceeded"
    assert refused.json()["error"]["details"]["limit"] == MADE

    # The hour passes.
    database.execute(
        "update guardrails set expires_at = clock_timestamp() + interval '1 second' where name = %s", [LIMIT]
    )
    eventually(lambda: in_force(readers) == 20)
    assert order(readers, user).status_code == 202

    history = page.get_by_label("Changes of limits, newest first")
    eventually(lambda: cell_texts(history, "From")[:2] == ["3", "20"])
    assert cell_texts(history, "Who")[:2] == ["service", "Ada Mensah"]
    page.reload()  # a chart is drawn anew once a minute
    marks = page.locator(".st-key-guardrail-rejections .annotation-text")
    eventually(lambda: "2 changes" in marks.all_text_contents())

    page.goto(f"{stack.console_url}/audit-log")
    log = tables(page).first
    # The console writes down what the service did by itself.
    eventually(lambda: {"Change limit", "Limit ran out"} <= set(cell_texts(log, "Action")))


def test_two_at_once(stack: Stack, readers: Readers, browser: Browser, page: Page) -> None:
    before = in_force(readers)
    mine = editing(page, stack, 15)
    mine.get_by_label("Reason").fill("too many jobs a day")

    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US")
    other = context.new_page()
    theirs = editing(other, stack, 25)
    theirs.get_by_label("Reason").fill("a school week")
    press(theirs, "Set to 25")
    eventually(lambda: in_force(readers) == 25)
    context.close()

    press(mine, "Set to 15")
    conflict = page.locator(".st-key-guardrail-conflict")
    expect(conflict).to_contain_text(f"You saw {before}")
    expect(conflict).to_contain_text("It is now 25")
    expect(conflict).to_contain_text("a school week")
    expect(conflict).to_contain_text("You want 15")
    assert in_force(readers) == 25
    expect(mine.get_by_label("Proposed")).to_have_value("15")
    expect(mine.get_by_label("Reason")).to_have_value("too many jobs a day")

    settled(page)
    press(mine, "Set 15 anyway")
    eventually(lambda: in_force(readers) == 15)
    page.get_by_role("button", name="Put back 25").first.click()
    editor = page.locator(".st-key-guardrail-editor")
    expect(editor.get_by_label("Proposed")).to_have_value("25")
    expect(editor.get_by_label("Reason")).not_to_have_value("")
    press(editor, "Set to 25")
    eventually(lambda: in_force(readers) == 25)


def test_an_explosion_of_cost_is_stopped_in_two_clicks(
    stack: Stack, readers: Readers, database: Database, page: Page
) -> None:
    user = str(uuid4())
    readers.keys.append(user)
    database.execute(
        "insert into cost_events (event_id, occurred_at, attempt, provider, kind, model, step, outcome, units,"
        " cost_usd) values ('explosion', clock_timestamp(), 1, 'picture-one', 'image', 'picture-xl',"
        " 'generate_images', 'succeeded', 1, 612.34)"
    )
    open_page(page, f"{stack.console_url}/costs", "Costs")
    sign_in(page, "Ada Mensah")
    expect(page.locator(".st-key-verdict")).to_contain_text("$612.")

    page.get_by_role("button", name="Act on spending").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_have_value(re.compile(r"\$612\."))
    dialog.get_by_role("button", name="Stop intake", exact=True).click()
    expect(dialog).to_have_count(0)
    eventually(lambda: order(readers, user).status_code == 503)

    page.get_by_role("button", name="Resume intake").click()
    resuming = page.get_by_role("dialog")
    resuming.get_by_label("Reason").fill("the provider has mended its prices")
    resuming.get_by_role("button", name="Resume intake").click()
    eventually(lambda: order(readers, user).status_code != 503)
    page.goto(f"{stack.console_url}/audit-log")
    log = tables(page).first
    eventually(lambda: {"Stop intake", "Resume intake"} <= set(cell_texts(log, "Action")))
