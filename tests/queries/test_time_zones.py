"""Every number stays the same whatever time zone the database, the role or the jobs table lives in."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from queries import costs, jobs, queue, step_times, stuck, usage
from queries.aliases import Aliases
from queries.models import PriceList, StuckRules
from queries.price_history import PriceHistory
from tests.queries.conftest import connect, run, set_clock

ZONES = ("Asia/Seoul", "America/New_York")
PRICES = PriceList(Decimal("0.01"), Decimal("0.04"))
FRESH, HANGING = "2026-11-23 00:13:00", "2026-11-23 00:27:00"


def numbers(url: str) -> dict[str, Any]:
    """What every question answers, times as distances from the database's clock."""
    day, hour = timedelta(days=1), timedelta(hours=1)
    with connect(url) as (connection, schema):
        p95 = step_times.p95(step_times.usual(connection, schema))
        found = stuck.find(connection, schema, Aliases("k"), StuckRules(), p95)
        ids = [one.job.id for one in found.jobs]
        waiting = queue.open_jobs(connection, schema)
        buckets = jobs.outcomes_by_bucket(connection, schema, day, hour)
        return {
            "stuck": [(one.job.id, [hit.rule for hit in one.hits]) for one in found.jobs],
            "since": [[round((found.now - hit.since) / hour, 1) for hit in one.hits] for one in found.jobs],
            "open": (waiting.queued, waiting.running),
            "outcomes": [jobs.outcomes(connection, schema, window) for window in (hour, day)],
            "buckets": [(bucket.start, bucket.outcomes) for bucket in buckets],
            "p95": jobs.duration_p95(connection, schema, day),
            "codes": jobs.failures_by_code(connection, schema, day),
            "today": [costs.spent_today(connection, schema, PRICES, zone) for zone in (*ZONES, "UTC")],
            "hours": costs.spent_by_hour(connection, schema, PriceHistory.always(PRICES), 5),
            "owners": usage.jobs_today_by_owner(connection, schema, "Asia/Seoul", ids),
            "job": jobs.get_many(connection, schema, Aliases("k"), ids),
        }


def set_zone(url: str, level: str, zone: str) -> None:
    name = url.rsplit("/", 1)[1]
    target = f"database {name}" if level == "database" else f"role postgres in database {name}"
    run(url, f"alter {target} set timezone to '{zone}'")


def naive_count(url: str) -> int:
    """Running jobs without an update for 15 min, as a console that trusts its session's zone would count them."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from jobs where status = 'running' and updated_at < now() - interval '15 minutes'"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("clock", [FRESH, HANGING])
@pytest.mark.parametrize("level", ["database", "role"])
@pytest.mark.parametrize("zone", ZONES)
def test_same_numbers_in_every_zone(older_url: str, zone: str, level: str, clock: str) -> None:
    set_clock(older_url, clock)
    expected = numbers(older_url)
    set_zone(older_url, level, zone)
    assert numbers(older_url) == expected
    assert len(expected["stuck"]) == (6 if clock == HANGING else 0)


@pytest.mark.parametrize(("zone", "clock", "wrong", "right"), [(ZONES[0], FRESH, 2, 0), (ZONES[1], HANGING, 0, 2)])
def test_the_trap_is_real(older_url: str, zone: str, clock: str, wrong: int, right: int) -> None:
    set_clock(older_url, clock)
    assert naive_count(older_url) == right
    set_zone(older_url, "database", zone)
    assert naive_count(older_url) == wrong


@pytest.mark.parametrize("zone", ZONES)
def test_same_numbers_with_aware_columns(older_url: str, zone: str) -> None:
    set_clock(older_url, HANGING)
    expected = numbers(older_url)
    columns = ", ".join(
        f"alter {name} type timestamptz using {name} at time zone 'UTC'" for name in ("created_at", "updated_at")
    )
    run(older_url, f"alter table jobs {columns}")
    set_zone(older_url, "database", zone)
    assert numbers(older_url) == expected
    with connect(older_url) as (_, schema):
        assert not schema.naive
