"""Hostile rows, records, limits and alerts on every page: shown as text, never as markdown or HTML."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard import navigation
from tests.fuzz import hostile, shown
from tests.fuzz.hostile_rows import ALIASES, BULK, JOB, KEYS
from tests.pages.guardrail_screen import ADMIN
from tests.pages.screen import opened

PAGES = [entry.name for entries in navigation.CONTENTS.values() for entry in entries]
# What a page is asked for, so that it shows as much as it can.
ASKED: dict[str, list[dict[str, Any]]] = {
    "job": [{"job": JOB}],
    "user": [{"user": ALIASES.alias(KEYS[0])}],
    "bulks": [{}, {"batch": BULK}],
    "guardrails": [{}, {"limit": hostile.MARKDOWN[0][:80], "value": "5"}],
}
# Kinds of work that nobody knows are others; users are aliases.
TELLS_NOTHING = {"usage"}


@pytest.mark.usefixtures("surrounded")
@pytest.mark.parametrize("page", PAGES)
def test_hostile_texts(page: str) -> None:
    for asked in ASKED.get(page, [{}]):
        at = opened(page, person=ADMIN, **asked)
        shown.safe(at)
        assert page in TELLS_NOTHING or shown.holds(at, hostile.FOREIGN), "the rows lack something for this page"
