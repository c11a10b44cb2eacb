"""How often a part is shown again: never while nobody sees it, somebody confirms, or nobody wants it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import links
from dashboard.components.confirm import PENDING
from dashboard.components.live import HIDDEN
from dashboard.settings import ROOT
from tests.dashboard.conftest import Configure

REFRESH, SECOND = timedelta(seconds=7), timedelta(seconds=1)
SCRIPT = """
from datetime import timedelta
import streamlit as st
from dashboard.components import live

live.switch()
live.watch()
state = st.session_state
state["interval"] = live.interval()
state["own"] = live.interval(timedelta(seconds=1))
state["always"] = live.interval(timedelta(seconds=1), always=True)

def part():
    state["shown"] = state.get("shown", 0) + 1

live.part(part)
"""


@pytest.fixture
def page(configure: Configure) -> AppTest:
    configure(database_url="postgresql://reader@db/books", refresh_seconds=7)
    at = AppTest.from_string(SCRIPT, default_timeout=30).run()
    assert not at.exception
    return at


def intervals(at: AppTest) -> tuple[timedelta | None, ...]:
    """The page's, that of a part with its own, and that of one which goes on where live is off."""
    return tuple(at.session_state[name] for name in ("interval", "own", "always"))


def test_the_setting_counts_unless_a_part_has_its_own(page: AppTest) -> None:
    assert intervals(page) == (REFRESH, SECOND, SECOND)


def test_a_hidden_tab_asks_for_nothing_and_is_shown_all_on_return(page: AppTest) -> None:
    assert intervals(page.checkbox(key=HIDDEN).check().run()) == (None, None, None)
    shown = page.session_state["shown"]
    assert intervals(page.checkbox(key=HIDDEN).uncheck().run()) == (REFRESH, SECOND, SECOND)
    assert page.session_state["shown"] == shown + 1


def test_the_switch_spares_what_runs_on_anyway(page: AppTest) -> None:
    assert intervals(page.toggle(key=links.LIVE).set_value(False).run()) == (None, None, SECOND)


def test_nothing_moves_while_somebody_confirms(page: AppTest) -> None:
    page.session_state[PENDING] = "something"
    assert intervals(page.run()) == (None, None, SECOND)


@pytest.mark.parametrize("file", ["visibility.js", "live.css"])
def test_the_browsers_part_knows_the_box_by_its_name(file: str) -> None:
    assert f".st-key-{HIDDEN} " in (ROOT / "dashboard" / "static" / file).read_text()
