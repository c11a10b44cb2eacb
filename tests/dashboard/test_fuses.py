"""A source without an answer is waited for once in a pause; any other trouble concerns its own question alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import Context
from datetime import timedelta

import pytest

from dashboard.fuses import WATCH_LAPSES, Fuse, Fuses, probing
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


def test_a_watched_source_is_waited_for_by_the_watch_alone() -> None:
    now = 0.0
    fuse = Fuse(NONE, clock=lambda: now)
    gone = DatabaseUnavailable(detail="gone", setting="OPS_X")
    source = answers(gone, gone, "back", "asked by a page")
    for _ in range(2):
        with probing(), pytest.raises(DatabaseUnavailable):
            ask(fuse, source)
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable, match=r"gone.*OPS_X"):
                ask(fuse, source)
    with probing():
        assert ask(fuse, source) == "back"
    assert ask(fuse, source) == "asked by a page"


def test_while_the_watch_looks_pages_do_not_wait_with_it() -> None:
    fuse = Fuse(LONG)
    source = answers(DatabaseUnavailable(detail="gone", setting="OPS_X"), "asked by a page")
    with pytest.raises(DatabaseUnavailable):
        ask(fuse, source)
    with probing(), fuse.guarded():
        assert fuse.is_open
        with pytest.raises(DatabaseUnavailable):
            Context().run(ask, fuse, source)
    assert ask(fuse, source) == "asked by a page"


def test_a_watch_that_went_silent_is_none() -> None:
    now = 0.0
    fuse = Fuse(NONE, clock=lambda: now)
    source = answers(DatabaseUnavailable(detail="gone", setting="OPS_X"), "asked by a page")
    with probing(), pytest.raises(DatabaseUnavailable):
        ask(fuse, source)
    now += WATCH_LAPSES.total_seconds()
    assert ask(fuse, source) == "asked by a page"


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
