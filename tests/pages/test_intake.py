"""The emergency switch on the Queue page: who may, what it costs, what it does, what hinders it."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from actions import intake
from actions.answers import Intake
from actions.permissions import Actor, Role
from dashboard import connections
from tests.actions.odd_service import OddService, status
from tests.dashboard.conftest import Configure
from tests.pages.screen import (
    OPERATOR,
    VIEWER,
    dialogs,
    labels,
    markdown,
    numbers,
    opened,
    press,
    refreshed,
    run,
    words,
)
from tests.service_process import ServiceProcesses

ADMIN = "Ada Mensah"
STOP, RESUME = "Stop intake…", "Resume intake…"
REASON = "Spend has tripled"
HOSTILE = "<script>alert(1)</script> ![x](http://127.0.0.1/x) **b** :red[g] \u202eh {i}"


def ordered(service: ServiceProcesses, user: str = "key-of-a-user") -> httpx.Response:
    """A user asks for a book."""
    url, headers = f"{service.url}/v1/books", {"X-User-Key": user}
    return httpx.post(url, json={"title": "Fox"}, headers=headers, trust_env=False)


def switched(at: AppTest, label: str, reason: str = REASON) -> AppTest:
    at.text_area(key="intake-reason").set_value(reason)
    return press(at, label)


def acts(service: ServiceProcesses) -> list[tuple[Any, ...]]:
    """What the audit log holds of the newest act."""
    with psycopg.connect(service.database_url) as connection:
        return connection.execute(
            "select action, phase, result, actor, reason from ops.audit_log where request_id ="
            " (select request_id from ops.audit_log order by id desc limit 1) order by id"
        ).fetchall()


def test_stop_and_resume(running: ServiceProcesses) -> None:
    for number in range(9):
        assert ordered(running, f"user-{number}").status_code == 202
    at = press(opened("queue", person=ADMIN), STOP)
    (dialog,) = dialogs(at)
    assert dialog.proto.dialog.title == "Stop intake?"
    told = words(at)
    assert "New requests are refused with 503 intake_closed until somebody resumes intake." in told
    # Nine whole books of 12 images at $0.04 and 4 calls at $0.01.
    assert "Jobs that are here go on: 9 waiting and 0 running. They will still cost about $4.68." in told
    assert "At the present pace 36 requests an hour are turned away, which spares about $18.72 an hour." in told
    assert ordered(running).status_code == 202  # nothing was done yet

    at = switched(at, "Stop intake")
    assert dialogs(at) == []
    refused = ordered(running)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "intake_closed")
    assert "Intake is closed since" in words(at)
    assert f"{ADMIN}: “{REASON}”" in words(at)
    assert STOP not in labels(at)
    assert "Intake is closed since" in words(opened())
    assert acts(running) == [
        ("intake.close", "intent", None, ADMIN, REASON),
        ("intake.close", "outcome", "done", ADMIN, REASON),
    ]

    at = press(refreshed(at), RESUME)
    told = words(at)
    assert "New requests are taken again at once." in told
    assert "The queue holds 10 waiting and 0 running; 90 more fit below its limit of 100." in told
    at = switched(at, "Resume intake", "fixed")
    assert "Intake is closed" not in words(at)
    assert ordered(running, "another-user").status_code == 202


def test_money_that_nobody_knows_is_said_to_be_unknown(running: ServiceProcesses, configure: Configure) -> None:
    configure(price_per_image="", price_per_llm_call="")
    for number in range(9):
        ordered(running, f"user-{number}")
    told = words(press(opened("queue", person=ADMIN), STOP))
    assert "What they will still cost is not known." in told
    assert "At the present pace 36 requests an hour are turned away; what that spares is not known." in told


@pytest.mark.parametrize("reason", ["", " \u202e\n"])
def test_without_a_reason_nothing_happens(running: ServiceProcesses, reason: str) -> None:
    at = switched(press(opened("queue", person=ADMIN), STOP), "Stop intake", reason)
    assert "Give a reason: it goes into the audit log. Nothing was done." in words(at)
    assert len(dialogs(at)) == 1
    assert ordered(running).status_code == 202
    # The same dialog goes on once there is a reason.
    switched(at, "Stop intake")
    assert ordered(running).status_code == 503


def test_who_comes_second_is_told_that_it_is_done(running: ServiceProcesses) -> None:
    at = press(opened("queue", person=ADMIN), STOP)
    first = Actor("Mia Sand", Role.ADMIN)
    before = Intake(True, "")
    intake.close(connections.door(), connections.service(), first, reason="first", request_id="x", before=before)
    at = switched(at, "Stop intake", "second")
    assert "Intake is closed already: somebody else stopped it meanwhile. Nothing was done." in words(at)
    assert connections.service().intake().reason == "first"


@pytest.mark.parametrize(("person", "role"), [(OPERATOR, "operator"), (VIEWER, "viewer")])
@pytest.mark.usefixtures("running")
def test_who_may_not_sees_the_state_and_why_there_is_no_button(person: str, role: str) -> None:
    at = opened("queue", person=person)
    assert "Intake is open" in words(at)
    assert f"Only an admin may switch it; you are signed in as {role}." in words(at)
    assert STOP not in labels(at)


def test_the_door_refuses_whose_role_was_taken_meanwhile(running: ServiceProcesses) -> None:
    at = press(opened("queue", person=ADMIN), STOP)
    at.selectbox(key="person").select(OPERATOR)
    at = switched(run(at), "Stop intake")
    assert "may not do this (intake.close). Ask somebody who is admin." in words(at)
    assert ordered(running).status_code == 202
    assert acts(running)[1][:4] == ("intake.close", "outcome", "refused", OPERATOR)


@pytest.mark.usefixtures("running")
def test_a_read_only_console_has_no_button(configure: Configure) -> None:
    configure(read_only=True)
    at = opened("queue", person=ADMIN)
    assert "This console is read-only (OPS_READ_ONLY): nothing can be done from here." in words(at)
    assert STOP not in labels(at)


@pytest.mark.usefixtures("running")
def test_what_cannot_be_recorded_is_not_offered(configure: Configure) -> None:
    configure(store_url="postgresql://nobody@127.0.0.1:1/none")
    at = opened("queue", person=ADMIN)
    assert "Nothing can be done from here, since it could not be recorded." in words(at)
    assert STOP not in labels(at)


@pytest.mark.usefixtures("hanging")
def test_a_service_without_a_control_api(configure: Configure) -> None:
    with OddService() as odd:
        configure(service_url=odd.url, service_admin_key="key")
        told = words(opened("queue", person=ADMIN))
    assert "Stopping and resuming intake is not offered by this service." in told
    assert "4 jobs wait" in told


@pytest.mark.usefixtures("hanging")
def test_a_service_that_cannot_be_reached(configure: Configure) -> None:
    configure(service_url="http://127.0.0.1:1", service_admin_key="key", deadline_seconds=2)
    at = opened("queue", person=ADMIN)
    assert "The intake switch cannot be shown now." in words(at)
    assert numbers(at)["Workers alive"] == "?"
    assert STOP not in labels(at)


@pytest.mark.usefixtures("hanging")
def test_what_a_service_says_of_its_intake_is_not_interpreted(configure: Configure) -> None:
    closed = {
        "actions": ["intake"],
        "accepting": False,
        "reason": HOSTILE,
        "changed_by": HOSTILE,
        "services": {"workers": {"alive": 1, "list": [{"id": HOSTILE, "running": [HOSTILE]}]}},
    }
    with OddService() as odd:
        odd.answer(status(200, closed))
        configure(service_url=odd.url, service_admin_key="key")
        for page in ("queue", "overview"):
            at = opened(page, person=ADMIN)
            assert "<script>alert(1)</script>" in words(at)
            shown = "\n".join(markdown(at))
            for mark in ("<script>", "![x](", "**b**", ":red[g]", "\u202e"):
                assert mark not in shown
