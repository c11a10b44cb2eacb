"""What people noted on stuck jobs."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import distinct_on

from queries.audit_models import Acknowledgement
from queries.database_errors import translated
from queries.jobs import any_of
from queries.ops_store import ACKNOWLEDGEMENTS, SETTING


def current(connection: Connection, job_ids: Sequence[str]) -> dict[str, Acknowledgement]:
    """The newest note of each of these jobs, a snooze that is over included. Raises DatabaseError."""
    notes = ACKNOWLEDGEMENTS.c
    question = (
        sa.select(notes.job_id, notes.at, notes.actor, notes.note, notes.snoozed_until)
        .where(notes.job_id == any_of(job_ids))
        .ext(distinct_on(notes.job_id))
        .order_by(notes.job_id, notes.id.desc())
    )
    with translated(SETTING):
        return {row.job_id: Acknowledgement(*row) for row in connection.execute(question)}
