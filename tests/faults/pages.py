"""One cell for each page: what it shows while a source is in trouble, and after."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamlit.testing.v1 import AppTest

from dashboard import navigation
from dashboard.telemetry import query_seconds
from tests.faults.world import SECRETS, TROUBLES, UNTOLD, World
from tests.pages.screen import APP, numbers, words

PAGES = tuple(entry.name for entries in navigation.CONTENTS.values() for entry in entries)
_NO_NUMBER = re.compile(r"\b(nan|inf|infinity)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Seen:
    """What a page shows, and which sources it asked for it."""

    text: str
    titles: frozenset[str]
    numbers: dict[str, str]
    asked: frozenset[str]


def look(page: str) -> Seen:
    """Open the page as an admin; no page may ever raise."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.session_state["person"] = "Ada Mensah"
    if page == "audit_log":  # Streamlit's tests learn only from a run that its address is another than its file's
        at.run()
    before = _questions()
    if page != "overview":
        at.switch_page(f"../pages/{page}.py")
    at.run()
    assert not at.exception, [one.value for one in at.exception]
    after = _questions()
    asked = frozenset(source for source, number in after.items() if number > before.get(source, 0))
    return Seen(words(at), frozenset(one.value for one in at.title), numbers(at), asked)


def judged(name: str, page: str, seen: Seen, healthy: Seen, world: World) -> None:
    """What must hold of a page in this trouble. Raises AssertionError."""
    trouble = TROUBLES[name]
    for secret in (*SECRETS, world.stack.admin_key, *world.keys):
        assert secret not in seen.text
    assert not _NO_NUMBER.search(seen.text), _NO_NUMBER.findall(seen.text)
    assert seen.titles & healthy.titles
    if not trouble.told or trouble.source not in healthy.asked or (name, page) in UNTOLD:
        return
    assert any(told in seen.text for told in trouble.told), f"nothing tells of it:\n{seen.text}"
    if trouble.source == "database":
        assert "no job stuck" not in seen.text
        pretended = {label for label, value in seen.numbers.items() if value.startswith(("0", "$0"))}
        assert not pretended


def _questions() -> dict[str, float]:
    found: dict[str, float] = {}
    for metric in query_seconds.collect():
        for sample in metric.samples:
            if sample.name.endswith("_count"):
                source = sample.labels["source"]
                found[source] = found.get(source, 0) + sample.value
    return found
