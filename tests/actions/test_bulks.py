"""Bulk actions in the store: queued once, whole or not at all; verbs recorded, and only from states that fit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from threading import Barrier

import pytest
import sqlalchemy as sa

from actions import bulks
from actions.audit import Door
from actions.bulks import Order
from actions.errors import (
    ActionError,
    BulkNotFound,
    BulkStateChanged,
    NotRecorded,
    PermissionDenied,
    ReadOnly,
    ReasonMissing,
    TooManyJobs,
)
from actions.permissions import Actor, Role
from demo.postgres import free_port
from queries.bulk_models import Bulk, BulkState, ItemState, request_id
from queries.database import engine
from tests.actions.bulk_rows import change, found, items, many, started
from tests.actions.conftest import OPERATOR, VIEWER, Rows, job

OTHER = Actor("zoe@example.com", Role.OPERATOR)
LOG = "select actor, action, target_kind, target_id, phase, result, reason from ops.audit_log order by id"
Verb = Callable[[Door, Actor, str], Bulk]

_numbers = count()


def verb_id() -> str:
    return f"r-{next(_numbers)}"


VERBS: dict[str, Verb] = {
    "pause": lambda door, actor, bulk_id: bulks.pause(door, actor, bulk_id, request_id=verb_id()),
    "resume": lambda door, actor, bulk_id: bulks.resume(door, actor, bulk_id, request_id=verb_id()),
    "stop": lambda door, actor, bulk_id: bulks.stop(door, actor, bulk_id, request_id=verb_id()),
    "pace": lambda door, actor, bulk_id: bulks.pace(door, actor, bulk_id, 30, request_id=verb_id()),
}
# verb → the states from which it may be taken, and the state after it ("" for the same)
ALLOWED = {
    "pause": ({"running"}, "paused"),
    "resume": ({"paused"}, "running"),
    "stop": ({"running", "paused"}, "stopped"),
    "pace": ({"running", "paused"}, ""),
}


def test_an_order_is_kept_as_it_was_given(door: Door, store: sa.Engine, rows: Rows) -> None:
    jobs = [job("job_1", status="running", progress=45, error_code="IMAGE_TIMEOUT", retry_count=2), job("job_2")]
    estimates = {"job_1": Decimal("0.26"), "job_2": None}
    bulk = started(door, jobs, filter="status:failed", per_minute=30, estimates=estimates)
    assert timeless(bulk) == timeless(found(store))
    assert (bulk.actor, bulk.role, bulk.action) == (OPERATOR.name, "operator", "job.retry")
    assert (bulk.parameters, bulk.reason, bulk.filter) == ({"from": "failed_step"}, "it is back", "status:failed")
    assert (bulk.total, bulk.untouched, bulk.estimate_usd, bulk.per_minute) == (2, 2, Decimal("0.26"), 30)
    assert (bulk.state, bulk.state_by, bulk.why) == (BulkState.RUNNING, OPERATOR.name, None)
    assert (bulk.ended_at, bulk.held, bulk.last_minute) == (None, False, 0)
    first, second = items(store)
    assert (first.position, first.job_id, first.status, first.step) == (1, "job_1", "running", "generate_images")
    assert (first.estimate_usd, second.estimate_usd) == (Decimal("0.26"), None)
    assert (first.state, first.message, first.error, first.began_at) == (ItemState.WAITING, "", None, None)
    assert [(row["action"], row["target_id"], row["phase"], row["result"]) for row in rows(LOG)] == [
        ("bulk.start", "b-1", "intent", None),
        ("bulk.start", "b-1", "outcome", "done"),
    ]


def test_a_job_that_is_named_twice_is_queued_once(door: Door, store: sa.Engine) -> None:
    assert started(door, [job("job_1"), job("job_2"), job("job_1")]).total == 2
    assert [item.job_id for item in items(store)] == ["job_1", "job_2"]


def test_the_second_click_answers_what_the_first_one_queued(door: Door, rows: Rows) -> None:
    first = started(door, many(3))
    assert timeless(started(door, many(5), reason="again")) == timeless(first)
    assert len(rows(LOG)) == 2


def test_clicks_at_the_same_time_queue_once(door: Door, rows: Rows) -> None:
    gate = Barrier(4)

    def click(_: int) -> Bulk:
        gate.wait()
        return started(door, many(50))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))
    assert {(bulk.id, bulk.total, bulk.untouched) for bulk in answers} == {("b-1", 50, 50)}
    assert [row["n"] for row in rows("select count(*) as n from ops.bulk_jobs")] == [50]


def test_too_many_jobs_are_refused_as_a_whole(door: Door, rows: Rows) -> None:
    with pytest.raises(TooManyJobs, match="11 jobs are more than the 10"):
        bulks.start(door, OPERATOR, Order("job.retry", many(11), "back"), bulk_id="b-1", limit=10)
    assert rows("select * from ops.bulks") == rows(LOG) == []


@pytest.mark.parametrize(
    ("actor", "changes", "error"),
    [
        (VIEWER, {}, PermissionDenied),
        (OPERATOR, {"reason": " \u202e"}, ReasonMissing),
        (OPERATOR, {"action": "intake.close"}, PermissionDenied),
        (OPERATOR, {"action": "nonsense"}, PermissionDenied),
    ],
    ids=["viewer", "no reason", "what the actor may not do", "what nobody may do"],
)
def test_what_the_door_refuses_queues_nothing(
    door: Door, rows: Rows, actor: Actor, changes: dict[str, str], error: type[ActionError]
) -> None:
    order = replace(Order("job.retry", many(3), "back"), **changes)  # type: ignore[arg-type]
    with pytest.raises(error):
        bulks.start(door, actor, order, bulk_id="b-1", limit=10)
    assert rows("select * from ops.bulks") == []


def test_a_read_only_console_queues_nothing(door: Door, rows: Rows) -> None:
    with pytest.raises(ReadOnly):
        started(replace(door, read_only=True), many(3))
    assert rows("select * from ops.bulks") == []


def test_after_a_failure_the_same_click_may_be_repeated(door: Door, store: sa.Engine) -> None:
    away = engine(f"postgresql://127.0.0.1:{free_port()}/none", statement_timeout=timedelta(seconds=1))
    with pytest.raises(NotRecorded, match="Nothing was done"):
        started(Door(away), many(3))
    change(store, "alter table ops.bulk_jobs rename to away")
    with pytest.raises(NotRecorded):
        started(door, many(3))
    change(store, "alter table ops.away rename to bulk_jobs")
    assert started(door, many(3)).untouched == 3


@pytest.mark.parametrize("state", list(BulkState))
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_from_each_state(door: Door, store: sa.Engine, rows: Rows, verb: str, state: BulkState) -> None:
    started(door, many(3))
    set_state(store, state)
    allowed, expected = ALLOWED[verb]
    if state not in allowed:
        with pytest.raises(BulkStateChanged, match=f"This bulk action is {state} now: nothing was changed"):
            VERBS[verb](door, OTHER, "b-1")
        assert found(store).state == state
    else:
        bulk = VERBS[verb](door, OTHER, "b-1")
        assert bulk.state == (expected or state)
        assert bulk.state_by == (OTHER.name if expected else OPERATOR.name)
        assert bulk.per_minute == (30 if verb == "pace" else None)
        assert (bulk.ended_at is None) == (verb != "stop")
    last = rows(LOG)[-1]
    assert (last["actor"], last["action"], last["target_id"]) == (OTHER.name, f"bulk.{verb}", "b-1")
    assert last["result"] == ("done" if state in allowed else "skipped")


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_not_changes_nothing(door: Door, store: sa.Engine, verb: str) -> None:
    started(door, many(3))
    set_state(store, BulkState.PAUSED if verb == "resume" else BulkState.RUNNING)
    before = found(store)
    with pytest.raises(PermissionDenied):
        VERBS[verb](door, VIEWER, "b-1")
    assert timeless(found(store)) == timeless(before)


@pytest.mark.parametrize("verb", VERBS)
def test_there_is_none_of_that_id(door: Door, verb: str) -> None:
    with pytest.raises(BulkNotFound, match="no bulk action b-2"):
        VERBS[verb](door, OPERATOR, "b-2")


def test_a_stop_waits_for_what_is_under_way(door: Door, store: sa.Engine) -> None:
    started(door, many(3))
    change(store, "update ops.bulk_jobs set state = 'under_way' where position = 1")
    bulk = bulks.stop(door, OTHER, "b-1", request_id="r")
    assert (bulk.state, bulk.ended_at, bulk.going_on, bulk.untouched) == (BulkState.STOPPED, None, True, 2)


def test_two_who_decide_differently_at_the_same_time(door: Door, store: sa.Engine) -> None:
    """Stop wins whatever comes first: a stopped one is not paused, a paused one may be stopped."""
    started(door, many(3))
    gate = Barrier(2)

    def decided(verb: str) -> type[ActionError] | None:
        gate.wait()
        try:
            VERBS[verb](door, OTHER, "b-1")
        except BulkStateChanged as error:
            return type(error)
        return None

    with ThreadPoolExecutor(2) as pool:
        errors = dict(zip(("pause", "stop"), pool.map(decided, ("pause", "stop")), strict=True))
    assert errors["stop"] is None
    assert found(store).state is BulkState.STOPPED


def test_request_ids_follow_from_bulk_job_and_attempt() -> None:
    assert request_id("b-1", "job_1") == request_id("b-1", "job_1", 0)
    ids = {
        request_id(bulk, job, attempt) for bulk in ("b-1", "b-2") for job in ("j-1", "j-2") for attempt in (0, 1)
    }
    assert len(ids) == 8


def timeless(bulk: Bulk) -> Bulk:
    """To compare what was read at different times."""
    return replace(bulk, now=bulk.created_at)


def set_state(store: sa.Engine, state: BulkState) -> None:
    ended = "clock_timestamp()" if state in ("stopped", "finished") else "null"
    change(store, f"update ops.bulks set state = '{state}', ended_at = {ended}")  # noqa: S608
