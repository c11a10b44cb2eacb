"""The console's own tables, schema ops; they may be in another database than the jobs."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

SETTING: Final = "OPS_STORE_URL"

_METADATA = sa.MetaData(schema="ops")
_INSTANT = sa.DateTime(timezone=True)
_JSON = JSONB(none_as_null=True)
_NOW = sa.func.clock_timestamp()

AUDIT_LOG = sa.Table(
    "audit_log",
    _METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", _INSTANT, server_default=_NOW),
    *(sa.Column(name, sa.Text) for name in ("request_id", "phase", "actor", "role", "action")),
    *(sa.Column(name, sa.Text) for name in ("target_kind", "target_id", "reason", "batch_id")),
    *(sa.Column(name, _JSON) for name in ("parameters", "before", "after")),
    *(sa.Column(name, sa.Text) for name in ("result", "message")),
)
ACKNOWLEDGEMENTS = sa.Table(
    "acknowledgements",
    _METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", _INSTANT, server_default=_NOW),
    *(sa.Column(name, sa.Text) for name in ("job_id", "actor", "note")),
    sa.Column("snoozed_until", _INSTANT),
    sa.Column("request_id", sa.Text),
)
BULKS = sa.Table(
    "bulks",
    _METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created_at", _INSTANT, server_default=_NOW),
    *(sa.Column(name, sa.Text) for name in ("actor", "role", "action")),
    sa.Column("parameters", _JSON),
    *(sa.Column(name, sa.Text) for name in ("reason", "filter")),
    sa.Column("total", sa.Integer),
    sa.Column("estimate_usd", sa.Numeric),
    sa.Column("per_minute", sa.Integer),
    sa.Column("state", sa.Text),
    sa.Column("state_at", _INSTANT, server_default=_NOW),
    sa.Column("state_by", sa.Text),
    sa.Column("why", _JSON),
    sa.Column("holder", sa.Text),
    *(sa.Column(name, _INSTANT) for name in ("leased_until", "next_at", "ended_at")),
)
BULK_JOBS = sa.Table(
    "bulk_jobs",
    _METADATA,
    sa.Column("bulk_id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.Text),
    sa.Column("attempt", sa.Integer, server_default="0"),
    sa.Column("expected", _JSON),
    sa.Column("estimate_usd", sa.Numeric),
    *(sa.Column(name, sa.Text) for name in ("state", "message")),
    sa.Column("error", _JSON),
    *(sa.Column(name, _INSTANT) for name in ("began_at", "ended_at")),
)
SAVED_VIEWS = sa.Table(
    "saved_views",
    _METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("name", "name_key", "page", "query", "actor")),
    sa.Column("at", _INSTANT, server_default=_NOW),
    sa.Column("removed_at", _INSTANT),
    sa.Column("removed_by", sa.Text),
)
