"""What can go wrong while a question is asked. The first docstring paragraph is the reader's message.

OpsError
├── NotConfigured
└── SourceError
    ├── DatabaseError
    │   ├── DatabaseUnavailable
    │   ├── DatabaseTimeout
    │   ├── DatabaseForbidden
    │   ├── MissingTable
    │   ├── MissingColumn
    │   ├── MissingMigration
    │   └── UnknownMigration
    └── PrometheusError
        ├── PrometheusUnavailable
        └── PrometheusRejected
"""

from __future__ import annotations

import inspect
from typing import Any


class OpsError(Exception):
    """Something went wrong."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.template().format(**fields))

    @classmethod
    def template(cls) -> str:
        """The message with its {fields} unfilled: the key that translations are found by."""
        paragraph = inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0]
        return " ".join(paragraph.split())


class NotConfigured(OpsError):
    """{what} is not configured: set {setting}."""


class SourceError(OpsError):
    """{source} cannot be read."""


class DatabaseError(SourceError):
    """The database answered with an error: {detail}"""


class DatabaseUnavailable(DatabaseError):
    """The database does not answer ({detail}). Check that it runs and that {setting} points to it."""


class DatabaseTimeout(DatabaseError):
    """The database took longer than {seconds} s for this question and was told to stop."""


class DatabaseForbidden(DatabaseError):
    """The database role may not read this ({detail}). Grant it SELECT."""


class MissingTable(DatabaseError):
    """The database has no table {table}. Check {setting}, and that OPS_DATABASE_URL is the service's database."""


class MissingColumn(DatabaseError):
    """The table {table} has no column {column}, which the console cannot do without."""


class MissingMigration(DatabaseError):
    """The console's own schema "ops" is missing or old. Run: ops-dashboard migrate"""


class UnknownMigration(DatabaseError):
    """The schema "ops" is at revision {found}, and this console knows up to {newest}: run a newer one.

    Or take the schema back with the newer one: ops-dashboard migrate --to {newest}.
    """


class PrometheusError(SourceError):
    """Prometheus cannot be read."""


class PrometheusUnavailable(PrometheusError):
    """Prometheus does not answer ({detail}). Check that it runs and that {setting} points to it."""


class PrometheusRejected(PrometheusError):
    """Prometheus refused the question ({status}): {detail}"""
