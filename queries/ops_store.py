"""The console's own tables, schema ops; they may be in another database than the jobs."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

SETTING: Final = "OPS_STORE_URL"

_METADATA = sa.MetaData(schema="ops")
_INSTANT = sa.DateTime(timezone=True)

AUDIT_LOG = sa.Table(
    "audit_log",
    _METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", _INSTANT, server_default=sa.func.clock_timestamp()),
    *(sa.Column(name, sa.Text) for name in ("request_id", "phase", "actor", "role", "action")),
    *(sa.Column(name, sa.Text) for name in ("target_kind", "target_id", "reason", "batch_id")),
    *(sa.Column(name, JSONB(none_as_null=True)) for name in ("parameters", "before", "after")),
    *(sa.Column(name, sa.Text) for name in ("result", "message")),
)
ACKNOWLEDGEMENTS = sa.Table(
    "acknowledgements",
    _METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", _INSTANT, server_default=sa.func.clock_timestamp()),
    *(sa.Column(name, sa.Text) for name in ("job_id", "actor", "note")),
    sa.Column("snoozed_until", _INSTANT),
)
