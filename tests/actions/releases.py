"""A runner for tests, and the service's answers while it works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Semaphore

from actions.audit import Door
from actions.client import ServiceClient
from actions.release import Runner
from tests.actions.odd_service import Answer, Handler, OddService, status

SECONDS = 60
POLL = timedelta(milliseconds=50)
RETRIED = status(202, {"status": "queued", "attempt": 2, "retry_count": 1})


@contextmanager
def running(door: Door, client: Callable[[], ServiceClient], **options: object) -> Iterator[Runner]:
    opened = Runner(door, client, poll=POLL, **options).start()  # type: ignore[arg-type]
    try:
        yield opened
    finally:
        opened.close()


def by_job(service: OddService) -> Counter[str]:
    """How often the service was asked for each job."""
    return Counter(seen.path.split("/")[4] for seen in service.seen)


def by_path(answers: dict[str, Answer], otherwise: Answer = RETRIED) -> Answer:
    """An answer a job; each handler is one request."""

    def answer(handler: Handler) -> None:
        answers.get(handler.path.split("/")[4], otherwise)(handler)

    return answer


class Gate:
    """An answer that is given only when somebody lets it through; counts what waits at it."""

    def __init__(self) -> None:
        self.arrived, self.let = Semaphore(0), Semaphore(0)

    def __call__(self, handler: Handler) -> None:
        self.arrived.release()
        self.let.acquire(timeout=SECONDS)
        RETRIED(handler)

    def wait_for(self, number: int) -> None:
        for _ in range(number):
            assert self.arrived.acquire(timeout=SECONDS)

    def open(self) -> None:
        self.let.release(10_000)
