"""What people wrote down about users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.database_errors import translated
from queries.jobs import any_of
from queries.ops_store import SETTING, USER_NOTES

# A user is noted a few times; this bounds what a page draws.
NOTES_LIMIT = 200


@dataclass(frozen=True, slots=True)
class UserNote:
    """One note, and who left it when."""

    at: datetime
    actor: str
    note: str


def newest(connection: Connection, digests: Sequence[str]) -> tuple[UserNote, ...]:
    """The notes on these users, newest first; the first NOTES_LIMIT. Raises MissingMigration, DatabaseError."""
    notes = USER_NOTES.c
    question = (
        sa.select(notes.at, notes.actor, notes.note)
        .where(notes.digest == any_of(digests))
        .order_by(notes.id.desc())
        .limit(NOTES_LIMIT)
    )
    with translated(SETTING):
        return tuple(UserNote(*row) for row in connection.execute(question))
