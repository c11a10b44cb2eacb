"""Whatever an address or a box says: the page works, tells what it left out, and interprets none of it."""

from __future__ import annotations

import ast
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard import links, navigation
from dashboard.settings import ROOT
from tests.fuzz import hostile, hostile_rows, shown
from tests.pages.guardrail_screen import ADMIN
from tests.pages.screen import opened, run, words

PAGES = [entry.name for entries in navigation.CONTENTS.values() for entry in entries]
# Every name that an address may have, as links.py lists them.
PARAMETERS = sorted(
    value for name, value in vars(links).items() if name.isupper() and isinstance(value, str) and len(value) < 20
)
BOXES = ("jobs", "job", "stuck", "user", "audit_log")
# Together they hold every text, a few at a time; the last are those that a browser can send and nobody can store.
NASTY = [hostile.CORPUS[start::9] for start in range(9)] + [("a\0b", "\0", "\ufffd", "", " ")]


def test_every_parameter_of_the_pages_is_tried() -> None:
    assert {"q", "job", "user", "span", "zone", "day", "before", "batch", "limit", "value"} <= set(PARAMETERS)
    named = {
        node.slice.value
        for path in Path(ROOT / "dashboard").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "st.query_params"
        and isinstance(node.slice, ast.Constant)
    }
    assert named <= set(PARAMETERS), "a parameter that links.py does not know"


@pytest.mark.usefixtures("surrounded")
@pytest.mark.parametrize("page", PAGES)
def test_any_parameters_of_any_page(page: str) -> None:
    for turn, texts in enumerate(NASTY):
        asked = {name: texts[(place + turn) % len(texts)] for place, name in enumerate(PARAMETERS)}
        at = opened(page, person=ADMIN, **asked)
        shown.safe(at)
        assert at.title[0].value, "the page did not get to its title"


@pytest.mark.usefixtures("surrounded")
def test_each_parameter_many_times() -> None:
    for page in PAGES:
        shown.safe(opened(page, person=ADMIN, **{name: list(hostile.CORPUS) for name in PARAMETERS}))


@pytest.mark.usefixtures("surrounded")
@pytest.mark.parametrize("page", ["stuck", "audit_log", "costs", "usage", "queue"])
def test_what_is_left_out_is_told(page: str) -> None:
    known = {"stuck": "rule", "audit_log": "outcome", "costs": "zone", "usage": "day", "queue": "span"}[page]
    at = opened(page, person=ADMIN, **{known: hostile.MARKDOWN[0]})
    assert f"left out: {known}={hostile.MARKDOWN[0]}" in words(at)
    shown.safe(at)


@pytest.mark.usefixtures("surrounded")
@pytest.mark.parametrize("page", BOXES)
def test_any_text_in_a_box(page: str) -> None:
    for text in (*hostile.SCRIPTS[:3], *hostile.MARKDOWN[:3], *hostile.LETTERS[:3], "' or 1=1 --", "\\", "*" * 60):
        at = opened(page, person=ADMIN)
        boxes = [one for one in at.text_input if not one.disabled]
        boxes[0].set_value(text)
        shown.safe(run(at))


KEY = "9f8e7d6c-aaaa-bbbb-cccc-0123456789ab"


@pytest.mark.usefixtures("surrounded")
@pytest.mark.parametrize(
    "written", ["{}", "user:{}", 'status:failed user:"{}"', "user:{},user-7f3a9c01", "user: {}"]
)
@pytest.mark.parametrize("page", ["jobs", "stuck", "user"])
def test_a_pasted_key_is_not_echoed(page: str, written: str) -> None:
    """Neither where it was typed, nor where somebody put it into the address by hand."""
    typed = written.format(KEY) if page == "jobs" else KEY
    at = opened(page, person=ADMIN)
    next(one for one in at.text_input if not one.disabled).set_value(typed)
    run(at)
    assert not shown.holds(at, KEY)
    assert not any(KEY in value for values in at.query_params.values() for value in values)
    parameter = {"jobs": "q", "stuck": "search", "user": "user"}[page]
    assert not shown.holds(opened(page, person=ADMIN, **{parameter: typed}), KEY)


def asked() -> None:
    """Every reader of links.py, as a page calls it."""
    import streamlit as st  # noqa: PLC0415  # what a test runs as an app imports for itself

    from dashboard import links  # noqa: PLC0415
    from queries.job_search import Position  # noqa: PLC0415

    found = [
        links.choice("a", ("x", "y"), "x"),
        links.several("a", ("x", "y")),
        links.number("a", None),
        links.number("a", 1, least=-5, most=5),
        links.parsed("a", Position.read),
        links.text("a"),
        links.ids("a"),
    ]
    st.session_state["found"] = found


@given(st.lists(hostile.texts() | st.sampled_from(["\0", "a\0b", "\ufffd"]), max_size=3))
@hostile.examples(150)
def test_any_parameter_is_read_without_trust(values: list[str]) -> None:
    at = AppTest.from_function(asked)
    at.query_params["a"] = values
    run(at)
    choice, several, _, bounded, place, text, ids = at.session_state["found"]
    assert choice.value in ("x", "y")
    assert set(several.value) <= {"x", "y"}
    assert -5 <= bounded.value <= 5
    assert place.value is None or not hostile.unstorable(place.value.id)
    assert text.value.isprintable()
    assert len(text.value) <= links.MAX_TEXT
    assert all(one.isprintable() for one in ids.value)
    for one in at.session_state["found"]:
        assert all(rejected.isprintable() and len(rejected) < 80 for rejected in one.rejected)


@given(hostile.texts(), st.lists(hostile.texts(), max_size=3))
@hostile.examples(150)
def test_any_value_of_a_link_comes_back(text: str, several: list[str]) -> None:
    address = urlsplit(links.to("jobs", **{links.QUERY: text, links.RULE: several}))
    assert (address.scheme, address.netloc, address.path, address.fragment) == ("", "", "jobs", "")
    back = parse_qs(address.query, keep_blank_values=True)
    assert back.get(links.QUERY, [""]) == [text]
    assert back.get(links.RULE, []) == several


def test_the_rows_are_as_hostile_as_the_texts() -> None:
    assert not any(map(hostile.unstorable, hostile.CORPUS))
    assert len(hostile_rows.rules()) == len(hostile.CORPUS)
