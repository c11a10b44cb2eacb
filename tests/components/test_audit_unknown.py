"""How to find out what came of an act: for each action a sentence of its own, and a page that tells."""

from __future__ import annotations

import pytest

from actions.observed import EXPIRED, OBSERVED
from actions.permissions import ACTIONS
from dashboard import links
from dashboard.components.audit_unknown import link, words
from dashboard.settings import ROOT
from queries.audit_models import AuditAct
from tests.components.unknown_acts import act

KINDS = {
    "job": "job",
    "bulk": "bulk",
    "view": "view",
    "intake": "service",
    "guardrail": "guardrail",
    "user": "user",
}
ANYTHING = act("later.console", "thing")


def of(action: str) -> AuditAct:
    return act(action, KINDS[action.partition(".")[0]])


@pytest.mark.parametrize("action", [*ACTIONS, EXPIRED, OBSERVED])
def test_every_action_has_its_own_way_to_find_out(action: str) -> None:
    assert words(of(action)) != words(ANYTHING)
    assert (ROOT / "pages" / f"{link(of(action)).page}.py").exists()


def test_the_page_is_that_of_the_target() -> None:
    assert link(of("job.retry")).parameters == {links.JOB: "t-1"}
    assert link(of("bulk.pause")).parameters == {links.BATCH: "t-1"}
    assert link(of("user.note")).parameters == {links.USER: "t-1"}
    of_bulk = act("job.retry", "job", batch_id="b-1")
    assert (link(of_bulk).page, link(of_bulk).parameters) == ("bulks", {links.BATCH: "b-1"})
    assert "asks again under the same request id" in words(of_bulk)


def test_what_a_later_console_did() -> None:
    assert (link(ANYTHING).page, words(ANYTHING)) == ("jobs", "Look at what it was done to.")
