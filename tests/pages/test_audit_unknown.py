"""Acts without an outcome on the pages: lost ones with how to find out, young ones as under way."""

from __future__ import annotations

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import audit_table
from tests.pages.guardrail_screen import OPEN, meanwhile
from tests.pages.screen import opened, press, refreshed, run, table, words
from tests.pages.test_audit_log import Log
from tests.service_process import ServiceProcesses

LOST = "No outcome was recorded: select this line."


@pytest.fixture
def log(hanging: str) -> Log:
    return Log(hanging)


def story(at: AppTest) -> AppTest:
    """The first line's whole story."""
    at.session_state[audit_table.KEY] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    return run(at)


def test_the_overview_tells_of_lost_acts_and_leads_to_them(log: Log) -> None:
    log.add("r-1")
    log.add("r-young", None, age="10 seconds")
    log.add("r-old", None, age="2 days")
    assert "has no outcome" not in words(opened())
    log.add("r-lost", None, age="3 minutes")
    at = refreshed(opened())
    assert "1 act of the last 24 hours has no outcome." in words(at)
    press(at, "Show them")
    assert at.query_params["outcome"] == "unknown"


def test_what_is_under_way_is_not_lost(log: Log) -> None:
    log.add("r-young", None, age="10 seconds")
    at = opened("audit_log")
    assert "1 act by 1 person (Last 24 hours). 1 under way" in words(at)
    assert [(row["what"], row["message"]) for row in table(at)] == [("under way", "")]
    assert "it was done" not in words(story(at))


def test_a_lost_act_tells_how_to_find_out(log: Log) -> None:
    log.add("r-done", age="2 hours")
    log.add("r-lost", None)
    at = opened("audit_log")
    assert [(row["what"], row["message"]) for row in table(at)][:1] == [("unknown", LOST)]
    assert "a new attempt, retried by this person at that time, means that it was done." in words(story(at))
    with psycopg.connect(log.url) as connection:
        row = connection.execute("select position, left(hash, 12) from ops.audit_head").fetchone()
    assert row is not None
    assert f"chain head {row[0]}:{row[1]}" in words(at)
    assert {"Download all as CSV", "As JSON lines"} <= {one.label for one in at.download_button}


def test_whether_a_limit_was_changed_is_asked_of_the_service(service_now: ServiceProcesses) -> None:
    log = Log(service_now.database_url)
    meanwhile(OPEN, 90)
    with psycopg.connect(log.url) as connection:
        row = connection.execute("select request_id from guardrail_history order by 1 desc limit 1").fetchone()
    assert row is not None
    log.add(row[0], None, action="guardrail.change", target=OPEN)
    at = story(opened("audit_log", find=row[0]))
    assert "It was done: by the service's history the limit was set from 100 to 90 on" in words(at)
    log.add("lost-1", None, action="guardrail.change", target=OPEN)
    at = story(opened("audit_log", find="lost-1"))
    assert "does not have this request: it was not done." in words(at)
