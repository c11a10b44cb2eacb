"""The Guardrails page: what binds, what is known of it, and by whom it may be changed."""

from __future__ import annotations

import pytest

from tests.actions.odd_service import OddService, status
from tests.dashboard.conftest import Configure
from tests.pages.guardrail_screen import (
    ADMIN,
    DAILY,
    OPEN,
    editor,
    jobs,
    limits,
    meanwhile,
    ordered,
    propose,
)
from tests.pages.screen import (
    OPERATOR,
    VIEWER,
    labels,
    markdown,
    opened,
    run,
    words,
)
from tests.service_process import ServiceProcesses

HOSTILE = "<script>alert(1)</script> ![x](http://127.0.0.1/x) **b** :red[g] `c` {i}"


@pytest.mark.usefixtures("service_now")
def test_every_limit_is_told_with_its_bounds_and_its_own_name() -> None:
    at = opened("guardrails", person=ADMIN)
    told = words(at)
    assert "No limit binds now" in told
    for name in limits():
        assert f"`{name}`" in told
    assert "default 20 · 0 to 1,000" in told
    assert "default $500 · $0 to $100,000" in told
    assert labels(at).count("Change…") == len(limits())
    assert "No limit was changed yet." in told


def test_a_limit_that_is_reached_is_the_verdict(service_now: ServiceProcesses) -> None:
    jobs(service_now, 20, 21, 3, days_ago=0)
    told = words(opened("guardrails", person=VIEWER))
    assert "Jobs a day per user: 2 users at the limit of 20" in told
    assert "No limit binds now" not in told
    assert "left out" not in told


def test_a_service_wide_limit_that_is_reached_refuses_everybody(service_now: ServiceProcesses) -> None:
    assert ordered(service_now, "a").status_code == 202
    meanwhile(OPEN, 1)
    told = words(opened("guardrails", person=VIEWER))
    assert "Open jobs: the limit of 1 is reached, new requests are refused." in told


def test_who_is_refused_at_once_is_warned_of(service_now: ServiceProcesses) -> None:
    jobs(service_now, 16, 3, days_ago=0)
    assert "1 user at or above 15 today: refused at once." in words(editor())


@pytest.mark.usefixtures("service_now")
def test_the_providers_quota_is_a_warning(configure: Configure) -> None:
    configure(daily_jobs_quota=30)
    assert "The providers' quotas allow 30 jobs a day (OPS_DAILY_JOBS_QUOTA)." in words(editor(value="40"))
    assert "quotas" not in words(editor(value="25"))


@pytest.mark.parametrize(("person", "role"), [(OPERATOR, "operator"), (VIEWER, "viewer")])
@pytest.mark.usefixtures("service_now")
def test_who_may_not_sees_what_it_would_do_and_why_there_is_no_button(person: str, role: str) -> None:
    at = editor(person=person)
    assert f"Only an admin may change a limit; you are signed in as {role}." in words(at)
    assert "15 instead of 20 would have blocked no job." in words(at)
    assert "What if…" in labels(at)
    assert not [label for label in labels(at) if label.startswith(("Set ", "Change", "Put back"))]


@pytest.mark.usefixtures("service_now")
def test_a_read_only_console_changes_nothing(configure: Configure) -> None:
    configure(read_only=True)
    at = editor()
    assert "This console is read-only (OPS_READ_ONLY): nothing can be done from here." in words(at)
    assert not [label for label in labels(at) if label.startswith("Set ")]


@pytest.mark.usefixtures("service_now")
def test_what_cannot_be_recorded_is_not_offered(configure: Configure) -> None:
    configure(store_url="postgresql://nobody@127.0.0.1:1/none")
    at = editor()
    assert "Nothing can be done from here, since it could not be recorded." in words(at)
    assert not [label for label in labels(at) if label.startswith("Set ")]


@pytest.mark.usefixtures("service_now")
def test_who_is_no_admin_sees_what_waits_without_buttons() -> None:
    propose()
    at = opened("guardrails", person=OPERATOR)
    assert "20 → 15, for good" in words(at)
    assert not {"Approve…", "Decline…", "Withdraw…"} & set(labels(at))


@pytest.mark.usefixtures("service_now")
def test_the_queue_page_leads_here_with_its_limit() -> None:
    at = opened("queue", limit="50")
    (link,) = [one.proto for one in at.get("page_link") if "change it" in one.proto.label]
    assert "limit=max_pending_jobs&value=50" in link.query_string


@pytest.mark.usefixtures("service_now")
def test_nonsense_in_the_address_is_named_and_left_out() -> None:
    told = words(opened("guardrails", limit="![x](y)"))
    assert "left out: limit=![x](y)." in told
    told = words(editor(value="1.5"))
    assert "left out: value=1.5." in told


@pytest.mark.usefixtures("hanging")
def test_a_service_without_a_control_api(configure: Configure) -> None:
    with OddService() as odd:
        configure(service_url=odd.url, service_admin_key="key")
        told = words(opened("guardrails", person=ADMIN))
    assert "Guardrails are not offered by this service." in told
    assert "No limit binds now" not in told


@pytest.mark.usefixtures("hanging")
def test_a_console_without_a_service() -> None:
    told = words(opened("guardrails", person=ADMIN))
    assert "Guardrails: not known." in told
    assert "set OPS_SERVICE_URL" in told


@pytest.mark.usefixtures("hanging")
def test_a_service_that_cannot_be_reached(configure: Configure) -> None:
    configure(service_url="http://127.0.0.1:1", service_admin_key="key", deadline_seconds=2)
    at = opened("guardrails", person=ADMIN, limit=DAILY, value="15")
    assert "Guardrails: not known." in words(at)
    assert "The service cannot be reached" in words(at)
    run(at)  # what is above learns it from what is below
    assert "The service's control API has not answered since" in words(at)
    assert "no connection" in words(at)
    assert "The service does not answer." in words(at)
    assert not [label for label in labels(at) if label.startswith(("Set ", "Change"))]


@pytest.mark.usefixtures("hanging")
def test_limits_that_nobody_knows_are_shown_as_plain_text(configure: Configure) -> None:
    limit = {"value": 3, "min": None, "max": None, "default": None, "description": HOSTILE}
    with OddService() as odd:
        odd.answer(status(200, {HOSTILE: limit, "books_on_fire": limit}, headers={"ETag": '"1"'}))
        configure(service_url=odd.url, service_admin_key="key")
        at = opened("guardrails", person=ADMIN)
        assert "Books on fire" in words(at)
        assert "The console does not know what this limit counts." in words(at)
        at = opened("guardrails", person=ADMIN, limit="books_on_fire", value="5")
        assert "cannot be replayed for this limit" in words(at)
        for mark in ("<script>", "![x](", "**b**"):
            interpreted = [
                text for text in markdown(at) if mark in text.replace(f"`{HOSTILE.replace('`', '')}`", "")
            ]
            assert interpreted == []
