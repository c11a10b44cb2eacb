"""The weekly report on the Costs page: made when it is asked for, and what hinders it is told."""

from __future__ import annotations

from datetime import date

from streamlit.testing.v1 import AppTest

from dashboard.report.weeks import Week
from tests.pages import screen
from tests.queries.conftest import run

WEEKS = 8
BROKEN = """update ops.weekly_reports set numbers = '{"revision": 1, "numbers": {}}'"""


def offered() -> AppTest:
    def page() -> None:
        from dashboard.components import cost_report, usage_span  # noqa: PLC0415

        cost_report.offer(usage_span.lately(1))

    return AppTest.from_function(page, default_timeout=60).run()


def test_a_week_is_made_when_it_is_asked_for(newer: str) -> None:
    at = offered()
    (weeks,) = at.selectbox
    assert len(weeks.options) == WEEKS
    at.session_state["report-format"] = "csv"
    screen.run(at)
    assert not at.get("download_button")
    screen.press(at, "Make the report")
    (download,) = at.get("download_button")
    name = f"costs-{weeks.value}.csv"
    assert download.proto.label == f"Download {name}"
    assert "later reports of this week repeat them." in screen.words(at)
    at.selectbox[0].set_value(Week.parsed(weeks.value, date.min).before.name)
    screen.run(at)
    assert not at.get("download_button")


def test_what_hinders_it_is_told(newer: str) -> None:
    at = offered()
    at.session_state["report-format"] = "csv"
    screen.press(screen.run(at), "Make the report")
    run(newer, BROKEN)
    told = screen.words(screen.refreshed(at))
    assert "The weekly report cannot be shown now." in told
    assert "ops-dashboard report --anew" in told
