"""Which keys there are, for whom, and where everybody can read of them."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from actions.permissions import NEEDED, Actor, Role
from dashboard import navigation
from dashboard.components import keyboard
from dashboard.navigation import Entry
from tests.dashboard.conftest import Configure

VIEWER, ADMIN = Actor("Jon Weber", Role.VIEWER), Actor("Root", Role.ADMIN)
PAGES = [entry for section in navigation.CONTENTS.values() for entry in section]
SCRIPT = """
from actions.permissions import Actor, Role
from dashboard.components import keyboard
keyboard.layer(Actor("Jon Weber", Role.VIEWER))
"""


@pytest.fixture
def page(configure: Configure) -> AppTest:
    configure(database_url="postgresql://reader@db/books")
    return AppTest.from_string(SCRIPT, default_timeout=30).run()


def told(page: AppTest) -> list[dict[str, str]]:
    """The shortcuts as the script finds them."""
    (attribute,) = re.findall('data-shortcuts="([^"]*)"', page.get("html")[0].proto.body)
    shortcuts: list[dict[str, str]] = json.loads(unescape(attribute))
    return shortcuts


def test_no_two_do_the_same_and_none_hides_another() -> None:
    keys = [one.keys for one in (*keyboard.going(ADMIN), *keyboard.HERE, keyboard.finding(ADMIN))]
    assert len(set(keys)) == len(keys)
    assert keyboard.GO not in keys


def test_pages_have_one_letter_or_none() -> None:
    assert all(re.fullmatch("[a-z]?", entry.shortcut) for entry in PAGES)


def test_a_page_that_one_may_not_see_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NEEDED, "page.audit_log", Role.ADMIN)
    assert "g a" in [one.keys for one in keyboard.going(ADMIN)]
    assert "g a" not in [one.keys for one in keyboard.going(VIEWER)]


def test_searching_leads_to_the_page_that_searches_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Entry(navigation.SEARCH, "Jobs", ":material/search:", "all-jobs")
    monkeypatch.setattr(navigation, "CONTENTS", {"Operate": (jobs,)})
    monkeypatch.setitem(NEEDED, "page.jobs", Role.ADMIN)
    assert 'href="all-jobs"' in keyboard.finding(ADMIN).via
    assert keyboard.finding(VIEWER).via == ""


def test_widgets_are_found_as_streamlit_marks_them() -> None:
    assert keyboard.of_key("do-job.retry") == ".st-key-do-job-retry button:not(:disabled)"


def test_the_script_is_told_in_an_attribute(page: AppTest) -> None:
    assert not page.exception
    (html,) = [element.proto.body for element in page.get("html")]
    assert {"keys": "n", "press": ".st-key-show-new button:not(:disabled)"}.items() <= told(page)[-3].items()
    assert re.search(r'<script type="module" src="app/static/keyboard\.js\?[0-9a-f]{8}">', html)


def test_who_speaks_to_the_computer_can_switch_them_off(page: AppTest) -> None:
    page.session_state[keyboard.OFF] = True
    assert told(page.run()) == []
    assert page.button(key=keyboard.OVERLAY).label == "Keyboard shortcuts"


def test_the_overlay_is_a_button_for_the_mouse(page: AppTest) -> None:
    assert page.button(key=keyboard.OVERLAY).label == "Keyboard shortcuts"
    assert not page.button(key=keyboard.OVERLAY).click().run().exception
