"""Selection by id: positions are true only for the rows that were shown."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from dashboard.components import tables

rows = st.session_state["rows"]
holding = bool(tables.selected("list", str)) or st.session_state.get("confirming", False)
shown = tables.hold("list", rows, str, holding=holding)
st.button("all", on_click=tables.select_all, args=("list", 2))
st.button("none", on_click=tables.select_none, args=("list",))
if st.button("later"):
    tables.clear_later("list")
tables.table([{"id": row} for row in shown.rows], {"id": None}, alt="rows", key="list", selectable=True)
st.session_state["shown"] = list(shown.rows)
st.session_state["arrived"] = shown.arrived
st.session_state["ids"] = tables.selected("list", str)
"""


def shown(*rows: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    return again(at, *rows)


def again(at: AppTest, *rows: str) -> AppTest:
    at.session_state["rows"] = rows
    at.run()
    assert not at.exception
    return at


def select(at: AppTest, *positions: int) -> AppTest:
    at.session_state["list"] = {"selection": {"rows": list(positions), "columns": [], "cells": []}}
    at.run()
    return at


def state(at: AppTest) -> tuple[list[str], int, tuple[str, ...]]:
    """What is shown, how many came since, and what is selected."""
    return at.session_state["shown"], at.session_state["arrived"], at.session_state["ids"]


def test_rows_move_while_nobody_selects() -> None:
    at = again(shown("a", "b"), "c", "a")
    assert state(at) == (["c", "a"], 0, ())


def test_a_selection_holds_the_rows_and_counts_what_came() -> None:
    at = select(shown("a", "b", "c"), 0, 2)
    again(at, "new", "newer", "a", "c")
    assert state(at) == (["a", "b", "c"], 2, ("a", "c"))
    again(at, "c")
    assert state(at) == (["a", "b", "c"], 0, ("a", "c"))


def test_letting_go_shows_what_is_there_now() -> None:
    at = again(select(shown("a", "b"), 1), "new", "a", "b")
    at.button[1].click().run()
    assert state(at) == (["new", "a", "b"], 0, ())


def test_a_confirmation_holds_the_rows_without_a_selection() -> None:
    at = shown("a", "b")
    at.session_state["confirming"] = True
    assert state(again(at, "new", "a", "b")) == (["a", "b"], 1, ())


def test_nothing_to_hold_at_first() -> None:
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    at.session_state["confirming"] = True
    assert state(again(at, "a")) == (["a"], 0, ())


def test_all_up_to_the_limit() -> None:
    at = shown("a", "b", "c")
    at.button[0].click().run()
    assert state(at)[2] == ("a", "b")
    one = shown("a")
    one.button[0].click().run()
    assert state(one)[2] == ("a",)


def test_a_selection_is_cleared_when_the_table_is_next_drawn() -> None:
    at = select(shown("a", "b"), 0)
    at.button[2].click().run()
    assert state(at)[2] == ()


def test_positions_outside_the_rows_select_nothing() -> None:
    at = select(shown("a"), 0)
    at.session_state["list"] = {"selection": {"rows": [7, -1], "columns": [], "cells": []}}
    at.run()
    assert state(at)[2] == ()
