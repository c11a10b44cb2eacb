"""Money by closed hour, and the weekly reports that were made and sent."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# share is that of books, for services without a ledger; calls are then none.
HOURLY_COSTS = """
create table ops.hourly_costs (
    hour       timestamptz not null,
    provider   text not null,
    kind       text not null,
    step       text not null,
    fate       text not null,
    error_code text not null,
    calls      int not null default 0,
    failed     int not null default 0,
    unpriced   int not null default 0,
    usd        numeric not null default 0,
    share      numeric not null default 0,
    primary key (hour, provider, kind, step, fate, error_code)
)
"""
# A closed week's numbers as they were when its report was made first: later reports of the week repeat them.
WEEKLY_REPORTS = """
create table ops.weekly_reports (
    week    text not null,
    zone    text not null,
    made_at timestamptz not null default clock_timestamp(),
    numbers jsonb not null,
    primary key (week, zone)
)
"""
# A claim is made before anything is sent: what has no sent_at may have arrived or not.
REPORT_DELIVERIES = """
create table ops.report_deliveries (
    week       text not null,
    zone       text not null,
    target     text not null,
    claimed_at timestamptz not null default clock_timestamp(),
    sent_at    timestamptz,
    primary key (week, zone, target)
)
"""
TABLES = (HOURLY_COSTS, WEEKLY_REPORTS, REPORT_DELIVERIES)
NAMES = ("report_deliveries", "weekly_reports", "hourly_costs")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    # Their money by provider is missing: they are read live until they are made anew.
    op.execute("update ops.rolled_hours set dirty = true where not dirty")


def downgrade() -> None:
    for table in NAMES:
        op.execute(f"drop table ops.{table}")
