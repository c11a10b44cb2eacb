"""From the cost verdict to less spending: two clicks, what they save, what they do, what hinders them."""

from __future__ import annotations

import re
from decimal import Decimal

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from actions import intake
from actions.answers import Intake
from dashboard import connections
from tests.actions.odd_service import OddService
from tests.dashboard.conftest import Configure
from tests.pages.guardrail_screen import ADMIN, DAILY, SECOND, acts, limits, meanwhile, ordered
from tests.pages.screen import OPERATOR, dialogs, labels, press, refreshed, run, words
from tests.pages.usage_rows import KEYS, add_call, add_jobs
from tests.queries.conftest import run as run_sql
from tests.service_process import ServiceProcesses

SPEND = "daily_cost_limit_usd"
ACT, STOP = "Act on spending", "Stop intake"
SET_SPEND = "Set to $40 (until the end of the service's day)"


PAGE = """
import streamlit as st

from dashboard import auth
from dashboard.components import cost_emergency

actor = auth.enter("costs")
cost_emergency.show(actor)
if st.button("Act on spending", key="cost-emergency"):
    cost_emergency.offer()
"""

# Half a dollar for each job.
CALLS = """
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select id, now(), id, 1, user_key, 'picture-one', 'image', 'm', 'generate_images', 'succeeded', 1, 0.5 from jobs
"""


def screen(person: str = ADMIN) -> AppTest:
    at = AppTest.from_string(PAGE, default_timeout=60)
    at.session_state["person"] = person
    return run(at)


@pytest.fixture
def spending(service_now: ServiceProcesses) -> ServiceProcesses:
    """The running service, which has spent $40 today without a job."""
    run_sql(service_now.database_url, "update guardrails set value = 500 where name = 'daily_cost_limit_usd'")
    add_call(service_now.database_url, None, 40)
    return service_now


def test_two_clicks_stop_intake(spending: ServiceProcesses) -> None:
    for number in range(3):
        assert ordered(spending, f"user-{number}").status_code == 202
    at = press(screen(), ACT)
    (dialog,) = dialogs(at)
    assert dialog.proto.dialog.title == ACT
    told = words(at)
    assert "Savings go by what is being spent now (by the ledger, since Prometheus does not tell)." in told
    # $40 since the whole hour before this one began.
    (per_hour,) = re.findall(r"Saves about \$([\d.]+) an hour once the jobs that are here are done", told)
    assert 20 <= float(per_hour) <= 40
    assert "Jobs that are here go on: 3 waiting and 0 running. They will still cost about $" in told
    reason = at.text_area(key="cost-emergency-reason").value
    assert reason == f"$40.00 were spent today, of $500. ${per_hour} an hour now."
    assert ordered(spending, "user-4").status_code == 202  # nothing was done yet

    at = press(at, STOP)
    assert dialogs(at) == []
    refused = ordered(spending, "user-5")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "intake_closed")
    assert acts(spending) == [
        ("intake.close", "intent", None, ADMIN, "intake", reason),
        ("intake.close", "outcome", "done", ADMIN, "intake", reason),
    ]
    assert "Intake is closed: nobody gets a new book until somebody resumes it." in words(at)
    assert "Intake is closed already." in words(press(at, ACT))

    at = press(refreshed(screen_with(at)), "Resume intake…")
    at.text_area(key="intake-reason").set_value("fixed")
    at = press(at, "Resume intake")
    assert ordered(spending, "user-6").status_code == 202
    assert "Intake is closed" not in words(at)


def screen_with(at: AppTest) -> AppTest:
    """Without the dialog, as when somebody closes it."""
    del at.session_state["pending-cost-emergency"]
    return at


def test_two_clicks_lower_the_cost_limit_and_one_puts_it_back(spending: ServiceProcesses) -> None:
    at = press(screen(), ACT)
    assert at.number_input(key=f"cost-emergency-{SPEND}").value == 40
    told = words(at)
    assert re.search(r"Saves about \$[\d.]+ an hour for the .* left of today\.", told)
    assert "$40.00 were spent today, of $500." in told
    at.text_area(key="cost-emergency-reason").set_value("Tripled")
    at = press(at, SET_SPEND)
    assert limits()[SPEND].value == 40
    assert limits()[SPEND].expires_at is not None
    refused = ordered(spending, "user-0")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "service_budget_exceeded")
    assert acts(spending) == [
        ("guardrail.change", "intent", None, ADMIN, SPEND, "Tripled"),
        ("guardrail.change", "outcome", "done", ADMIN, SPEND, "Tripled"),
    ]
    assert "Spend a day is $40 now, instead of $500." in words(at)
    assert "It is reached already: no new job is taken" in words(press(at, ACT))

    at = press(screen_with(at), "Put back to $500")
    assert (limits()[SPEND].value, limits()[SPEND].expires_at) == (Decimal(500), None)
    assert acts(spending)[1][2:] == ("done", ADMIN, SPEND, "Put back what was set with this reason: Tripled")
    assert "instead of $500" not in words(at)


def test_a_limit_that_is_not_reached_yet_saves_later(spending: ServiceProcesses) -> None:
    at = press(screen(), ACT)
    at.number_input(key=f"cost-emergency-{SPEND}").set_value(41.5)
    told = words(run(at))
    assert "from when it is reached, in about" in told or "at the present pace it is not reached" in told
    at.number_input(key=f"cost-emergency-{SPEND}").set_value(600.0)
    at = run(at)
    assert "Type a lower value than the one that holds." in words(at)
    assert not [one for one in labels(at) if "$600" in one]


def test_the_limit_per_user_saves_what_is_made_above_it(spending: ServiceProcesses) -> None:
    url = spending.database_url
    for key, number in zip(KEYS, (12, 2, 2, 1), strict=False):
        add_jobs(url, key, number)
    run_sql(url, CALLS)
    at = press(screen(), ACT)
    assert at.number_input(key=f"cost-emergency-{DAILY}").value == 2
    told = words(at)
    assert "Today 10 jobs of 1 user went beyond it and cost $5.00." in told
    assert "3 users made as many today and get no more until the service's day ends." in told
    with psycopg.connect(url) as connection:
        (hours,) = connection.execute(
            "select extract(epoch from now() - date_trunc('day', now(), 'UTC')) / 3600"
        ).fetchall()[0]
    (per_hour,) = re.findall(r"Saves about \$([\d.,]+) an hour at today's rate", told)
    assert abs(Decimal(per_hour) - 5 / hours) < 1
    at.radio(key="cost-emergency-lasts").set_value("")
    at = press(run(at), "Set to 2")
    assert (limits()[DAILY].value, limits()[DAILY].expires_at) == (Decimal(2), None)
    assert "Jobs a day per user is 2 now, instead of 20." in words(at)


def test_what_somebody_else_changed_meanwhile_is_told_and_decided_anew(spending: ServiceProcesses) -> None:
    at = press(screen(), ACT)
    meanwhile(SPEND, 300)
    at = press(at, SET_SPEND)
    assert "Somebody or something changed the guardrails meanwhile" in words(at)
    assert limits()[SPEND].value == 300
    assert len(dialogs(at)) == 1
    assert "now $300" in words(at)
    before = Intake(True, "")
    intake.close(connections.door(), connections.service(), SECOND, reason="first", request_id="x", before=before)
    at = press(at, STOP)
    assert "Intake is closed already: somebody else stopped it meanwhile. Nothing was done." in words(at)
    press(at, SET_SPEND)
    assert limits()[SPEND].value == 40


@pytest.mark.usefixtures("spending")
def test_what_the_button_named_is_what_is_done() -> None:
    at = press(screen(), ACT)
    at.number_input(key=f"cost-emergency-{SPEND}").set_value(35.0)
    at = press(at, SET_SPEND)
    assert "What the button named is not what is typed now" in words(at)
    assert limits()[SPEND].value == 500
    at.text_area(key="cost-emergency-reason").set_value(" ")
    at = press(at, STOP)
    assert "Give a reason: it goes into the audit log. Nothing was done." in words(at)
    assert connections.service().intake().accepting


def test_a_second_admin_decides_where_much_is_at_stake(spending: ServiceProcesses, configure: Configure) -> None:
    configure(guardrail_approval_usd="0.01")
    run_sql(spending.database_url, "update cost_events set occurred_at = date_trunc('day', now(), 'UTC')")
    add_jobs(spending.database_url, KEYS[0], 3)
    run_sql(spending.database_url, CALLS)
    at = press(screen(), ACT)
    at.number_input(key=f"cost-emergency-{SPEND}").set_value(40.0)
    at = press(run(at), "Propose $40 to a second person")
    assert limits()[SPEND].value == 500
    assert "Spend a day: $40 is proposed. Nothing has changed until another admin approves it." in words(at)


@pytest.mark.usefixtures("spending")
def test_who_may_not_sees_what_an_admin_could_do() -> None:
    at = press(screen(OPERATOR), ACT)
    told = words(at)
    assert "Only an admin may do this; you are signed in as operator. Ask Ada Mensah." in told
    assert "Saves about" in told
    assert labels(at) == [ACT]


def test_a_service_without_a_control_api(hanging: str, configure: Configure) -> None:
    with OddService() as odd:
        configure(database_url=hanging, service_url=odd.url, service_admin_key="key")
        at = press(screen(), ACT)
    told = words(at)
    assert "Stopping and resuming intake is not offered by this service." in told
    assert "neither is what anything would save" in told
    assert labels(at) == [ACT]
