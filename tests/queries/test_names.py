"""Aliases and steps."""

from __future__ import annotations

import re

import pytest

from queries import steps
from queries.aliases import Aliases


def test_an_alias_is_stable_short_and_keyed() -> None:
    first = Aliases("one key").alias("00000000-0000-4000-8000-000000000720")
    assert first == Aliases("one key").alias("00000000-0000-4000-8000-000000000720")
    assert first != Aliases("another key").alias("00000000-0000-4000-8000-000000000720")
    assert re.fullmatch(r"user-[0-9a-f]{8}", first)


def test_many_users_hardly_ever_share_an_alias() -> None:
    aliases = Aliases("k")
    assert len({aliases.alias(f"user {n}") for n in range(20_000)}) >= 19_998


def test_the_key_is_not_shown() -> None:
    assert "hunter2" not in repr(Aliases("hunter2"))


def test_an_empty_key_protects_nobody() -> None:
    with pytest.raises(ValueError, match="empty"):
        Aliases("")


@pytest.mark.parametrize("odd", ["", "\0", "\ud800", "사용자"])
def test_odd_keys_have_aliases_too(odd: str) -> None:
    assert Aliases("k").alias(odd).startswith("user-")


def test_steps_are_told_from_prose() -> None:
    assert all(steps.known(step) for step in steps.STEPS)
    assert not any(steps.known(step) for step in (None, "", "표지 그리는 중...", "DONE"))


def test_what_remains() -> None:
    assert steps.position("queued") == 0
    assert steps.position("완료") is None
    assert steps.remaining("package") == ("package", "done")
    assert steps.remaining(None) is None
