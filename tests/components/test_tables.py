"""Rows that stand still, and a selection by id: positions are true only for the rows that were shown."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from dashboard.components import tables

tables.opened(st.session_state.get("page", "first"))
if "occasion" in st.session_state:
    tables.renew(st.session_state["occasion"])
rows = [tuple(row.split("=")) for row in st.session_state["rows"]]
name = lambda row: row[0]
shown = tables.hold("list", rows, name, holding=st.session_state.get("holding", True))
st.button("all", on_click=tables.select, args=("list", range(2)))
st.button("none", on_click=tables.select_none, args=("list",))
if st.button("later"):
    tables.clear_later("list")
st.button("new", on_click=tables.show_new, args=("list",))
tables.table([{"id": row[0]} for row in shown.rows], {"id": None}, alt="rows", key="list", selectable=True)
st.session_state["shown"] = ["=".join(row) for row in shown.rows]
st.session_state["arrived"] = shown.arrived
st.session_state["gone"] = sorted(shown.gone)
st.session_state["ids"] = tables.selected("list", name)
"""
ALL, NONE, LATER, NEW = range(4)


def shown(*rows: str, **state: object) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    for name, value in state.items():
        at.session_state[name] = value
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


def press(at: AppTest, button: int) -> AppTest:
    at.button[button].click().run()
    assert not at.exception
    return at


def state(at: AppTest) -> tuple[list[str], int, tuple[str, ...]]:
    """What is shown, how many came since, and what is selected."""
    return at.session_state["shown"], at.session_state["arrived"], at.session_state["ids"]


def gone(at: AppTest) -> list[str]:
    answer: list[str] = at.session_state["gone"]
    return answer


def test_rows_stand_still_and_what_came_is_counted() -> None:
    at = again(shown("a", "b"), "c", "b", "d", "a")
    assert state(at) == (["a", "b"], 2, ())
    assert gone(at) == []


def test_the_cells_are_those_of_now() -> None:
    at = again(shown("a=10", "b=20"), "b=21", "a=11")
    assert state(at)[0] == ["a=11", "b=21"]


def test_what_is_gone_stays_as_it_was_last_and_may_come_back() -> None:
    at = again(again(shown("a=1", "b=2"), "a=2", "b=3"), "a=4")
    assert (state(at)[0], gone(at)) == (["a=4", "b=3"], ["b"])
    again(at, "b=9", "a=5")
    assert (state(at)[0], gone(at)) == (["a=5", "b=9"], [])


def test_new_ones_are_shown_when_somebody_asks() -> None:
    at = press(again(shown("a", "b"), "new", "b"), NEW)
    assert (state(at), gone(at)) == ((["new", "b"], 0, ()), [])


def test_an_empty_list_fills_by_itself() -> None:
    assert state(again(shown(), "a", "b")) == (["a", "b"], 0, ())


def test_a_selection_keeps_the_very_same_rows() -> None:
    at = select(shown("a", "b", "c"), 0, 2)
    again(at, "new", "newer", "a", "c")
    assert state(at) == (["a", "b", "c"], 2, ("a", "c"))
    press(at, NEW)
    assert state(at) == (["new", "newer", "a", "c"], 0, ("a", "c"))
    press(again(at, "c"), NEW)
    assert state(at) == (["c"], 0, ("c",))


def test_letting_go_moves_no_row() -> None:
    at = press(again(select(shown("a", "b"), 1), "new", "a", "b"), NONE)
    assert state(at) == (["a", "b"], 1, ())


def test_where_nothing_is_held_the_selection_follows_its_row() -> None:
    at = again(select(shown("a", "b", holding=False), 1), "new", "a", "b")
    assert state(at) == (["new", "a", "b"], 0, ("b",))
    assert state(again(at, "new", "a")) == (["new", "a"], 0, ())


def test_an_action_that_ended_shows_once_what_is_there_now() -> None:
    at = again(shown("a", "b"), "b")
    at.session_state["occasion"] = "retried"
    assert state(again(at, "b")) == (["b"], 0, ())
    assert state(again(at, "c", "b")) == (["b"], 1, ())


def test_an_action_that_ended_moves_nothing_where_somebody_selects() -> None:
    at = select(shown("a", "b"), 1)
    at.session_state["occasion"] = "retried"
    assert state(again(at, "c", "b")) == (["a", "b"], 1, ("b",))


def test_a_page_that_is_opened_shows_what_is_there_now() -> None:
    at = again(shown("a", "b"), "c")
    at.session_state["page"] = "second"
    assert state(again(at, "c")) == (["c"], 0, ())


def test_all_up_to_the_limit() -> None:
    assert state(press(shown("a", "b", "c"), ALL))[2] == ("a", "b")
    assert state(press(shown("a"), ALL))[2] == ("a",)


def test_a_selection_is_cleared_when_the_table_is_next_drawn() -> None:
    assert state(press(select(shown("a", "b"), 0), LATER))[2] == ()


def test_positions_outside_the_rows_select_nothing() -> None:
    at = select(shown("a"), 0)
    at.session_state["list"] = {"selection": {"rows": [7, -1], "columns": [], "cells": []}}
    at.run()
    assert state(at)[2] == ()
