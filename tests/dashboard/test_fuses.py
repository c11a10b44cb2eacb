"""A source without an answer is waited for once in a pause; any other trouble concerns its own question alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboard.fuses import Fuse, Fuses
from queries.errors import DatabaseTimeout, DatabaseUnavailable, OpsError, PrometheusUnavailable

LONG, NONE = timedelta(hours=1), timedelta(0)


def answers(*given: OpsError | str) -> Iterator[OpsError | str]:
    return iter(given)


def ask(fuse: Fuse, source: Iterator[OpsError | str]) -> str:
    with fuse.guarded():
        answer = next(source)
        if isinstance(answer, OpsError):
            raise answer
        return answer


@pytest.mark.parametrize("unanswered", [DatabaseUnavailable, PrometheusUnavailable])
def test_it_is_asked_once_in_a_pause(unanswered: type[OpsError]) -> None:
    fuse = Fuse(LONG)
    source = answers(unanswered(detail="no answer within 5 s", setting="OPS_X"), "asked again")
    for _ in range(3):
        with pytest.raises(unanswered, match=r"no answer within 5 s.*OPS_X"):
            ask(fuse, source)
    assert next(source) == "asked again"


def test_it_is_asked_again_after_the_pause() -> None:
    fuse = Fuse(NONE)
    source = answers(DatabaseUnavailable(detail="gone", setting="OPS_X"), "back", "and stays")
    with pytest.raises(DatabaseUnavailable):
        ask(fuse, source)
    assert fuse.is_open
    assert [ask(fuse, source), ask(fuse, source)] == ["back", "and stays"]
    assert not fuse.is_open


def test_a_slow_question_stops_no_other() -> None:
    fuse = Fuse(LONG)
    source = answers(DatabaseTimeout(seconds="10"), "quick")
    with pytest.raises(DatabaseTimeout):
        ask(fuse, source)
    assert ask(fuse, source) == "quick"


def test_each_source_has_its_own() -> None:
    fuses = Fuses()
    assert fuses.of("a", LONG) is fuses.of("a", LONG)
    assert fuses.of("a", LONG) is not fuses.of("b", LONG)
