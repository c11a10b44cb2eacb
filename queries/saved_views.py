"""Searches that people keep under a name for everybody."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.bulk_models import SavedView
from queries.database_errors import translated
from queries.ops_store import SAVED_VIEWS, SETTING

# More than a menu can show; a console with so many names needs fewer, not more.
VIEWS_LIMIT = 200


def all(connection: Connection) -> tuple[SavedView, ...]:
    """Those that nobody removed, by name; the first VIEWS_LIMIT. Raises MissingMigration, DatabaseError."""
    views = SAVED_VIEWS.c
    question = (
        sa.select(views.id, views.name, views.page, views.query, views.actor, views.at)
        .where(views.removed_at.is_(None))
        .order_by(views.name_key)
        .limit(VIEWS_LIMIT)
    )
    with translated(SETTING):
        return tuple(SavedView(*row) for row in connection.execute(question))
