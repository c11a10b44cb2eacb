"""Every revision of the schema ops is left and reached again, with rows in its tables; none is lost unasked."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest

from actions import migrations
from actions.errors import AuditLogLost, NoSuchRevision
from actions.migrations import BASE, bring, current, head, known
from queries.audit_chain import head as end
from queries.audit_chain import lines
from queries.audit_proof import proved
from queries.database import engine
from queries.errors import UnknownMigration

SHAPE = """
select 'column' as kind, table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
    || coalesce(column_default, '') || is_identity as name
from information_schema.columns where table_schema = 'ops' and table_name <> 'alembic_version'
union all select 'index', indexdef from pg_indexes where schemaname = 'ops' and tablename <> 'alembic_version'
union all select 'constraint', conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
from pg_constraint
where connamespace = to_regnamespace('ops') and conrelid <> coalesce(to_regclass('ops.alembic_version'), 0)
union all select 'trigger', tgrelid::regclass || ' ' || tgenabled::text || ' ' || pg_get_triggerdef(oid)
from pg_trigger where tgrelid in (select oid from pg_class where relnamespace = to_regnamespace('ops'))
    and not tgisinternal
union all select 'function', pg_get_functiondef(oid) || coalesce(proacl::text, '')
from pg_proc where pronamespace = to_regnamespace('ops')
order by 1, 2
"""
ACT = (
    "insert into ops.audit_log (request_id, phase, actor, role, action, target_kind, target_id, reason, result)"
    " select name || '-{0}', phase, 'olga', 'operator', 'job.retry', 'job', 'job_1', '두 번',"
    " case phase when 'outcome' then 'done' end"
    " from unnest('{{a,b}}'::text[]) name, unnest('{{intent,outcome}}'::text[]) phase"
)
# What is put into the tables of each revision, when it is reached.
ROWS = {
    "0001": (ACT.format(1), "insert into ops.acknowledgements (job_id, actor, note) values ('j', 'olga', 'mine')"),
    "0002": (
        "insert into ops.bulks (id, actor, role, action, reason, total, state, state_by)"
        " values ('b-1', 'olga', 'operator', 'job.retry', 'again', 1, 'running', 'olga')",
        "insert into ops.bulk_jobs (bulk_id, position, job_id, expected) values ('b-1', 1, 'job_1', '{}')",
        "insert into ops.saved_views (id, name, name_key, page, query, actor)"
        " values ('v-1', 'Mine', 'mine', 'jobs', 'status:failed', 'olga')",
        "insert into ops.acknowledgements (job_id, actor, note, request_id) values ('j', 'olga', 'mine', 'r')",
    ),
    "0003": (
        "insert into ops.hourly_usage (hour, digest, jobs) values ('2026-11-23 00:00+00', 'd', 1)",
        "insert into ops.rolled_hours (hour) values ('2026-11-23 00:00+00')",
        "insert into ops.rollup_state (fingerprint) values ('f')",
        "insert into ops.user_notes (digest, actor, note) values ('d', 'olga', 'a school')",
        "insert into ops.guardrail_proposals (id, actor, guardrail, before, value, reason)"
        " values ('p-1', 'olga', 'max_pending_jobs', 100, 120, 'a busy day')",
    ),
    "0004": (
        "insert into ops.hourly_costs (hour, provider, kind, step, fate, error_code)"
        " values ('2026-11-23 00:00+00', 'p', 'llm', 's', 'done', '')",
        "insert into ops.weekly_reports (week, zone, numbers) values ('2026-W47', 'UTC', '{}')",
        "insert into ops.report_deliveries (week, zone, target) values ('2026-W47', 'UTC', 't')",
    ),
    "0005": (ACT.format(5),),
}  # fmt: skip


def shape(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(SHAPE).fetchall()


def fill(url: str, revision: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in ROWS[revision]:
            connection.execute(statement.encode())


def acts(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select id, at, request_id, phase, reason from ops.audit_log order by id"
        ).fetchall()


def whole(url: str) -> int:
    store = engine(url, statement_timeout=timedelta(seconds=10), pool_size=1)
    with store.begin() as connection:
        found = proved(lines(connection), end(connection))
    store.dispose()
    assert found.broken is None
    return found.lines


def test_each_revision_is_reached_left_and_reached_again(empty_url: str) -> None:
    """By rows in all tables; at each revision the schema is what it was when it was first reached."""
    first: dict[str, list[tuple[str, str]]] = {BASE: []}
    for revision in known()[1:]:
        assert bring(empty_url, revision) == revision == current(empty_url)
        first[revision] = shape(empty_url)
        fill(empty_url, revision)
    assert all(one != other for one, other in pairwise(first.values()))
    kept = acts(empty_url)
    for revision in reversed(known()[1:-1]):
        bring(empty_url, revision)
        assert shape(empty_url) == first[revision]
        assert acts(empty_url) == kept
    for revision in known()[2:]:
        bring(empty_url, revision)
        assert shape(empty_url) == first[revision]
    assert (acts(empty_url), whole(empty_url)) == (kept, len(kept))
    assert len(kept) == 8
    bring(empty_url, BASE, losing_audit_log=True)
    assert (shape(empty_url), current(empty_url)) == ([], None)
    assert bring(empty_url, head()) == head()
    assert (shape(empty_url), whole(empty_url)) == (first[head()], 0)


def test_every_revision_has_rows_to_be_left_with() -> None:
    assert (BASE, *ROWS) == known()


def test_an_older_logs_lines_are_chained_as_they_were_numbered(empty_url: str) -> None:
    bring(empty_url, "0004")
    with psycopg.connect(empty_url) as connection:
        connection.execute("alter sequence ops.audit_log_id_seq increment 3")
        connection.execute(ACT.format("x").encode())
    assert bring(empty_url, "0005") == "0005"
    assert whole(empty_url) == 4
    with psycopg.connect(empty_url, autocommit=True) as connection:
        places = connection.execute("select position from ops.audit_log order by id").fetchall()
        assert places == [(1,), (2,), (3,), (4,)]
        with pytest.raises(psycopg.errors.RestrictViolation, match="can only be added to"):
            connection.execute("update ops.audit_log set reason = ''")
        connection.execute(ACT.format("y").encode())
    assert whole(empty_url) == 8


def test_the_audit_log_is_not_lost_unasked(store_url: str) -> None:
    fill(store_url, "0001")
    with pytest.raises(AuditLogLost, match="4 rows"):
        bring(store_url, BASE)
    assert current(store_url) == head()
    assert len(acts(store_url)) == 4


def test_an_empty_log_is_none_to_lose(store_url: str) -> None:
    assert bring(store_url, BASE) == BASE
    assert bring(store_url, BASE) == BASE
    assert current(store_url) is None


@pytest.mark.parametrize("revision", ["0099", "head", "-1", ""])
def test_a_revision_that_is_none(store_url: str, revision: str) -> None:
    with pytest.raises(NoSuchRevision, match="0001, 0002"):
        bring(store_url, revision)
    assert current(store_url) == head()


def test_a_store_that_a_newer_console_migrated(store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        connection.execute("update ops.alembic_version set version_num = '9999'")
    for call in (migrations.upgrade, lambda url: bring(url, "0001")):
        with pytest.raises(UnknownMigration, match="at revision 9999, and this console knows up to"):
            call(store_url)
    assert current(store_url) == "9999"
