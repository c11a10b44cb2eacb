"""What a console does in the background once it serves: the roll-up and its check, unless it is read-only."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import psycopg

from dashboard import connections, duties
from dashboard.telemetry import REGISTRY
from queries.aliases import Aliases
from queries.database import engine
from tests.dashboard.conftest import Configure

SECONDS = 60


def done(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select name from ops.duties where done_at is not null").fetchall()
    return {name for (name,) in rows}


def test_it_rolls_up_and_checks(configure: Configure, migrated_url: str) -> None:
    configure(database_url=migrated_url)
    before = REGISTRY.get_sample_value("ops_rollup_hours_total") or 0
    connections.keep()
    connections.keep()
    pause = Event()
    assert any(
        done(migrated_url) == {duties.ROLLUP, duties.CHECK} or pause.wait(0.05) for _ in range(SECONDS * 20)
    )
    connections.close_keeper()
    with psycopg.connect(migrated_url) as connection:
        row = connection.execute("select sum(jobs), max(fingerprint) from ops.hourly_usage, ops.rollup_state")
        assert row.fetchone() == (58, Aliases(connections.settings().user_alias_key).fingerprint())
    assert (REGISTRY.get_sample_value("ops_rollup_hours_total") or 0) > before
    assert REGISTRY.get_sample_value("ops_duties_total", {"duty": duties.ROLLUP, "outcome": "done"})
    # From the start, so that no failure is the first that is seen of its counter.
    assert REGISTRY.get_sample_value("ops_duties_total", {"duty": duties.CHECK, "outcome": "failed"}) is not None
    assert REGISTRY.get_sample_value("ops_actions_total", {"action": "job.retry", "outcome": "failed"}) is not None


def test_a_read_only_console_keeps_nothing(configure: Configure, migrated_url: str) -> None:
    configure(database_url=migrated_url, read_only=True)
    connections.keep()
    connections.close_keeper()
    assert done(migrated_url) == set()


def test_limits_are_looked_after_where_there_is_a_service(configure: Configure, migrated_url: str) -> None:
    settings = configure(database_url=migrated_url, service_url="http://127.0.0.1:1", service_admin_key="k")
    source = engine(migrated_url, statement_timeout=timedelta(seconds=10))
    names = [duty.name for duty in duties.of(settings, source, source, connections.service())]
    assert names == [duties.ROLLUP, duties.CHECK, duties.GUARDRAILS]
    source.dispose()
