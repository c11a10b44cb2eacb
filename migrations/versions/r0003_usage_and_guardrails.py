"""Usage by closed hour, notes on users, guardrail changes that wait for a second person, and who keeps what."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# digest is Aliases.digest(): no user key is kept here. llm, images and speech are shares of books, for services
# without a ledger.
_TALLY = """
    jobs      int not null default 0,
    done      int not null default 0,
    failed    int not null default 0,
    refused   int not null default 0,
    cancelled int not null default 0,
    rejected  int not null default 0,
    usd       numeric not null default 0,
    unpriced  int not null default 0,
    llm       numeric not null default 0,
    images    numeric not null default 0,
    speech    numeric not null default 0
"""
HOURLY_USAGE = f"""
create table ops.hourly_usage (
    hour      timestamptz not null,
    digest    text not null,
    {_TALLY},
    primary key (hour, digest)
)
"""
HOURLY_KINDS = f"""
create table ops.hourly_kinds (
    hour      timestamptz not null,
    kind      text not null,
    {_TALLY},
    primary key (hour, kind)
)
"""
# An hour is here once its rows are; dirty: the source changed since, and is read until the hour is made anew.
ROLLED_HOURS = """
create table ops.rolled_hours (
    hour      timestamptz primary key,
    rolled_at timestamptz not null default clock_timestamp(),
    dirty     boolean not null default false
)
"""
FIRST_SEEN = """
create table ops.first_seen (
    digest text primary key,
    hour   timestamptz not null
)
"""
# One row. seen_until: changes of the source up to then are in the hours, or have marked them dirty.
ROLLUP_STATE = """
create table ops.rollup_state (
    single      boolean primary key default true check (single),
    fingerprint text not null,
    first_hour  timestamptz,
    seen_until  timestamptz,
    checked_at  timestamptz,
    differences int
)
"""
# What one console at a time does for all; done_at, done_by: when it was last done to the end, and by which one.
DUTIES = """
create table ops.duties (
    name         text primary key,
    holder       text,
    leased_until timestamptz,
    done_at      timestamptz,
    done_by      text,
    check ((holder is null) = (leased_until is null)),
    check ((done_at is null) = (done_by is null))
)
"""
USER_NOTES = """
create table ops.user_notes (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default clock_timestamp(),
    digest     text not null,
    actor      text not null,
    note       text not null,
    request_id text unique
)
"""
GUARDRAIL_PROPOSALS = """
create table ops.guardrail_proposals (
    id         text primary key,
    at         timestamptz not null default clock_timestamp(),
    actor      text not null,
    guardrail  text not null,
    before     numeric not null,
    value      numeric not null,
    lasts      interval,
    reason     text not null,
    stake_usd  numeric,
    state      text not null default 'waiting' check (state in ('waiting', 'approved', 'declined', 'withdrawn')),
    decided_at timestamptz,
    decided_by text,
    check ((state = 'waiting') = (decided_at is null)),
    check ((decided_at is null) = (decided_by is null))
)
"""

INDEXES = (
    "create index ix_hourly_usage_digest on ops.hourly_usage (digest, hour)",
    "create index ix_rolled_hours_dirty on ops.rolled_hours (hour) where dirty",
    "create index ix_first_seen_hour on ops.first_seen (hour)",
    "create index ix_user_notes_digest on ops.user_notes (digest, id desc)",
    "create index ix_guardrail_proposals_at on ops.guardrail_proposals (at desc)",
)
TABLES = (
    HOURLY_USAGE,
    HOURLY_KINDS,
    ROLLED_HOURS,
    FIRST_SEEN,
    ROLLUP_STATE,
    DUTIES,
    USER_NOTES,
    GUARDRAIL_PROPOSALS,
)
NAMES = (
    "guardrail_proposals",
    "user_notes",
    "duties",
    "rollup_state",
    "first_seen",
    "rolled_hours",
    "hourly_kinds",
    "hourly_usage",
)


def upgrade() -> None:
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    op.execute(
        "create trigger append_only before update or delete or truncate on ops.user_notes "
        "for each statement execute function ops.refuse_change()"
    )


def downgrade() -> None:
    for table in NAMES:
        op.execute(f"drop table ops.{table}")
