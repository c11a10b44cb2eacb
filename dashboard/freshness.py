"""Where answers of before an outage may be shown: only where somebody tells the reader that they are stale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dashboard.fetch import Fetched

_Key = tuple[str, datetime]


class Noted:
    """The stale answers that one part of a page rests on, and which of them it tells of itself."""

    def __init__(self, around: Noted | None) -> None:
        self._around = around
        self._answers: dict[_Key, Fetched[Any]] = {}
        self._told: set[_Key] = set()

    def add(self, answer: Fetched[Any]) -> None:
        self._answers.setdefault(_key(answer), answer)

    def told(self, answer: Fetched[Any]) -> None:
        """The reader is told of it here, which does for the parts around this one."""
        self._told.add(_key(answer))
        if self._around is not None:
            self._around.told(answer)

    @property
    def all(self) -> tuple[Fetched[Any], ...]:
        """The oldest first."""
        return tuple(sorted(self._answers.values(), key=lambda answer: answer.at))

    @property
    def untold(self) -> tuple[Fetched[Any], ...]:
        """The oldest first."""
        return tuple(answer for answer in self.all if _key(answer) not in self._told)


_noted: ContextVar[Noted | None] = ContextVar("_noted", default=None)


@contextmanager
def shown() -> Iterator[Noted]:
    """Within this, fetch may answer with what a source said last; whoever opens it tells the reader."""
    noted = Noted(_noted.get())
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


@contextmanager
def live() -> Iterator[None]:
    """Within this, a source that does not answer is an error: for what is decided on, recorded or kept."""
    token = _noted.set(None)
    try:
        yield
    finally:
        _noted.reset(token)


def here() -> Noted | None:
    """What the part that is being shown has noted; None where only live answers will do."""
    return _noted.get()


def tell(answer: Fetched[Any]) -> None:
    """This answer's age is in the reader's view now."""
    noted = here()
    if noted is not None and answer.trouble is not None:
        noted.told(answer)


def _key(answer: Fetched[Any]) -> _Key:
    return answer.source, answer.at
