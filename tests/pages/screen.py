"""The console as a person uses it: open a page, read what it tells, select, press, confirm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from dashboard import connections, fetch
from dashboard.components.formatting import NOTHING_AT_ALL
from dashboard.settings import ROOT
from queries import bulks
from queries.bulk_models import Bulk
from tests.actions.bulk_rows import until

APP = str(ROOT / "dashboard" / "app.py")
OPERATOR, VIEWER = "Mina Park", "Jon Weber"
TABLE = "stuck-jobs"
BATCH_SECONDS = 30


def opened(page: str = "overview", *, person: str = OPERATOR, **query: Any) -> AppTest:
    """The page, as this person, at this address; a parameter that is repeated is a list of texts."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.session_state["person"] = person
    if page == "audit_log":  # Streamlit's tests learn only from a run that its address is another than its file's
        run(at)
    at.query_params.update(query)
    if page != "overview":
        at.switch_page(f"../pages/{page}.py")
    return run(at)


def run(at: AppTest) -> AppTest:
    """Once more; no page may ever show an exception."""
    at.run()
    assert not at.exception
    return at


def refreshed(at: AppTest) -> AppTest:
    """Once more, after the interval in which all viewers share one answer."""
    fetch.clear()
    return run(at)


def markdown(at: AppTest) -> list[str]:
    """Every text that the browser reads as markdown."""
    shown = [*at.title, *at.markdown, *at.caption, *at.info, *at.warning, *at.error]
    helps = [button.help for button in at.button if button.help]
    return [str(one.value) for one in shown] + helps


def words(at: AppTest) -> str:
    """What the page tells, without bold type and the backslashes that keep foreign text from being interpreted."""
    return "\n".join(markdown(at)).replace("\\", "").replace("**", "").replace(NOTHING_AT_ALL, "")


def numbers(at: AppTest) -> dict[str, str]:
    """The tiles' values by their labels."""
    return {one.label: one.value for one in at.metric}


def table(at: AppTest, index: int = -1) -> list[dict[str, Any]]:
    """A table's rows; by default the page's last, in the order in which they are shown."""
    return [
        {str(name): value for name, value in row.items()} for row in at.dataframe[index].value.to_dict("records")
    ]


def jobs(at: AppTest) -> list[str]:
    """The ids of the last table, in order; none where there is no table."""
    return [row["job"] for row in table(at)] if len(at.dataframe) else []


def select(at: AppTest, *positions: int) -> AppTest:
    """Tick rows of the list of stuck jobs."""
    at.session_state[_widget(at)] = {"selection": {"rows": list(positions), "columns": [], "cells": []}}
    return run(at)


def chosen(at: AppTest) -> list[str]:
    """The ids of the stuck jobs that are ticked."""
    rows: list[int] = at.session_state[_widget(at)]["selection"]["rows"]
    return [jobs(at)[row] for row in rows]


def _widget(at: AppTest) -> str:
    """The key of the widget that shows the list of stuck jobs now."""
    (found,) = [one.proto.id for one in at.dataframe if f"-{TABLE}" in one.proto.id]
    return TABLE + str(found).rpartition(TABLE)[2]


def labels(at: AppTest) -> list[str]:
    """The page's own buttons, without those of the frame around every page."""
    return [one.label for one in at.main.button]


def button(at: AppTest, label: str) -> Button:
    (found,) = [one for one in at.button if one.label == label]
    return found


def press(at: AppTest, label: str) -> AppTest:
    button(at, label).click()
    return run(at)


def confirm(at: AppTest, label: str, reason: str) -> AppTest:
    """Give a reason, as a client that keeps no limit, and press the dialog's button."""
    at.text_area(key="confirm-reason").set_value(reason)
    return press(at, label)


def ended(at: AppTest) -> AppTest:
    """The page once the batch of its address has ended."""
    bulk_id = str(at.query_params["batch"])
    until(lambda: bulk_now(bulk_id).ended_at, BATCH_SECONDS)
    return refreshed(at)


def bulk_now(bulk_id: str) -> Bulk:
    """As the store has it, past the cache."""
    with connections.store().connect() as connection:
        bulk = bulks.get(connection, bulk_id)
    assert bulk is not None
    return bulk


def dialogs(at: AppTest) -> Sequence[Any]:
    return at.get("dialog")


def midday_zone() -> str:
    """A zone whose midnight is hours away, whenever this runs."""
    offset = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-offset:+d}"
