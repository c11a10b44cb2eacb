"""What is suggested while a filter is written, and what comes of taking it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.job_filter import JobFilter
from queries.job_language import parse, suggestions
from queries.qualifiers import DESCRIPTIONS
from tests.queries import filters

SEOUL = ZoneInfo("Asia/Seoul")
OFFERED = {"error": ["IMAGE_TIMEOUT", "a b"]}


def test_nothing_withheld_is_suggested() -> None:
    hidden = frozenset({"cost"})
    assert [one.label for one in suggestions("co", None, OFFERED)] == ["cost:"]
    for text in ("", "co", "cots:", "status:failed "):
        found = suggestions(text, None, OFFERED, hidden)
        assert found
        assert "cost" not in " ".join(f"{one.label} {one.text}" for one in found)
    assert suggestions("cost:", None, OFFERED, hidden) == ()


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("status:f", ["status:failed"]),
        ("status:F", ["status:failed"]),
        ("status:failed,d", ["status:failed,done"]),
        ("error:im since:2h", []),
        ("error:im", ["error:IMAGE_TIMEOUT"]),
        ('error:"a', ['error:"a b"']),
        ("kind:ser", ["kind:series"]),
        ("step:pa", ["step:package"]),
        ("st", ["status:", "step:"]),
        ("staus:failed", ["status:failed"]),
        ("status:failed er", ["status:failed error:"]),
    ],
)
def test_suggestions_say_what_comes_of_them(text: str, taken: list[str]) -> None:
    found = [one.text for one in suggestions(text, None, OFFERED)]
    assert not set(taken) - set(found)
    assert found == taken or not taken


def test_suggestions_where_nothing_was_begun() -> None:
    names = [one.label for one in suggestions("", None, {})]
    assert {"status:", "error:", "since:", "user:", "cost:"} <= set(names)
    assert [one.text for one in suggestions("a ", None, {})] == [f"a {name}" for name in names]
    assert [one.text for one in suggestions("timed", None, {})] == [f"timed {name}" for name in names]
    values = {one.label for one in suggestions("status:queued,wrong", None, {})}
    assert values == {"running", "done", "failed", "cancelled"}


def test_suggestions_at_the_cursor() -> None:
    (found,) = suggestions("status:f since:2h", len("status:f"), {})
    assert (found.label, found.text, found.description) == ("failed", "status:failed since:2h", "")
    assert {one.description != "" for one in suggestions("s", 1, {})} == {True}
    assert suggestions("status:f", 99, {}) == suggestions("status:f", None, {})


@settings(deadline=None)
@given(filters.near | st.text(max_size=40), st.none() | st.integers(-3, 50))
def test_suggestions_of_any_text(text: str, cursor: int | None) -> None:
    assert all(one.label in one.text or '"' in one.text for one in suggestions(text, cursor, OFFERED))


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_known_value_can_be_taken(name: str) -> None:
    for one in suggestions(f"{name}:", None, OFFERED):
        assert parse(one.text, SEOUL) != JobFilter()
