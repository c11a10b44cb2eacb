"""The door when the store is away, and what the store refuses to forget."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from structlog.testing import capture_logs

from actions.audit import Door, Effect, performed
from actions.errors import (
    ActionError,
    NotRecorded,
    OutcomeNotRecorded,
    ServiceUnavailable,
)
from demo.postgres import Postgres, free_port
from queries.audit_models import Result
from queries.database import engine
from tests.actions.acts import LOG, Act, intent
from tests.actions.conftest import OPERATOR, Rows


def test_no_store_no_act() -> None:
    act = Act()
    with pytest.raises(NotRecorded, match="OPS_STORE_URL"):
        performed(Door(None), OPERATOR, intent(), act)
    assert act.calls == 0


def test_store_down_no_act() -> None:
    act = Act()
    down = engine(f"postgresql://ops:hunter2@127.0.0.1:{free_port()}/ops", statement_timeout=timedelta(seconds=1))
    with pytest.raises(NotRecorded, match="Nothing was done") as caught:
        performed(Door(down), OPERATOR, intent(), act)
    assert "hunter2" not in str(caught.value)
    assert act.calls == 0


def test_without_the_migration_no_act(empty_url: str) -> None:
    act = Act()
    unmigrated = engine(empty_url, statement_timeout=timedelta(seconds=1))
    with pytest.raises(NotRecorded, match="ops-dashboard migrate"):
        performed(Door(unmigrated), OPERATOR, intent(), act)
    unmigrated.dispose()
    assert act.calls == 0


def test_without_the_right_to_write_no_act(store_url: str, postgres: Postgres) -> None:
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute("create role reader login")
        connection.execute("grant usage on schema ops to reader")
        connection.execute("grant select on ops.audit_log to reader")
    act = Act()
    reader = engine(store_url.replace("postgres@", "reader@"), statement_timeout=timedelta(seconds=1))
    with pytest.raises(NotRecorded, match="permission denied"):
        performed(Door(reader), OPERATOR, intent(), act)
    reader.dispose()
    assert act.calls == 0


@pytest.mark.parametrize("error", [None, ServiceUnavailable(detail="it answered 500")])
def test_an_outcome_that_cannot_be_recorded_is_told(
    door: Door, rows: Rows, store_url: str, error: ActionError | None
) -> None:
    def act() -> Effect:
        with psycopg.connect(store_url) as connection:
            connection.execute("alter table ops.audit_log rename to audit_log_away")
        return Act(error)()

    with capture_logs() as logs:
        outcome = performed(door, OPERATOR, intent(), act)
    assert outcome.result is (Result.DONE if error is None else Result.FAILED)
    assert outcome.message.startswith("Retried." if error is None else str(error))
    assert "could not be recorded" in outcome.message
    assert isinstance(outcome.error, OutcomeNotRecorded)
    told = [(entry["event"], entry["log_level"]) for entry in logs]
    assert told == [("audit", "info"), ("outcome not recorded", "error")]
    assert [row["phase"] for row in rows("select * from ops.audit_log_away")] == ["intent"]


def test_a_missing_outcome_is_recorded_later(door: Door, rows: Rows, store_url: str) -> None:
    """Without another intent: the act is asked for again under the same request id."""
    only_intents = "alter table ops.audit_log add constraint away check (phase = 'intent') not valid"
    with psycopg.connect(store_url) as connection:
        connection.execute(only_intents)
    with capture_logs():
        lost = performed(door, OPERATOR, intent(), Act())
    assert isinstance(lost.error, OutcomeNotRecorded)
    with psycopg.connect(store_url) as connection:
        connection.execute("alter table ops.audit_log drop constraint away")
    for act in (Act(), Act()):  # and once more, as by a console that wakes up late
        outcome = performed(replace(door, again=True), OPERATOR, intent(), act)
        assert (act.calls, outcome.result, outcome.error) == (1, Result.DONE, None)
    assert [(row["phase"], row["result"]) for row in rows(LOG)] == [("intent", None), ("outcome", "done")]


@pytest.mark.parametrize("table", ["audit_log", "acknowledgements"])
@pytest.mark.parametrize(
    "change",
    [
        "update ops.{} set actor = 'nobody'",
        "delete from ops.{}",
        "truncate ops.{}",
        "delete from ops.{} where false",
    ],
)
def test_what_is_recorded_stays(door: Door, store_url: str, rows: Rows, table: str, change: str) -> None:
    performed(door, OPERATOR, intent(), Act())
    with (
        psycopg.connect(store_url) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match=f"ops.{table} can only be added to"),
    ):
        connection.execute(change.format(table).encode())
    assert len(rows(LOG)) == 2
