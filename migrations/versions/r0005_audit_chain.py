"""Each line of the audit log is chained to the one before it by a hash, and a head says where the chain ends."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = ("position", "previous", "hash")

# at must be an instant that every reader can write down the same way.
CHAIN = """
alter table ops.audit_log
    add column position bigint unique check (position > 0),
    add column previous text,
    add column hash text,
    add constraint audit_log_at_check
        check (at >= timestamptz '1970-01-01 00:00+00' and at < timestamptz '9999-01-01 00:00+00')
"""
# One row. Its lock is the queue of those who write: ids are handed out in another order than rows are committed.
HEAD = """
create table ops.audit_head (
    single   boolean primary key default true check (single),
    position bigint not null,
    hash     text not null
)
"""
FIELD = """
create function ops.audit_field(value text) returns text language sql immutable as $$
    select case when value is null then '-' else length(value) || ':' || value end || ','
$$
"""
# What queries.audit_chain.canonical() makes of the same row.
HASH = """
create function ops.audit_hash(entry ops.audit_log) returns text language sql stable as $$
    select encode(sha256(convert_to(
        ops.audit_field(entry.position::text) || ops.audit_field(entry.previous) || ops.audit_field(entry.id::text)
        || ops.audit_field(to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || ops.audit_field(entry.request_id) || ops.audit_field(entry.phase) || ops.audit_field(entry.actor)
        || ops.audit_field(entry.role) || ops.audit_field(entry.action) || ops.audit_field(entry.target_kind)
        || ops.audit_field(entry.target_id) || ops.audit_field(entry.reason) || ops.audit_field(entry.batch_id)
        || ops.audit_field(entry.parameters::text) || ops.audit_field(entry.before::text)
        || ops.audit_field(entry.after::text) || ops.audit_field(entry.result) || ops.audit_field(entry.message),
    'UTF8')), 'hex')
$$
"""
# Rows of the same statement are in the log before the head follows them.
PLACE = """
create function ops.chain_audit() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
declare
    last record;
begin
    select position, hash into strict last from ops.audit_head for update;
    select log.position, log.hash into last from (
        select last.position, last.hash
        union all
        (select newer.position, newer.hash from ops.audit_log newer where newer.position > last.position
         order by newer.position desc limit 1)
    ) log order by log.position desc limit 1;
    new.position := last.position + 1;
    new.previous := last.hash;
    new.hash := ops.audit_hash(new);
    return new;
end
$$
"""
# Only after the row is in: one that a conflict keeps out must leave no gap.
FOLLOW = """
create function ops.move_audit_head() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
begin
    update ops.audit_head set position = new.position, hash = new.hash;
    return null;
end
$$
"""
# Nobody has seen the table without its trigger when this commits: it is locked until then.
FILL = """
do $$
declare
    entry ops.audit_log;
    last_position bigint := 0;
    last_hash text := repeat('0', 64);
begin
    for entry in select * from ops.audit_log order by id loop
        entry.position := last_position + 1;
        entry.previous := last_hash;
        entry.hash := ops.audit_hash(entry);
        update ops.audit_log set position = entry.position, previous = entry.previous, hash = entry.hash
            where id = entry.id;
        last_position := entry.position;
        last_hash := entry.hash;
    end loop;
    insert into ops.audit_head (position, hash) values (last_position, last_hash);
end
$$
"""
# Whoever may execute them could put them on a table of his own, and move the head from there.
FUNCTIONS = ("ops.chain_audit()", "ops.move_audit_head()")


def upgrade() -> None:
    for statement in (CHAIN, HEAD, FIELD, HASH, PLACE, FOLLOW):
        op.execute(statement)
    op.execute("alter table ops.audit_log disable trigger append_only")
    op.execute(FILL)
    op.execute("alter table ops.audit_log enable trigger append_only")
    for column in COLUMNS:
        op.execute(f"alter table ops.audit_log alter column {column} set not null")
    for function in FUNCTIONS:
        op.execute(f"revoke execute on function {function} from public")
    op.execute(
        "create trigger chain before insert on ops.audit_log for each row execute function ops.chain_audit()"
    )
    op.execute(
        "create trigger head after insert on ops.audit_log for each row execute function ops.move_audit_head()"
    )


def downgrade() -> None:
    for trigger in ("chain", "head"):
        op.execute(f"drop trigger {trigger} on ops.audit_log")
    for function in (*FUNCTIONS, "ops.audit_hash(ops.audit_log)", "ops.audit_field(text)"):
        op.execute(f"drop function {function}")
    op.execute("drop table ops.audit_head")
    op.execute("alter table ops.audit_log drop constraint audit_log_at_check")
    for column in COLUMNS:
        op.execute(f"alter table ops.audit_log drop column {column}")
