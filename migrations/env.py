"""Alembic's environment: actions.migrations opens the connection and the transaction."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema="ops",
)
context.run_migrations()
