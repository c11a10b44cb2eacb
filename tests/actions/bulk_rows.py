"""Bulk actions as tests start and watch them: past the runner, by what the store holds."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any, TypeVar

import sqlalchemy as sa

from actions import bulks
from actions.audit import Door
from actions.bulks import Order
from queries import bulks as questions
from queries.bulk_models import Bulk, BulkJob, ItemState
from queries.models import Job
from tests.actions.conftest import OPERATOR, job

T = TypeVar("T")
SECONDS = 60
LIMIT = 10_000


def many(count: int) -> list[Job]:
    return [job(f"job_{number}") for number in range(count)]


def started(door: Door, jobs: list[Job], bulk_id: str = "b-1", **changes: Any) -> Bulk:
    """A retry of these jobs, unless changes say otherwise."""
    fields: dict[str, Any] = {"action": "job.retry", "parameters": {"from": "failed_step"}, "reason": "it is back"}
    return bulks.start(door, OPERATOR, Order(jobs=jobs, **fields | changes), bulk_id=bulk_id, limit=LIMIT)


def found(store: sa.Engine, bulk_id: str = "b-1") -> Bulk:
    with store.connect() as connection:
        bulk = questions.get(connection, bulk_id)
    assert bulk is not None
    return bulk


def items(store: sa.Engine, bulk_id: str = "b-1", *states: ItemState) -> tuple[BulkJob, ...]:
    """Its jobs in these states; in all, where none is named."""
    with store.connect() as connection:
        return questions.items(connection, bulk_id, states or tuple(ItemState), after_position=0, limit=LIMIT)


def told(bulk: Bulk) -> dict[ItemState, int]:
    """How many jobs are in which state; states without any are left out."""
    return {state: number for state, number in bulk.counts.items() if number}


def until(condition: Callable[[], T | None], seconds: float = SECONDS) -> T:
    """What the condition answers once that is something; fails where it is nothing for so long."""
    pause = Event()
    for _ in range(int(seconds / 0.02)):
        if answer := condition():
            return answer
        pause.wait(0.02)
    raise AssertionError("it did not come to that")


def ended(store: sa.Engine, bulk_id: str = "b-1") -> Bulk:
    """The bulk action once it has ended."""
    return until(lambda: bulk if (bulk := found(store, bulk_id)).ended_at else None)


def at_rest(store: sa.Engine, bulk_id: str = "b-1") -> Bulk:
    """The bulk action once nothing of it goes on and nobody holds it."""
    return until(lambda: bulk if not (bulk := found(store, bulk_id)).going_on and not bulk.held else None)


def after(store: sa.Engine, number: int, bulk_id: str = "b-1", *, seconds: float = SECONDS) -> Bulk:
    """The bulk action once so many of its jobs have ended."""
    return until(lambda: bulk if (bulk := found(store, bulk_id)).ended >= number else None, seconds)


def change(store: sa.Engine, statement: str) -> None:
    """Behind the console's back."""
    with store.begin() as connection:
        connection.exec_driver_sql(statement)
