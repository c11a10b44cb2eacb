"""Amounts of money for whoever may see them and for nobody else: every page, its dialogs, files and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import identity, navigation, settings
from dashboard.components.confirm import PENDING
from tests.access.money_rows import ALIASES, BULK, JOB, KEY, LIMIT, TYPED
from tests.access.shown_money import Files, Secrets, everything, gathered
from tests.dashboard.conftest import Configure
from tests.pages.guardrail_screen import ADMIN
from tests.pages.screen import OPERATOR, VIEWER, dialogs, labels, numbers, opened, press, run, table, words

OPEN_PAGES = [one.name for entries in navigation.CONTENTS.values() for one in entries if one.name != "costs"]
# What a page is asked for, so that it shows as much as it can.
ASKED: dict[str, list[dict[str, Any]]] = {
    "job": [{"job": JOB}],
    "jobs": [{}, {"q": "status:failed"}, {"q": f"cost:>{TYPED}"}],
    "stuck": [{}, {"sort": "spent"}],
    "user": [{"user": ALIASES.alias(KEY)}],
    "usage": [{}, {"span": "7d"}],
    "bulks": [{}, {"batch": BULK}],
    "guardrails": [{}, {"limit": "daily_job_limit_per_user", "value": "1"}, {"limit": LIMIT, "value": "1"}],
    "audit_log": [{"span": "all"}],
}
# Tables in which a row can be chosen, with what the page then says of it.
CHOSEN = {"job": "audit-acts", "audit_log": "audit-acts"}
BLIND = [(VIEWER, "operator"), (OPERATOR, "admin")]

pytestmark = pytest.mark.usefixtures("amid_money")


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    return gathered(monkeypatch)


@pytest.fixture
def secrets(money_url: str) -> Secrets:
    return Secrets(money_url)


def walked(page: str, person: str) -> Iterator[AppTest]:
    """The page as each of its addresses shows it, and with each line of its log chosen."""
    for asked in ASKED.get(page, [{}]):
        at = opened(page, person=person, **asked)
        yield at
        if page in CHOSEN:
            for row in range(len(at.dataframe[-1].value)):
                at.session_state[CHOSEN[page]] = {"selection": {"rows": [row], "columns": [], "cells": []}}
                yield run(at)


def leaks(page: str, person: str, secrets: Secrets, files: Files) -> list[str]:
    found: list[str] = []
    for at in walked(page, person):
        found += secrets.within(everything(at, files))
        files.clear()
    return found


@pytest.mark.parametrize("page", OPEN_PAGES)
@pytest.mark.parametrize("blind", BLIND, ids=lambda blind: blind[0])
def test_no_amount_reaches_whoever_may_see_none(
    page: str, blind: tuple[str, str], configure: Configure, secrets: Secrets, files: Files
) -> None:
    person, least = blind
    configure(money_for=least)
    asked = [f"cost:>{TYPED}"] if page == "jobs" else []  # what one typed oneself is shown as it was typed
    found = [leak for leak in leaks(page, person, secrets, files) if not any(own in leak for own in asked)]
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("page", [*OPEN_PAGES, "costs"])
@pytest.mark.parametrize("person", [VIEWER, ADMIN])
def test_whoever_may_see_amounts_does(
    page: str, person: str, configure: Configure, secrets: Secrets, files: Files
) -> None:
    """Without this the other test could not fail."""
    configure(money_for="viewer" if person == VIEWER else "admin")
    assert leaks(page, person, secrets, files)


def picked(*rows: int) -> AppTest:
    """The list of jobs, with these of its rows chosen."""
    at = opened("jobs", q="status:failed")
    at.session_state["jobs"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return run(at)


def test_dry_runs_tell_all_but_the_money(configure: Configure, secrets: Secrets, files: Files) -> None:
    configure(money_for="admin", bulk_typed_usd=1)
    at = press(picked(0, 1), "Retry 2…")
    assert len(dialogs(at)) == 1
    assert "2 of 2 jobs will be retried." in words(at)
    assert "usd" not in table(at)[0]
    assert not secrets.within(everything(at, files))
    at.radio(key="retry-start").set_value("start")
    assert not secrets.within(everything(run(at), files))
    assert at.text_input(key="confirm-number").label == "Type 2 to confirm", "the threshold still counts"


def test_so_does_a_cancel(configure: Configure, secrets: Secrets, files: Files) -> None:
    configure(money_for="admin")
    at = opened("stuck")
    at.session_state["stuck-jobs"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at = press(run(at), "Cancel 1…")
    assert "1 of 1 job will be cancelled for good." in words(at)
    assert not secrets.within(everything(at, files))


def test_the_same_dialogs_tell_it_to_whoever_may_see_it(
    configure: Configure, secrets: Secrets, files: Files
) -> None:
    configure(money_for="operator")
    at = press(picked(0, 1), "Retry 2…")
    assert "2 of 2 jobs will be retried for an estimated $" in words(at)
    assert secrets.within(everything(at, files))


def test_a_dialog_that_is_open_tells_the_next_person_no_amount(
    configure: Configure, secrets: Secrets, files: Files
) -> None:
    configure(money_for="operator")
    at = press(picked(0, 1), "Retry 2…")
    files.clear()
    at.selectbox(key="person").select(VIEWER)
    run(at)
    assert PENDING in at.session_state
    assert not secrets.within(everything(at, files))


@pytest.mark.parametrize("typed", [f"cost:>{TYPED}", "status:failed COST:>0.2,<1", "cost:", f"cost:{'•' * 3}"])
def test_nothing_is_searched_by_money(typed: str, configure: Configure) -> None:
    """Else any amount would be found by halving."""
    configure(money_for="operator")
    at = opened("jobs", person=VIEWER, q=typed)
    assert "Amounts of money are hidden from you" in words(at)
    shown, mark = at.code[0].value.split("\n")
    assert shown == typed
    start = typed.lower().index("cost")
    assert mark == " " * start + "^" * (len(typed) - start)
    assert [one.value.columns[0] for one in at.dataframe] == ["code"], "no list of jobs"
    assert "cost" not in " ".join(labels(at))
    assert "cost:>" not in at.text_input[0].placeholder


def test_a_job_keeps_its_calls_without_a_share_of_its_money(configure: Configure) -> None:
    configure(money_for="operator")
    told = words(opened("job", person=VIEWER, job=JOB))
    assert "Provider calls" in told
    assert "wasted" not in told.lower()
    assert "wasted" in words(opened("job", job=JOB))


def test_an_order_by_money_is_no_order(configure: Configure) -> None:
    configure(money_for="operator")
    at = opened("stuck", person=VIEWER, sort="spent")
    assert "left out: sort=spent" in words(at)
    assert "Most spent first" not in at.selectbox(key="sort").options
    assert "Most spent first" in opened("stuck").selectbox(key="sort").options


def test_a_saved_view_by_money_leads_to_the_refusal(configure: Configure) -> None:
    configure(money_for="operator")
    at = opened("jobs", person=VIEWER)
    (link,) = [one.proto for one in at.get("page_link") if one.proto.label == "Dear ones"]
    assert str(TYPED) not in f"{link.query_string} {link.help}"
    assert "cost" in link.query_string
    (link,) = [one.proto for one in opened("jobs").get("page_link")
               if one.proto.label == "Dear ones"]  # fmt: skip
    assert str(TYPED) in link.query_string


def test_what_another_limit_on_money_would_have_done_is_not_told(configure: Configure) -> None:
    """It says on how many days more was spent."""
    configure(money_for="operator")
    at = opened("guardrails", person=VIEWER, limit=LIMIT, value="100")
    assert "would have blocked" not in words(at)
    assert not at.number_input
    told = opened("guardrails", person=VIEWER, limit="daily_job_limit_per_user", value="1")
    assert "would have blocked 3 jobs of 1 user on 1 day." in words(told)


def test_the_costs_page_is_closed(configure: Configure) -> None:
    configure(money_for="admin")
    at = opened(person=OPERATOR)
    listed = [one.proto.page for one in at.sidebar.get("page_link")]
    assert "costs" not in listed
    assert "guardrails" in listed
    assert "Spend today" not in numbers(at)
    assert "Look at the costs" not in labels(at)
    assert "Open Costs" not in labels(opened("alerts", person=OPERATOR))
    assert opened("costs", person=ADMIN).title[0].value == "Costs"


def test_by_its_address_too(configure: Configure, secrets: Secrets, files: Files) -> None:
    configure(money_for="admin")
    at = opened("costs", person=ADMIN)
    files.clear()
    at.selectbox(key="person").select(OPERATOR)
    run(at)
    assert "Mina Park is operator and may not do this (page.costs). Ask somebody who is admin." in words(at)
    assert not secrets.within(everything(at, files))


@pytest.mark.parametrize(("least", "sees"), [("viewer", 3), ("operator", 2), ("admin", 1)])
def test_every_way_to_sign_in_knows_it(least: str, sees: int, configure: Configure) -> None:
    here = configure(money_for=least)
    people = [identity.of_headers(["ada"], [role], here) for role in ("viewer", "operator", "admin")]
    assert [person.sees_money for person in people] == [False] * (3 - sees) + [True] * sees
    assert settings.load().money_from.label == least
