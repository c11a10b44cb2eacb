"""The database's clock: the only "now" that the console decides by."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.schema import ServiceSchema


def now(connection: Connection, schema: ServiceSchema) -> datetime:
    """The instant at which this statement started, with its zone."""
    at: datetime = connection.execute(sa.select(schema.now)).scalar_one()
    return at
