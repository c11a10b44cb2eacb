"""Changing a limit: what it would have done, the act, who comes second, a second person, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.dashboard.conftest import Configure
from tests.pages.guardrail_screen import (
    ADMIN,
    DAILY,
    OPEN,
    REASON,
    acts,
    editor,
    jobs,
    limits,
    meanwhile,
    ordered,
    press_first,
    pressed,
    propose,
)
from tests.pages.screen import (
    dialogs,
    labels,
    opened,
    press,
    refreshed,
    run,
    table,
    words,
)
from tests.queries.conftest import run as run_sql
from tests.service_process import ServiceProcesses


def test_the_what_if_comes_before_the_change_and_the_change_is_made(service_now: ServiceProcesses) -> None:
    jobs(service_now, 18, 16, 15)
    at = editor()
    told = words(at)
    assert "In the last 30 days, 15 instead of 20 would have blocked 4 jobs of 2 users on 1 day" in told
    assert [(row["jobs"], row["days"]) for row in table(at, 0)] == [(3, 1), (1, 1)]
    at = pressed(at, "Set to 15")
    assert limits()[DAILY].value == 15
    assert "limit" not in at.query_params
    told = words(refreshed(at))
    assert f"Set to 15 by {ADMIN}" in told
    assert f"“{REASON}”" in told
    assert acts(service_now) == [
        ("guardrail.change", "intent", None, ADMIN, DAILY, REASON),
        ("guardrail.change", "outcome", "done", ADMIN, DAILY, REASON),
    ]
    assert [(row["old"], row["new"], row["who"]) for row in table(at)] == [("20", "15", ADMIN)]


def test_the_lowered_limit_is_in_force(service_now: ServiceProcesses) -> None:
    pressed(editor(value="0"), "Set to 0")
    assert ordered(service_now, "a").status_code == 429


@pytest.mark.usefixtures("service_now")
def test_another_number_is_another_proposal_and_in_the_address() -> None:
    at = opened("guardrails", person=ADMIN)
    at = press_first(at, "Change…")
    assert at.query_params["limit"] == DAILY
    at.number_input(key=f"guardrail-value-{DAILY}").set_value(40)
    at = run(at)
    assert at.query_params["value"] == "40"
    assert "40 instead of 20 would have let in none of the requests that it refused." in words(at)
    assert "Set to 40" in labels(at)


@pytest.mark.parametrize("reason", ["", " \u202e\n"])
@pytest.mark.usefixtures("service_now")
def test_without_a_reason_nothing_happens(reason: str) -> None:
    at = pressed(editor(), "Set to 15", reason)
    assert "Give a reason: it goes into the audit log. Nothing was done." in words(at)
    assert limits()[DAILY].value == 20
    assert at.query_params["value"] == "15"


@pytest.mark.usefixtures("service_now")
def test_a_value_for_a_while_tells_until_when_and_what_comes_then() -> None:
    at = editor(value="40")
    at.selectbox(key="guardrail-lasts").set_value("4")
    at = run(at)
    assert "then back to 20." in words(at)
    at = pressed(at, "Set to 40 (4 hours)")
    found = limits()[DAILY]
    assert (found.value, found.reverts_to) == (40, 20)
    assert found.expires_at is not None
    assert timedelta(hours=3, minutes=59) < found.expires_at - datetime.now(UTC) <= timedelta(hours=4)
    assert f"({ADMIN}: {REASON})" in words(refreshed(at))


@pytest.mark.parametrize("value", ["1001", "-1"])
@pytest.mark.usefixtures("service_now")
def test_out_of_bounds_is_explained_and_nothing_is_lost(value: str) -> None:
    at = editor(value=value)
    assert "is out of bounds: the service takes 0 to 1,000." in words(at)
    assert at.number_input(key=f"guardrail-value-{DAILY}").value == int(value)
    (button,) = [one for one in at.button if one.label.startswith("Set to")]
    assert button.disabled


@pytest.mark.usefixtures("service_now")
def test_who_comes_second_sees_the_difference_and_loses_nothing() -> None:
    at = editor()
    meanwhile(DAILY, 30, "night shift")
    at = pressed(at, "Set to 15")
    told = words(at)
    assert "The limits changed while you were at it." in told
    for cell in ("You saw]]  \n20", "It is now]]  \n30", "You want]]  \n15"):
        assert cell in told
    assert "Set to 30 by Mia Sand" in told
    assert "“night shift”" in told
    assert limits()[DAILY].value == 30
    assert at.text_area(key="guardrail-reason").value == REASON
    assert at.number_input(key=f"guardrail-value-{DAILY}").value == 15
    # What it would have done is computed against what holds now.
    assert "15 instead of 30" in told
    press(at, "Set 15 anyway")
    assert limits()[DAILY].value == 15


@pytest.mark.usefixtures("service_now")
def test_who_comes_second_may_keep_what_the_other_set() -> None:
    at = editor()
    meanwhile(DAILY, 30)
    at = press(pressed(at, "Set to 15"), "Keep theirs (30)")
    assert limits()[DAILY].value == 30
    assert "limit" not in at.query_params


@pytest.mark.usefixtures("service_now")
def test_another_limit_that_moved_is_told_too() -> None:
    at = editor()
    meanwhile(OPEN, 90)
    told = words(pressed(at, "Set to 15"))
    assert "You saw]]  \n100" in told
    assert "You want]]  \nas it is" in told
    assert limits()[DAILY].value == 20


@pytest.mark.usefixtures("service_now")
def test_what_was_before_is_put_back_by_one_click() -> None:
    meanwhile(DAILY, 15)
    at = opened("guardrails", person=ADMIN)
    at = press_first(at, "Put back 20")
    assert (at.query_params["limit"], at.query_params["value"]) == (DAILY, "20")
    assert at.text_area(key="guardrail-reason").value == "Put back to 20: "
    pressed(at, "Set to 20", "Put back to 20: the event is over")
    assert limits()[DAILY].value == 20


@pytest.mark.usefixtures("service_now")
def test_put_back_takes_the_place_of_what_is_typed() -> None:
    meanwhile(DAILY, 15)
    at = editor(value="33")
    at = press_first(at, "Put back 20")
    assert at.number_input(key=f"guardrail-value-{DAILY}").value == 20
    assert at.query_params["value"] == "20"
    assert "Set to 20" in labels(at)


@pytest.mark.usefixtures("service_now")
def test_what_is_typed_outlives_an_address_that_is_older() -> None:
    at = editor(value="33")
    at.number_input(key=f"guardrail-value-{DAILY}").set_value(34)
    at.query_params["value"] = "33"
    at = run(at)
    assert at.query_params["value"] == "34"
    assert "Set to 34" in labels(at)


def test_too_much_at_stake_needs_a_second_person(service_now: ServiceProcesses, configure: Configure) -> None:
    configure(guardrail_approval_usd="0.01")
    jobs(service_now, 18)
    run_sql(
        service_now.database_url,
        "insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome,"
        " units, cost_usd) select id, now(), id, 1, 'p', 'llm', 'm', 's', 'succeeded', 1, 0.5 from jobs",
    )
    at = editor()
    assert "at stake in 30 days (OPS_GUARDRAIL_APPROVAL_USD)." in words(at)
    at = refreshed(pressed(at, "Propose 15 to a second person"))
    assert limits()[DAILY].value == 20
    assert "1 change waits for a second admin." in words(at)
    assert "Your own proposal: another admin has to approve it." in words(at)
    assert "Approve…" not in labels(at)
    at = press(at, "Withdraw…")
    assert len(dialogs(at)) == 1
    at.text_area(key="proposal-reason").set_value("not needed")
    at = refreshed(press(at, "Do not change it"))
    assert "waits for a second admin" not in words(at)


@pytest.mark.usefixtures("service_now")
def test_another_admin_approves_and_the_limit_changes() -> None:
    propose()
    at = press(opened("guardrails", person=ADMIN), "Approve…")
    at.text_area(key="proposal-reason").set_value("agreed")
    at = refreshed(press(at, "Approve 15"))
    assert limits()[DAILY].value == 15
    assert "waits for a second admin" not in words(at)
