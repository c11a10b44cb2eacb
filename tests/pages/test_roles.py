"""Who may do what: the pages hide it, and the door refuses it where a page was got around."""

from __future__ import annotations

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.conftest import Configure
from tests.pages.screen import (
    VIEWER,
    confirm,
    dialogs,
    ended,
    jobs,
    labels,
    opened,
    press,
    run,
    select,
    table,
    words,
)

ACTIONS = ["Retry", "Cancel", "Acknowledge"]


def selectable(at: AppTest) -> bool:
    return bool(at.dataframe[-1].proto.selection_mode)


@pytest.mark.usefixtures("hanging")
def test_an_operator_sees_the_actions() -> None:
    at = opened("stuck")
    assert [label for label in labels(at) if label in ACTIONS] == ACTIONS
    assert selectable(at)


@pytest.mark.usefixtures("hanging")
def test_a_viewer_sees_the_list_and_no_action() -> None:
    at = opened("stuck", person=VIEWER)
    assert len(jobs(at)) == 6
    assert labels(at) == []
    assert not selectable(at)


@pytest.mark.usefixtures("hanging")
def test_a_read_only_console_says_so(configure: Configure) -> None:
    configure(read_only=True)
    at = opened("stuck")
    assert len(jobs(at)) == 6
    assert labels(at) == []
    assert not selectable(at)
    assert "This console is read-only (OPS_READ_ONLY): nothing can be done from here." in words(at)


def test_the_door_refuses_a_viewer_whose_dialog_is_open(hanging: str) -> None:
    at = press(select(opened("stuck"), 0), "Acknowledge 1…")
    at.selectbox(key="person").select(VIEWER)
    run(at)
    assert len(dialogs(at)) == 1
    at = confirm(at, "Acknowledge 1 job", "on it")
    assert "Jon Weber is viewer and may not do this (bulk.start). Ask somebody who is operator." in words(at)
    with psycopg.connect(hanging) as connection:
        assert connection.execute("select count(*) from ops.acknowledgements").fetchone() == (0,)
        log = connection.execute("select actor, phase, result from ops.audit_log order by id").fetchall()
    assert log == [(VIEWER, "intent", None), (VIEWER, "outcome", "refused")]


def test_a_batch_id_in_the_address_shows_a_viewer_what_came_of_it(hanging: str) -> None:
    done = ended(confirm(press(select(opened("stuck"), 0, 1), "Acknowledge 2…"), "Acknowledge 2 jobs", "on it"))
    at = opened("stuck", person=VIEWER, batch=done.query_params["batch"])
    assert "Acknowledge · 2 jobs · 2 done" in words(at)
    assert [row["result"] for row in table(at, 0)] == ["done", "done"]
