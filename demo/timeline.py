"""The past as the service's job_events: the timeline of each job."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.calls import images
from demo.columns import chosen, instants
from demo.endings import BY_CODE, CANCELLED, ENDINGS, FINISHED, LOST
from demo.names import Names
from demo.past import Past
from demo.prices import STEPS
from demo.rhythm import Floats, Integers
from service import steps
from service.providers import IMAGES_PER_BOOK

OPERATORS = ("Mina Park", "Ada Mensah")
REASONS = ("provider is back", "customer asked", "transient error", "retry after the outage")


def job_events(past: Past, shared: Names) -> pa.Table:
    """The timeline of every job, oldest event first."""
    made = past.attempts
    rows = np.arange(len(made))
    parts = [
        _asked(past, shared, rows[made.number == 1]),
        _again(past, shared, rows[made.number > 1]),
        _begun(past, shared, rows),
        _images(past, shared),
        _entered(past, shared),
        _ends(past, shared, rows[made.ending != LOST]),
    ]
    return pa.concat_tables(parts).sort_by("at")


def _asked(past: Past, shared: Names, rows: Integers) -> pa.Table:
    return _events(past, shared, rows, at=past.attempts.asked[rows], event="created", detail="{}", actor="user")


def _begun(past: Past, shared: Names, rows: Integers) -> pa.Table:
    detail = _of_step(past.attempts.first, "step")
    return _events(
        past, shared, rows, at=past.attempts.begun, event="started", detail=detail, actor=shared.workers
    )


def _entered(past: Past, shared: Names) -> pa.Table:
    """One event for each step that ran."""
    made, every = past.attempts, np.arange(FINISHED)
    rows, step = np.nonzero((every >= made.first[:, None]) & (every <= made.last[:, None]))
    return _events(
        past,
        shared,
        rows,
        at=made.starts[rows, step],
        event="step",
        detail=_of_step(step, "step", "progress"),
        actor=shared.workers.take(pa.array(rows)),
    )


def _images(past: Past, shared: Names) -> pa.Table:
    """One event for each image, which is kept as soon as it is paid for."""
    made = images(past.attempts)
    told = [
        json.dumps({"image": number, "of": IMAGES_PER_BOOK, "placeholder": placeholder})
        for placeholder in (False, True)
        for number in range(1, IMAGES_PER_BOOK + 1)
    ]
    return _events(
        past,
        shared,
        made.attempt,
        at=made.at,
        event="progress",
        detail=chosen(told, made.placeholder * IMAGES_PER_BOOK + made.number - 1),
        actor=shared.workers.take(pa.array(made.attempt)),
    )


def _events(
    past: Past,
    shared: Names,
    rows: Integers,
    *,
    at: Floats,
    event: str | pa.Array,
    detail: str | pa.Array,
    actor: str | pa.Array,
) -> pa.Table:
    """One event for each of these attempts."""

    def column(value: str | pa.Array) -> pa.Array:
        return pa.array([value] * len(rows), pa.string()) if isinstance(value, str) else value

    return pa.table(
        {
            "job_id": shared.job_ids.take(pa.array(past.attempts.job[rows])),
            "attempt": past.attempts.number[rows],
            "at": instants(at),
            "event": column(event),
            "detail": column(detail),
            "actor": column(actor),
        }
    )


def _of_step(step: Integers, *keys: str) -> pa.Array:
    """{"step": ..., "progress": ...} with the keys that are asked for."""
    full = [{"step": name, "progress": steps.PROGRESS[name]} for name in STEPS]
    return chosen([json.dumps({key: detail[key] for key in keys}) for detail in full], step)


def _again(past: Past, shared: Names, rows: Integers) -> pa.Table:
    """Why a job was tried again: by the monitor, or by an operator with a reason."""
    random = np.random.default_rng([past.course.seed, 8])
    by_monitor = past.attempts.by_monitor[rows]
    step = np.minimum(past.attempts.first[rows], FINISHED - 1)
    told = [json.dumps({"step": name}) for name in STEPS]
    told += [
        json.dumps({"from": "failed_step", "step": name, "reason": reason}) for name in STEPS for reason in REASONS
    ]
    reason = FINISHED + step * len(REASONS) + random.integers(0, len(REASONS), len(rows))
    operator = random.integers(0, len(OPERATORS), len(rows))
    return _events(
        past,
        shared,
        rows,
        at=past.attempts.asked[rows],
        event=chosen(["retried", "recovered"], by_monitor.astype(np.int64)),
        detail=chosen(told, np.where(by_monitor, step, reason)),
        actor=chosen([*OPERATORS, "monitor"], np.where(by_monitor, len(OPERATORS), operator)),
    )


def _ends(past: Past, shared: Names, rows: Integers) -> pa.Table:
    """How each attempt ended; the monitor tells of those that it gave up, an operator of those cancelled."""
    ending = past.attempts.ending[rows]
    details = [json.dumps({"error_code": item.code}) if item.status == "failed" else "{}" for item in ENDINGS]
    worker = shared.workers.take(pa.array(rows))
    by_operator = pc.if_else(pa.array(ending == CANCELLED), OPERATORS[0], worker)
    return _events(
        past,
        shared,
        rows,
        at=past.attempts.closed[rows],
        event=chosen([item.status for item in ENDINGS], ending),
        detail=chosen(details, ending),
        actor=pc.if_else(pa.array(ending == BY_CODE["SLA_BREACH"]), "monitor", by_operator),
    )
