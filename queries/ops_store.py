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
    sa.Column("position", sa.BigInteger),
    *(sa.Column(name, sa.Text) for name in ("previous", "hash")),
)
AUDIT_HEAD = sa.Table(
    "audit_head",
    _METADATA,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("position", sa.BigInteger),
    sa.Column("hash", sa.Text),
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
_COUNTS = ("jobs", "done", "failed", "refused", "cancelled", "rejected", "unpriced")
_AMOUNTS = ("usd", "llm", "images", "speech")
HOURLY_USAGE = sa.Table(
    "hourly_usage",
    _METADATA,
    sa.Column("hour", _INSTANT, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Integer) for name in _COUNTS),
    *(sa.Column(name, sa.Numeric) for name in _AMOUNTS),
)
HOURLY_KINDS = sa.Table(
    "hourly_kinds",
    _METADATA,
    sa.Column("hour", _INSTANT, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Integer) for name in _COUNTS),
    *(sa.Column(name, sa.Numeric) for name in _AMOUNTS),
)
HOURLY_COSTS = sa.Table(
    "hourly_costs",
    _METADATA,
    sa.Column("hour", _INSTANT, primary_key=True),
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("provider", "kind", "step", "fate", "error_code")),
    *(sa.Column(name, sa.Integer) for name in ("calls", "failed", "unpriced")),
    *(sa.Column(name, sa.Numeric) for name in ("usd", "share")),
)
ROLLED_HOURS = sa.Table(
    "rolled_hours",
    _METADATA,
    sa.Column("hour", _INSTANT, primary_key=True),
    sa.Column("rolled_at", _INSTANT, server_default=_NOW),
    sa.Column("dirty", sa.Boolean),
)
FIRST_SEEN = sa.Table(
    "first_seen", _METADATA, sa.Column("digest", sa.Text, primary_key=True), sa.Column("hour", _INSTANT)
)
ROLLUP_STATE = sa.Table(
    "rollup_state",
    _METADATA,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("fingerprint", sa.Text),
    *(sa.Column(name, _INSTANT) for name in ("first_hour", "seen_until", "checked_at")),
    sa.Column("differences", sa.Integer),
)
DUTIES = sa.Table(
    "duties",
    _METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("holder", "done_by")),
    *(sa.Column(name, _INSTANT) for name in ("leased_until", "done_at")),
)
USER_NOTES = sa.Table(
    "user_notes",
    _METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", _INSTANT, server_default=_NOW),
    *(sa.Column(name, sa.Text) for name in ("digest", "actor", "note", "request_id")),
)
GUARDRAIL_PROPOSALS = sa.Table(
    "guardrail_proposals",
    _METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", _INSTANT, server_default=_NOW),
    *(sa.Column(name, sa.Text) for name in ("actor", "guardrail")),
    *(sa.Column(name, sa.Numeric) for name in ("before", "value")),
    sa.Column("lasts", sa.Interval),
    sa.Column("reason", sa.Text),
    sa.Column("stake_usd", sa.Numeric),
    sa.Column("state", sa.Text),
    sa.Column("decided_at", _INSTANT),
    sa.Column("decided_by", sa.Text),
)
WEEKLY_REPORTS = sa.Table(
    "weekly_reports",
    _METADATA,
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("week", "zone")),
    sa.Column("made_at", _INSTANT, server_default=_NOW),
    sa.Column("numbers", _JSON),
)
REPORT_DELIVERIES = sa.Table(
    "report_deliveries",
    _METADATA,
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("week", "zone", "target")),
    sa.Column("claimed_at", _INSTANT, server_default=_NOW),
    sa.Column("sent_at", _INSTANT),
)
