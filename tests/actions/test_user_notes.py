"""Notes on users: kept for good, under the digest, with who and when; recorded under the alias."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from actions import user_notes
from actions.audit import Door
from actions.errors import (
    ActionError,
    AlreadyPerformed,
    NotRecorded,
    PermissionDenied,
    ReadOnly,
    ReasonMissing,
    ReasonTooLong,
)
from actions.reasons import REASON_LIMIT
from queries import user_notes as questions
from queries.aliases import Aliases, shown
from queries.errors import MissingMigration
from queries.user_notes import UserNote
from tests.actions.conftest import OPERATOR, VIEWER, Rows

ALIASES = Aliases("a key for tests")
KEY = "sk_live_0123456789abcdef"
DIGEST = ALIASES.digest(KEY)


def notes(store: sa.Engine, *digests: str) -> list[UserNote]:
    with store.connect() as connection:
        return list(questions.newest(connection, digests or (DIGEST,)))


def test_a_note_is_kept_under_the_digest_and_recorded_under_the_alias(
    door: Door, store: sa.Engine, rows: Rows
) -> None:
    user_notes.add(door, OPERATOR, DIGEST, "  a school:\nmay have 40 a day\u202e ", request_id="r-1")
    (note,) = notes(store)
    assert (note.actor, note.note) == (OPERATOR.name, "a school: may have 40 a day")
    intent, outcome = rows("select * from ops.audit_log order by id")
    assert (intent["action"], intent["target_kind"], intent["target_id"]) == ("user.note", "user", shown(DIGEST))
    assert (outcome["result"], outcome["reason"]) == ("done", "a school: may have 40 a day")
    kept = str(rows("select * from ops.audit_log") + rows("select * from ops.user_notes"))
    assert KEY not in kept


def test_the_newest_comes_first_and_each_user_has_their_own(door: Door, store: sa.Engine) -> None:
    other = ALIASES.digest("another")
    for number, digest in enumerate((DIGEST, other, DIGEST)):
        user_notes.add(door, OPERATOR, digest, f"note {number}", request_id=f"r-{number}")
    assert [note.note for note in notes(store)] == ["note 2", "note 0"]
    assert [note.note for note in notes(store, DIGEST, other)] == ["note 2", "note 1", "note 0"]
    assert notes(store, ALIASES.digest("nobody")) == []


@pytest.mark.parametrize(
    ("note", "error"),
    [("", ReasonMissing), (" \u202e\n", ReasonMissing), ("x" * (REASON_LIMIT + 1), ReasonTooLong)],
)
def test_a_note_that_does_not_fit(
    door: Door, store: sa.Engine, rows: Rows, note: str, error: type[ActionError]
) -> None:
    with pytest.raises(error):
        user_notes.add(door, OPERATOR, DIGEST, note, request_id="r-1")
    assert notes(store) == []
    assert rows("select * from ops.audit_log") == []


def test_a_note_of_full_length(door: Door, store: sa.Engine) -> None:
    user_notes.add(door, OPERATOR, DIGEST, "가" * REASON_LIMIT, request_id="r-1")
    assert len(notes(store)[0].note) == REASON_LIMIT


def test_a_repeated_request_writes_once(door: Door, store: sa.Engine) -> None:
    user_notes.add(door, OPERATOR, DIGEST, "once", request_id="r-1")
    with pytest.raises(AlreadyPerformed):
        user_notes.add(door, OPERATOR, DIGEST, "once", request_id="r-1")
    assert len(notes(store)) == 1


@pytest.mark.parametrize(("read_only", "error"), [(False, PermissionDenied), (True, ReadOnly)])
def test_what_the_door_refuses(door: Door, store: sa.Engine, read_only: bool, error: type[ActionError]) -> None:
    closed, actor = replace(door, read_only=read_only), OPERATOR if read_only else VIEWER
    with pytest.raises(error):
        user_notes.add(closed, actor, DIGEST, "a note", request_id="r-1")
    assert notes(store) == []


def test_without_a_store_nothing_is_noted() -> None:
    with pytest.raises(NotRecorded):
        user_notes.add(Door(None), OPERATOR, DIGEST, "a note", request_id="r-1")


def test_what_was_noted_stays(door: Door, store: sa.Engine) -> None:
    user_notes.add(door, OPERATOR, DIGEST, "for good", request_id="r-1")
    for change in ("update ops.user_notes set note = ''", "delete from ops.user_notes"):
        with pytest.raises(sa.exc.DBAPIError), store.begin() as connection:
            connection.execute(sa.text(change))
    assert [note.note for note in notes(store)] == ["for good"]


def test_a_store_that_was_not_migrated(empty_url: str) -> None:
    engine = sa.create_engine(empty_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection, pytest.raises(MissingMigration):
        questions.newest(connection, (DIGEST,))
    engine.dispose()
