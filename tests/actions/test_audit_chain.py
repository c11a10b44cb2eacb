"""The chain as the database makes it: by the same text as Python's, past what anybody sends, for all writers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as some
from psycopg.types.json import Jsonb
from structlog.testing import capture_logs

from actions.audit import Door, performed
from actions.permissions import Actor
from queries.audit_chain import START, head, lines
from queries.audit_models import AuditHead
from queries.audit_proof import Flaw, Proof, proved
from queries.database import engine
from tests.actions.acts import Act, intent
from tests.actions.conftest import OPERATOR, VIEWER, Rows

INSERT = """
insert into ops.audit_log ({}) values ({})
"""
ROW = {
    "phase": "intent", "actor": "olga@example.com", "role": "operator", "action": "job.retry",
    "target_kind": "job", "target_id": "job_1", "reason": "provider is back",
}  # fmt: skip
WRITERS, ROWS_EACH = 8, 12
_numbers = count(1)


@pytest.fixture(scope="module")
def log_url(new_database: Callable[[str], str], store_template: str) -> str:
    """One log for all tests that only add to it."""
    return new_database(store_template)


def add(connection: psycopg.Connection[Any], how: str = "", **values: Any) -> None:
    row = {"request_id": f"r-{next(_numbers)}", **ROW, **values}
    marks = ", ".join(["%s"] * len(row))
    connection.execute((INSERT.format(", ".join(row), marks) + how).encode(), list(row.values()))


def proof(url: str, noted: AuditHead | None = None) -> Proof:
    store = engine(url, statement_timeout=timedelta(seconds=10), pool_size=1)
    try:
        with store.begin() as connection:
            return proved(lines(connection), head(connection), noted)
    finally:
        store.dispose()


def whole(url: str) -> int:
    """How many lines the chain has, which is whole."""
    found = proof(url)
    assert found.broken is None
    assert found.head.position == found.lines
    return found.lines


def test_an_empty_log_is_a_whole_chain(store_url: str) -> None:
    assert proof(store_url) == Proof(0, START, None)


# PostgreSQL keeps no zero in a text and no half of a surrogate pair.
TEXTS = some.text(some.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
DOCUMENTS = some.recursive(
    some.none() | some.booleans() | some.integers(-(10**30), 10**30) | TEXTS
    | some.floats(allow_nan=False, allow_infinity=False),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
INSTANTS = some.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 30), timezones=some.just(UTC))  # noqa: DTZ001


@settings(max_examples=60)
@given(at=INSTANTS, texts=some.lists(TEXTS, min_size=7, max_size=7), document=DOCUMENTS, batch=TEXTS | some.none())
def test_python_computes_what_the_database_did(
    log_url: str, at: datetime, texts: list[str], document: Any, batch: str | None
) -> None:
    names = ("actor", "role", "action", "target_kind", "target_id", "reason", "message")
    told = dict(zip(names, texts, strict=True))
    with psycopg.connect(log_url) as connection:
        add(connection, at=at, batch_id=batch, parameters=Jsonb(document), before=Jsonb([document]), **told)
    assert whole(log_url) > 0


def test_what_is_sent_as_place_and_hash_is_overwritten(store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        add(connection)
        add(connection, position=77, previous="f" * 64, hash="f" * 64)
        add(connection, "on conflict do nothing", position=1)
    assert whole(store_url) == 3


def test_what_a_conflict_keeps_out_leaves_no_gap(store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        add(connection, request_id="once")
        add(connection, "on conflict do nothing", request_id="once")
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            add(connection, request_id="once")
        connection.execute(
            "insert into ops.audit_log"
            " (id, request_id, phase, actor, role, action, target_kind, target_id, reason) overriding system value"
            " values (1, 'other', 'intent', '', '', '', '', '', '') on conflict do nothing"
        )
        connection.execute(
            "insert into ops.audit_log (request_id, phase, actor, role, action, target_kind, target_id, reason)"
            " select name, 'intent', '', '', '', '', '', '' from unnest('{a,once,b,a,c}'::text[]) as name"
            " on conflict do nothing"
        )
    assert whole(store_url) == 4


@pytest.mark.parametrize("at", ["infinity", "-infinity", "10000-01-01", "0044-03-15 BC"])
def test_no_instant_that_python_cannot_write_down(log_url: str, at: str) -> None:
    with psycopg.connect(log_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        add(connection, at=at)


def test_writers_at_once_make_one_chain(store_url: str, rows: Rows) -> None:
    """Some take their time between two lines, and some take back what they wrote."""

    def write(writer: int) -> None:
        with psycopg.connect(store_url) as connection:
            for number in range(ROWS_EACH):
                add(connection, target_id=f"{writer}-{number}")
                if number % 3 == writer % 3:
                    connection.rollback()
                elif number % 2:
                    connection.commit()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    found = rows("select id, position from ops.audit_log order by position")
    assert whole(store_url) == len(found) > WRITERS
    assert found[-1]["id"] > len(found)  # ids have gaps, places have none


def test_each_line_is_in_the_structured_log_as_it_is_in_the_database(
    door: Door, rows: Rows, store_url: str
) -> None:
    with capture_logs() as logged:
        performed(door, OPERATOR, intent(batch_id="b-1", parameters={"from": "start"}), Act())
        refused(door, VIEWER)
    told = [{**line, "at": datetime.fromisoformat(line["at"])} for line in logged if line["event"] == "audit"]
    kept = rows("select * from ops.audit_log order by position")
    assert [{name: line[name] for name in row} for line, row in zip(told, filled(kept), strict=True)] == filled(
        kept
    )
    assert {line["log_level"] for line in told} == {"info"}
    assert whole(store_url) == len(kept) == 4


def refused(door: Door, actor: Actor) -> None:
    with pytest.raises(Exception, match="may not do this"):
        performed(door, actor, intent(request_id="r-refused"), Act())


def filled(kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if value is not None} for row in kept]


# What the owner of the tables does, and what the proof says of it: flaw, first and last position.
ATTACKS = {
    "update ops.audit_log set reason = 'mine' where position = 3": (Flaw.CHANGED, 3, 3),
    "update ops.audit_log set at = at + interval '1 us' where position = 2": (Flaw.CHANGED, 2, 2),
    """update ops.audit_log set parameters = '{"a": 1.0}' where position = 4""": (Flaw.CHANGED, 4, 4),
    "update ops.audit_log set message = null where position = 6": (Flaw.CHANGED, 6, 6),
    "update ops.audit_log set phase = 'thought' where position = 5": (Flaw.CHANGED, 5, 5),
    "update ops.audit_log set hash = 'f' where position = 5": (Flaw.CHANGED, 5, 5),
    "update ops.audit_log set reason = 'mine' where position = 3;"
    " update ops.audit_log log set hash = ops.audit_hash(log) where position = 3": (Flaw.REHASHED, 3, 3),
    "update ops.audit_log set position = -3 where position = 4": (Flaw.MISPLACED, 1, 1),
    "delete from ops.audit_log where position = 3": (Flaw.MISSING, 3, 3),
    "delete from ops.audit_log where position in (1, 2)": (Flaw.MISSING, 1, 2),
    "delete from ops.audit_log where position = 6": (Flaw.CUT, 6, 6),
    "truncate ops.audit_log": (Flaw.CUT, 1, 6),
    "update ops.audit_head set position = 9": (Flaw.CUT, 7, 9),
    "update ops.audit_head set position = 5": (Flaw.PAST_HEAD, 6, 6),
    "update ops.audit_head set hash = 'f'": (Flaw.OTHER_HEAD, 6, 6),
    "delete from ops.audit_head": (Flaw.NO_HEAD, 6, 6),
}
FREED = (
    "alter table ops.audit_log disable trigger all",
    "alter table ops.audit_log drop constraint audit_log_position_check",
    "alter table ops.audit_log drop constraint audit_log_phase_check",
    "alter table ops.audit_log drop constraint audit_log_check",
)
MADE_ANEW = """
alter table ops.audit_log disable trigger all;
update ops.audit_log set reason = 'mine' where position = 3;
do $$ declare entry ops.audit_log; last text := repeat('0', 64); begin
    for entry in select * from ops.audit_log order by position loop
        entry.previous := last;
        last := ops.audit_hash(entry);
        update ops.audit_log set previous = entry.previous, hash = last where id = entry.id;
    end loop;
    update ops.audit_head set hash = last;
end $$;
alter table ops.audit_log enable trigger all;
"""


@pytest.fixture
def acted(store_url: str) -> str:
    """Three acts in the log: six lines."""
    with psycopg.connect(store_url) as connection:
        for request in ("a", "b", "c"):
            add(connection, request_id=request)
            add(connection, request_id=request, phase="outcome", result="done", message="Retried.")
    return store_url


def test_what_the_owner_does_is_found(acted: str, store: sa.Engine) -> None:
    with store.connect() as connection:
        for attack, told in ATTACKS.items():
            with connection.begin() as taken_back:
                for statement in (*FREED, attack):
                    connection.exec_driver_sql(statement)
                found = proved(lines(connection), head(connection)).broken
                assert found is not None, attack
                assert (found.flaw, found.first, found.last) == told, attack
                taken_back.rollback()
    assert whole(acted) == 6


def test_a_chain_that_the_owner_makes_anew_is_known_by_what_was_noted(acted: str) -> None:
    noted = proof(acted).head
    with psycopg.connect(acted) as connection:
        connection.execute(MADE_ANEW)
    assert proof(acted).broken is None
    found = proof(acted, noted).broken
    assert found is not None
    assert (found.flaw, found.first) == (Flaw.NOTED, 6)


def test_nothing_is_recorded_after_a_head_that_is_gone(acted: str) -> None:
    with psycopg.connect(acted, autocommit=True) as connection:
        connection.execute("delete from ops.audit_head")
        with pytest.raises(psycopg.errors.NoDataFound):
            add(connection)


def test_after_a_cut_the_chain_goes_on_behind_the_gap(acted: str) -> None:
    """So that a line that is written afterwards does not hide it."""
    with psycopg.connect(acted) as connection:
        connection.execute("alter table ops.audit_log disable trigger append_only")
        connection.execute("delete from ops.audit_log where position > 4")
        connection.execute("alter table ops.audit_log enable trigger append_only")
        add(connection)
    found = proof(acted).broken
    assert found is not None
    assert (found.flaw, found.first, found.last) == (Flaw.MISSING, 5, 6)
