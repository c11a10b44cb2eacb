"""The console's own tables: read back as written, found by parts, paged, and missed in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection

from queries import acknowledgements, audit_chain, audit_log
from queries.audit_log import UNDER_WAY
from queries.audit_models import AuditFilter, Phase, Result
from queries.errors import DatabaseError, MissingMigration
from tests.queries.conftest import connect, run

_numbers = count()


def record(url: str, **values: Any) -> None:
    row = {
        "request_id": f"r{next(_numbers)}", "phase": "intent", "actor": "ann", "role": "operator",
        "action": "retry", "target_kind": "job", "target_id": "job_1", "reason": "because",
    } | values  # fmt: skip
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    with psycopg.connect(url) as connection:
        connection.execute(f"insert into ops.audit_log ({names}) values ({marks})".encode(), list(row.values()))  # noqa: S608


def search(url: str, limit: int = 100, before_id: int | None = None, **fields: Any) -> list[str]:
    with connect(url) as (connection, _):
        found = audit_log.search(connection, AuditFilter(**fields), before_id=before_id, limit=limit)
    return [entry.target_id for entry in found]


def test_an_entry_as_it_was_written(store_url: str) -> None:
    record(store_url, request_id="r-1", phase="intent", parameters='{"from":"start","n":1.10,"말":["a"]}')
    record(
        store_url, request_id="r-1", phase="outcome", result="skipped", message="no longer failed", batch_id="b-1",
        before='{"status": "failed"}', after="null",
    )  # fmt: skip
    with connect(store_url) as (connection, _):
        outcome, intent = audit_log.search(connection, AuditFilter(), before_id=None, limit=10)
    assert (intent.phase, intent.result, intent.message, intent.before) == (Phase.INTENT, None, None, None)
    assert intent.parameters == '{"n": 1.10, "말": ["a"], "from": "start"}'
    assert (outcome.phase, outcome.result, outcome.batch_id) == (Phase.OUTCOME, Result.SKIPPED, "b-1")
    assert (outcome.before, outcome.after, outcome.request_id) == ('{"status": "failed"}', "null", "r-1")
    assert abs(outcome.at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["c%", "b_b", "a"]),
        ({"target_id": "%"}, ["c%"]),
        ({"target_id": "_"}, ["b_b"]),
        ({"target_id": "B_"}, ["b_b"]),
        ({"target_id": "\\"}, []),
        ({"actor": "AN"}, ["b_b", "a"]),
        ({"actor": "'; drop table ops.audit_log; --"}, []),
        ({"action": "cancel"}, ["c%"]),
        ({"action": "can"}, []),
        ({"result": "refused"}, ["b_b"]),
        ({"result": "nonsense"}, []),
        ({"request_id": "r-b"}, ["b_b"]),
        ({"batch_id": "b-1"}, ["c%", "a"]),
        ({"since": datetime(2000, 1, 1, tzinfo=UTC)}, ["c%", "b_b", "a"]),
        ({"until": datetime(2000, 1, 1, tzinfo=UTC)}, []),
        ({"actor": "ann", "batch_id": "b-1"}, ["a"]),
    ],
)
def test_filters(store_url: str, fields: dict[str, Any], expected: list[str]) -> None:
    record(store_url, target_id="a", actor="ann", batch_id="b-1")
    record(store_url, target_id="b_b", actor="Jan", phase="outcome", result="refused", request_id="r-b")
    record(store_url, target_id="c%", actor="bob", action="cancel", batch_id="b-1")
    assert search(store_url, **fields) == expected


def test_pages(store_url: str) -> None:
    for number in range(5):
        record(store_url, target_id=str(number))
    with connect(store_url) as (connection, _):
        first = audit_log.search(connection, AuditFilter(), before_id=None, limit=2)
        record(store_url, target_id="new")
        second = audit_log.search(connection, AuditFilter(), before_id=first[-1].id, limit=2)
    assert [entry.target_id for entry in (*first, *second)] == ["4", "3", "2", "1"]


def test_a_batch_and_the_choices(store_url: str) -> None:
    record(store_url, target_id="1", batch_id="b", actor="zoe")
    record(store_url, target_id="2", batch_id="b", action="cancel")
    record(store_url, target_id="3", batch_id="c")
    with connect(store_url) as (connection, _):
        of_batch = audit_log.acts(connection, AuditFilter(batch_id="b"), before_id=None, limit=10)
        assert [act.target_id for act in of_batch] == ["2", "1"]
        assert audit_log.actions(connection) == ("cancel", "retry")
        assert audit_log.actors(connection) == ("ann", "zoe")


def test_an_act_is_an_intent_with_its_outcome(store_url: str) -> None:
    record(store_url, request_id="r-1", target_id="a", before='{"status": "failed"}')
    record(
        store_url, request_id="r-1", target_id="a", phase="outcome", result="done", message="Retried.", after="{}"
    )
    record(store_url, request_id="r-2", target_id="b", actor="zoe", at=datetime.now(UTC) - 2 * UNDER_WAY)
    with connect(store_url) as (connection, _):
        lost, done = audit_log.acts(connection, AuditFilter(), before_id=None, limit=10)
        unknown = audit_log.acts(connection, AuditFilter(result="unknown"), before_id=None, limit=10)
        first_page = audit_log.acts(connection, AuditFilter(), before_id=lost.id, limit=10)
        counted = audit_log.summary(connection, AuditFilter())
    assert (done.request_id, done.result, done.message, done.after) == ("r-1", Result.DONE, "Retried.", "{}")
    assert done.before == '{"status": "failed"}'
    assert done.ended_at is not None
    assert done.ended_at >= done.at
    assert (lost.request_id, lost.result, lost.ended_at, lost.under_way) == ("r-2", None, None, False)
    assert unknown == (lost,)
    assert first_page == (done,)
    assert (counted.acts, counted.actors, counted.under_way, counted.unknown) == (2, 2, 0, 1)
    assert counted.by_result == {Result.DONE: 1, Result.SKIPPED: 0, Result.REFUSED: 0, Result.FAILED: 0}


def test_an_act_that_began_just_now_is_under_way_and_not_lost(store_url: str) -> None:
    record(store_url, request_id="r-1")
    with connect(store_url) as (connection, _):
        (act,) = audit_log.acts(connection, AuditFilter(), before_id=None, limit=10)
        assert audit_log.acts(connection, AuditFilter(result="unknown"), before_id=None, limit=10) == ()
        counted = audit_log.summary(connection, AuditFilter())
    assert (act.under_way, act.result) == (True, None)
    assert (counted.acts, counted.under_way, counted.unknown) == (1, 1, 0)


def test_lines_from_the_oldest_on(store_url: str) -> None:
    for number in range(5):
        record(store_url, target_id=str(number), actor="ann" if number % 2 else "zoe")
    with connect(store_url) as (connection, _):
        first = audit_log.after(connection, AuditFilter(), position=0, limit=2)
        second = audit_log.after(connection, AuditFilter(), position=first[-1].position, limit=9)
        of_ann = audit_log.after(connection, AuditFilter(actor="ann"), position=0, limit=9)
    assert [line.target_id for line in (*first, *second)] == ["0", "1", "2", "3", "4"]
    assert [line.target_id for line in of_ann] == ["1", "3"]


def test_the_newest_note_of_each_job(store_url: str) -> None:
    run(
        store_url,
        "insert into ops.acknowledgements (job_id, actor, note, snoozed_until) values"
        " ('a', 'ann', 'old', null), ('b', 'bob', 'other', null), ('a', 'zoe', 'new', '2026-11-23 05:00+09')",
    )
    with connect(store_url) as (connection, _):
        found = acknowledgements.current(connection, ["a", "c"])
        assert acknowledgements.current(connection, []) == {}
    assert set(found) == {"a"}
    assert (found["a"].actor, found["a"].note) == ("zoe", "new")
    assert found["a"].snoozed_until == datetime(2026, 11, 22, 20, tzinfo=UTC)


QUESTIONS: list[Callable[[Connection], object]] = [
    audit_log.actions,
    audit_log.actors,
    lambda connection: audit_log.acts(connection, AuditFilter(), before_id=None, limit=1),
    lambda connection: audit_log.summary(connection, AuditFilter()),
    lambda connection: audit_log.search(connection, AuditFilter(), before_id=None, limit=1),
    lambda connection: audit_log.after(connection, AuditFilter(), position=0, limit=1),
    audit_chain.head,
    lambda connection: list(audit_chain.lines(connection)),
    lambda connection: acknowledgements.current(connection, ["a"]),
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_migration_yet(newer_url: str, question: Callable[[Connection], object]) -> None:
    with connect(newer_url) as (connection, _), pytest.raises(MissingMigration, match="ops-dashboard migrate"):
        question(connection)


def test_an_old_migration(store_url: str) -> None:
    run(store_url, "alter table ops.audit_log drop batch_id")
    with connect(store_url) as (connection, _), pytest.raises(MissingMigration):
        audit_log.acts(connection, AuditFilter(), before_id=None, limit=1)


def test_odd_filters(store_url: str) -> None:
    with pytest.raises(DatabaseError, match="NUL"):
        search(store_url, actor="a\0b")
    assert search(store_url, target_id="x" * 100_000) == []
