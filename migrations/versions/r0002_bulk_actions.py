"""Bulk actions with their jobs, and views that people saved; a note knows the request that left it."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BULKS = """
create table ops.bulks (
    id           text primary key,
    created_at   timestamptz not null default clock_timestamp(),
    actor        text not null,
    role         text not null,
    action       text not null,
    parameters   jsonb not null default '{}',
    reason       text not null,
    filter       text not null default '',
    total        int not null check (total >= 0),
    estimate_usd numeric,
    per_minute   int check (per_minute > 0),
    state        text not null check (state in ('running', 'paused', 'stopped', 'finished')),
    state_at     timestamptz not null default clock_timestamp(),
    state_by     text not null,
    why          jsonb,
    holder       text,
    leased_until timestamptz,
    next_at      timestamptz,
    ended_at     timestamptz,
    check ((holder is null) = (leased_until is null)),
    check (ended_at is null or state in ('stopped', 'finished'))
)
"""

BULK_JOBS = """
create table ops.bulk_jobs (
    bulk_id      text not null references ops.bulks,
    position     int not null,
    job_id       text not null,
    attempt      int not null default 0,
    expected     jsonb not null,
    estimate_usd numeric,
    state        text not null default 'waiting'
                 check (state in ('waiting', 'under_way', 'done', 'skipped', 'refused', 'failed')),
    message      text not null default '',
    error        jsonb,
    began_at     timestamptz,
    ended_at     timestamptz,
    primary key (bulk_id, position),
    unique (bulk_id, job_id)
)
"""

# name_key is the name as it is compared, folded by the console: the database's own lower() depends on its locale.
SAVED_VIEWS = """
create table ops.saved_views (
    id         text primary key,
    name       text not null check (length(name) between 1 and 60),
    name_key   text not null,
    page       text not null,
    query      text not null,
    actor      text not null,
    at         timestamptz not null default clock_timestamp(),
    removed_at timestamptz,
    removed_by text,
    check ((removed_at is null) = (removed_by is null))
)
"""

INDEXES = (
    "create index ix_bulks_created on ops.bulks (created_at, id)",
    "create index ix_bulks_open on ops.bulks (id) where ended_at is null",
    # Counts, lists and claims alike; a claim takes the first that waits.
    "create index ix_bulk_jobs_state on ops.bulk_jobs (bulk_id, state, position)",
    "create index ix_bulk_jobs_ended on ops.bulk_jobs (bulk_id, ended_at) where ended_at is not null",
    "create unique index ux_saved_views_name on ops.saved_views (name_key) where removed_at is null",
)


def upgrade() -> None:
    for statement in (BULKS, BULK_JOBS, SAVED_VIEWS, *INDEXES):
        op.execute(statement)
    # A note that is left again under the same request after a crash is the same note.
    op.execute("alter table ops.acknowledgements add column request_id text unique")


def downgrade() -> None:
    op.execute("alter table ops.acknowledgements drop column request_id")
    for table in ("saved_views", "bulk_jobs", "bulks"):
        op.execute(f"drop table ops.{table}")
