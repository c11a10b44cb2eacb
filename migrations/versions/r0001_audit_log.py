"""The audit log and the notes on stuck jobs: both can only be added to."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("audit_log", "acknowledgements")

AUDIT_LOG = """
create table ops.audit_log (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default clock_timestamp(),
    request_id  text not null,
    phase       text not null check (phase in ('intent', 'outcome')),
    actor       text not null,
    role        text not null,
    action      text not null,
    target_kind text not null,
    target_id   text not null,
    reason      text not null,
    batch_id    text,
    parameters  jsonb not null default '{}',
    before      jsonb,
    after       jsonb,
    result      text check (result in ('done', 'skipped', 'refused', 'failed')),
    message     text,
    unique (request_id, phase),
    check ((phase = 'outcome') = (result is not null))
)
"""

ACKNOWLEDGEMENTS = """
create table ops.acknowledgements (
    id            bigint generated always as identity primary key,
    at            timestamptz not null default clock_timestamp(),
    job_id        text not null,
    actor         text not null,
    note          text not null,
    snoozed_until timestamptz
)
"""

INDEXES = (
    "create index ix_audit_log_batch on ops.audit_log (batch_id) where batch_id is not null",
    "create index ix_audit_log_target on ops.audit_log (target_id, id)",
    "create index ix_audit_log_actor on ops.audit_log (actor, id)",
    "create index ix_audit_log_at on ops.audit_log (at)",
    "create index ix_acknowledgements_job on ops.acknowledgements (job_id, id desc)",
)

REFUSE = """
create function ops.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% can only be added to', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation';
end
$$
"""


def upgrade() -> None:
    for statement in (AUDIT_LOG, ACKNOWLEDGEMENTS, *INDEXES, REFUSE):
        op.execute(statement)
    for table in TABLES:
        op.execute(
            f"create trigger append_only before update or delete or truncate on ops.{table} "
            "for each statement execute function ops.refuse_change()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop table ops.{table}")
    op.execute("drop function ops.refuse_change()")
